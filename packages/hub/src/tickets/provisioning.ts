/** What a connector asks over HTTP before it opens its socket: `/info` and registration by its ticket, the keys, the clock. */
import { X509Certificate } from 'node:crypto';
import { type Registration, registration, type TicketInfo } from '@landbridge/protocol';
import { CodedError, type Log } from '@landbridge/runtime';
import { type Context, Hono } from 'hono';
import { readJsonBody } from '../api/json-body.ts';
import { realmOf } from '../connections/connections.ts';
import { HUB_SOCKET_PATH } from '../connectors/handshake.ts';
import type { SigningKeys } from '../keys/signing-keys.ts';
import { hashOfToken } from '../secret-token.ts';
import type { RegisteredCertificate } from '../store/certificates.ts';
import type { Connection } from '../store/connections.ts';
import type { Store } from '../store/store.ts';
import { TICKET_PATH } from './tickets.ts';

/** Each connector has one; more than this is a connector that makes a new certificate at each start. */
const MAX_CERTIFICATES_PER_CONNECTION = 32;
const MAX_CERTIFICATES_PER_REGISTRATION = 4;
const MAX_REGISTRATION_BYTES = 64 * 1024;
/** The connector's token is RS256; shorter RSA keys are no longer safe (NIST SP 800-131A). */
const MIN_RSA_BITS = 2048;

export function provisioningRoutes(parts: { store: Store; keys: SigningKeys; log: Log; publicUrl: () => string }): Hono {
  const { store, keys, log, publicUrl } = parts;

  async function connectionOf(c: Context): Promise<Connection> {
    const connection = await store.connectionByTicket(hashOfToken(c.req.param('ticket') ?? ''));
    if (connection === undefined) throw new CodedError('TICKET_NOT_FOUND', 'The ticket is wrong, was renewed, or its connection is gone');
    return connection;
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
        kerberos: false,
        certAuth: false,
        thumbprints: certificates.map((certificate) => certificate.thumbprint),
      } satisfies TicketInfo);
    })
    .post(`${TICKET_PATH}/:ticket`, async (c) => {
      const connection = await connectionOf(c);
      const body = await readJsonBody(c, registration, MAX_REGISTRATION_BYTES);
      const readsJwks = body.capabilities?.useJWKS === true;
      for (const certificate of certificatesOf(body, readsJwks)) {
        const outcome = await store.addCertificate(connection.id, certificate, MAX_CERTIFICATES_PER_CONNECTION);
        if (outcome === 'full') {
          throw new CodedError(
            'TOO_MANY_CERTIFICATES',
            `${MAX_CERTIFICATES_PER_CONNECTION} certificates are registered for this connection`,
            {
              action: 'Let the connector keep its certificate, or delete and create the connection.',
            },
          );
        }
        if (outcome === 'gone') throw new CodedError('TICKET_NOT_FOUND', 'The connection was deleted in the meantime');
        log.info(
          { connection: connection.name, thumbprint: certificate.thumbprint, agentVersion: certificate.agentVersion },
          'Connector registered its certificate',
        );
      }
      // A connector that reads the JWKS document gets no key here: it may be asked with ES256, which costs a fifth of RS256.
      return c.json({ signingKey: readsJwks ? '' : keys.rs256PublicKeyPem });
    })
    .get('/.well-known/jwks.json', (c) => {
      c.header('Cache-Control', 'public, max-age=600');
      return c.json(keys.jwks);
    })
    .get('/test', (c) => c.json({ clock: Date.now() }));
}

function certificatesOf(body: Registration, readsJwks: boolean): RegisteredCertificate[] {
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
      readsJwks,
      // Shown to people and kept: a version is short.
      agentVersion: body.agentVersion?.slice(0, 64),
      registeredAt: new Date(),
    };
  });
}

function parseCertificate(base64: string): X509Certificate | undefined {
  try {
    const certificate = new X509Certificate(Buffer.from(base64, 'base64'));
    // Reading the key fails here and not later, where it is of a kind that OpenSSL does not know.
    return certificate.publicKey ? certificate : undefined;
  } catch {
    return undefined;
  }
}
