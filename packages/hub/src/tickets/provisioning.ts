/** Requests of a connector before it opens its socket: `/info` and registration with its ticket, the signing keys, the clock. */

import { X509Certificate } from 'node:crypto';
import { type Registration, registration, type TicketInfo } from '@landbridge/protocol';
import { CodedError, type Log } from '@landbridge/runtime';
import { clientAddressOf, hashOfToken, readJsonBody } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import type { Audit } from '../audit/audit.ts';
import { realmOf } from '../connections/connections.ts';
import { HUB_SOCKET_PATH } from '../connectors/handshake.ts';
import { publicKeyOf } from '../connectors/operator-actions.ts';
import { signInEndpointOf } from '../frontchannel/endpoint.ts';
import type { SigningKeys } from '../keys/signing-keys.ts';
import type { RegisteredCertificate } from '../store/certificates.ts';
import type { Connection } from '../store/connections.ts';
import type { Store } from '../store/store.ts';
import { TICKET_PATH } from './tickets.ts';

/** A connector has one; one that makes a new certificate at each start would add more and more. */
const MAX_CERTIFICATES_PER_CONNECTION = 32;
const MAX_CERTIFICATES_PER_REGISTRATION = 4;
const MAX_REGISTRATION_BYTES = 64 * 1024;
/** The connector's token is RS256; shorter RSA keys are no longer safe (NIST SP 800-131A). */
const MIN_RSA_BITS = 2048;

export function provisioningRoutes(parts: { store: Store; keys: SigningKeys; audit: Audit; log: Log; publicUrl: () => string }): Hono {
  const { store, keys, audit, log, publicUrl } = parts;

  async function connectionOf(c: Context): Promise<Connection> {
    const connection = await store.connectionByTicket(hashOfToken(c.req.param('ticket') ?? ''));
    if (connection === undefined)
      throw new CodedError('TICKET_NOT_FOUND', 'The ticket is wrong or was renewed, or its connection was deleted');
    return connection;
  }

  /** Connectors register at every start; only new keys are recorded. */
  async function recordRegistration({ name }: Connection, certificate: RegisteredCertificate, remoteAddress: string | undefined) {
    const { thumbprint, hostName, agentVersion, state } = certificate;
    await audit.record({
      actor: `connector:${thumbprint}`,
      action: 'connector.register',
      connection: name,
      subject: thumbprint,
      remoteAddress,
      result: state === 'pending' ? 'approval_pending' : 'ok',
      detail: [hostName, agentVersion].filter((text) => text !== undefined).join(' '),
    });
  }

  /** For a certificate that was registered while an operator was revoking its key. */
  async function applySimultaneousRevocation(connection: Connection, registered: readonly RegisteredCertificate[]) {
    try {
      refuseRevokedKeys(await store.certificates(connection.id), registered);
    } catch (error) {
      for (const { thumbprint } of registered) await store.setCertificateState(connection.id, thumbprint, 'revoked');
      throw error;
    }
  }

  return new Hono()
    .get(`${TICKET_PATH}/:ticket/info`, async (c) => {
      const connection = await connectionOf(c);
      const certificates = await store.certificates(connection.id);
      return c.json({
        connectionName: connection.name,
        connectionDomain: new URL(publicUrl()).hostname,
        adHub: `${publicUrl()}${HUB_SOCKET_PATH}`,
        realm: { name: realmOf(connection), postTokenUrl: `${publicUrl()}/login/callback` },
        kerberos: connection.settings.kerberos,
        certAuth: connection.settings.certAuth,
        thumbprints: certificates.filter(({ state }) => state !== 'revoked').map(({ thumbprint }) => thumbprint),
      } satisfies TicketInfo);
    })
    .post(`${TICKET_PATH}/:ticket`, async (c) => {
      const connection = await connectionOf(c);
      const body = await readJsonBody(c, registration, MAX_REGISTRATION_BYTES);
      const readsJwks = body.capabilities?.useJWKS === true;
      const { kid, pem } = keys.pemForRegistration();
      const state = connection.settings.approveConnectors ? 'pending' : 'approved';
      const registered = certificatesOf(body).map((certificate) => ({ ...certificate, readsJwks, state, signingKid: kid }) as const);
      const before = await store.certificates(connection.id);
      refuseRevokedKeys(before, registered);
      for (const certificate of registered) {
        const known = before.find(({ thumbprint }) => thumbprint === certificate.thumbprint);
        const outcome = await store.addCertificate(connection.id, certificate, MAX_CERTIFICATES_PER_CONNECTION);
        if (outcome === 'full') {
          throw new CodedError(
            'TOO_MANY_CERTIFICATES',
            `${MAX_CERTIFICATES_PER_CONNECTION} certificates are registered for this connection`,
            {
              action: 'Make sure that the connector keeps its certificate, or revoke unused ones.',
            },
          );
        }
        if (outcome === 'revoked') throw keyRevoked(certificate.thumbprint);
        if (outcome === 'not_found') throw new CodedError('TICKET_NOT_FOUND', 'The connection was deleted in the meantime');
        log.info(
          {
            connection: connection.name,
            thumbprint: certificate.thumbprint,
            agentVersion: certificate.agentVersion,
            state: known?.state ?? state,
          },
          'Connector certificate registered',
        );
        if (known === undefined) await recordRegistration(connection, certificate, clientAddressOf(c));
      }
      await applySimultaneousRevocation(connection, registered);
      // A connector that reads the JWKS document gets no key: its requests are signed with ES256, at a fifth of the cost of RS256.
      return c.json({ signingKey: readsJwks ? '' : pem });
    })
    .get('/.well-known/jwks.json', (c) => {
      c.header('Cache-Control', 'public, max-age=600');
      return c.json(keys.jwks);
    })
    .get('/test', (c) => c.json({ clock: Date.now() }));
}

/** A revoked key is rejected in any certificate. */
function refuseRevokedKeys(before: readonly RegisteredCertificate[], registered: readonly RegisteredCertificate[]): void {
  const revoked = before.filter(({ state }) => state === 'revoked').map(({ pem }) => publicKeyOf(pem));
  const found = registered.find(({ pem }) => revoked.includes(publicKeyOf(pem)));
  if (found !== undefined) throw keyRevoked(found.thumbprint);
}

function keyRevoked(thumbprint: string): CodedError {
  return new CodedError('CERTIFICATE_REVOKED', `The key of the certificate ${thumbprint} is revoked for this connection`, {
    action: 'Give the connector a new key: move its certs folder away.',
  });
}

function certificatesOf(body: Registration): Omit<RegisteredCertificate, 'readsJwks' | 'state' | 'signingKid'>[] {
  if (body.certs.length > MAX_CERTIFICATES_PER_REGISTRATION) {
    throw new CodedError('INVALID_REQUEST', `certs has more than ${MAX_CERTIFICATES_PER_REGISTRATION} entries`);
  }
  return body.certs.map((text, index) => {
    const certificate = parseCertificate(text);
    if (certificate === undefined) throw new CodedError('INVALID_REQUEST', `certs[${index}] is not a base64 DER certificate`);
    const { asymmetricKeyType, asymmetricKeyDetails } = certificate.publicKey;
    if (asymmetricKeyType !== 'rsa' || (asymmetricKeyDetails?.modulusLength ?? 0) < MIN_RSA_BITS) {
      throw new CodedError('INVALID_REQUEST', `certs[${index}] must have an RSA key of at least ${MIN_RSA_BITS} bits`);
    }
    return {
      thumbprint: certificate.fingerprint.replaceAll(':', '').toLowerCase(),
      pem: certificate.toString(),
      agentVersion: body.instance?.version ?? body.agentVersion ?? undefined,
      hostName: body.instance?.hostName,
      signInEndpoint: signInEndpointOf(body.signInEndpoint),
      registeredAt: new Date(),
    };
  });
}

function parseCertificate(base64: string): X509Certificate | undefined {
  try {
    const certificate = new X509Certificate(Buffer.from(base64, 'base64'));
    // Reads the key, to reject a type that OpenSSL does not know.
    return certificate.publicKey ? certificate : undefined;
  } catch {
    return undefined;
  }
}
