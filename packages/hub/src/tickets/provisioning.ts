/** Calls of a connector before it opens its socket: registration with a ticket alone (as Auth0's do) or with proof, the signing keys, the clock. */
import type { Registration, TicketInfo } from '@landbridge/protocol';
import { registration } from '@landbridge/protocol';
import { CodedError, type Log } from '@landbridge/runtime';
import { clientAddressOf, hashOfToken, readJsonBody } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import type { Audit } from '../audit/audit.ts';
import { realmOf } from '../connections/connections.ts';
import { HUB_SOCKET_PATH } from '../connectors/handshake.ts';
import { signInEndpointOf } from '../frontchannel/endpoint.ts';
import type { HubIdentity } from '../keys/hub-identity.ts';
import type { SigningKeys } from '../keys/signing-keys.ts';
import type { Connection } from '../store/connections.ts';
import type { Store } from '../store/store.ts';
import type { StoredTicket } from '../store/tickets.ts';
import { codeRoutes } from './code-routes.ts';
import { createEnrolment } from './enrolment.ts';
import type { EnrolmentCodes } from './enrolment-codes.ts';
import { createRegistrations, type GivenCertificate, readRegisteredCertificate } from './registration.ts';
import { TICKET_PATH } from './tickets.ts';

const MAX_CERTIFICATES_PER_REGISTRATION = 4;
const MAX_REGISTRATION_BYTES = 64 * 1024;

export function provisioningRoutes(parts: {
  store: Store;
  keys: SigningKeys;
  identity: HubIdentity;
  audit: Audit;
  log: Log;
  publicUrl: () => string;
  enrolmentHours: number;
  clockSkewLimitSeconds: number;
  codes: EnrolmentCodes;
}): Hono {
  const { store, keys, publicUrl } = parts;
  const register = createRegistrations(parts);

  async function infoOf(connection: Connection): Promise<TicketInfo> {
    const certificates = await store.certificates(connection.id);
    return {
      connectionName: connection.name,
      connectionDomain: new URL(publicUrl()).hostname,
      adHub: `${publicUrl()}${HUB_SOCKET_PATH}`,
      realm: { name: realmOf(connection), postTokenUrl: `${publicUrl()}/login/callback` },
      kerberos: connection.settings.kerberos,
      certAuth: connection.settings.certAuth,
      thumbprints: certificates.filter(({ state }) => state !== 'revoked').map(({ thumbprint }) => thumbprint),
    };
  }
  const enrol = createEnrolment({ ...parts, register, infoOf });

  async function connectionOf(c: Context): Promise<{ connection: Connection; ticket: StoredTicket }> {
    const ticket = await store.ticketByHash(hashOfToken(c.req.param('ticket') ?? ''));
    const connection = ticket && (await store.connectionById(ticket.connectionId));
    if (ticket === undefined || connection === undefined)
      throw new CodedError('TICKET_NOT_FOUND', 'The ticket is wrong or was renewed, or its connection was deleted');
    return { connection, ticket };
  }

  return new Hono()
    .get(`${TICKET_PATH}/:ticket/info`, async (c) => c.json(await infoOf((await connectionOf(c)).connection)))
    .post(`${TICKET_PATH}/:ticket`, async (c) => {
      const { connection, ticket } = await connectionOf(c);
      const body = await readJsonBody(c, registration, MAX_REGISTRATION_BYTES);
      const readsJwks = body.capabilities?.useJWKS === true;
      const { kid, pem } = keys.pemForRegistration();
      for (const certificate of certificatesOf(body, { readsJwks, signingKid: kid })) {
        await register({ connection, ticket, isProven: false, remoteAddress: clientAddressOf(c) }, certificate);
      }
      // A connector that reads the JWKS document needs no key here, and follows each rotation.
      return c.json({ signingKey: readsJwks ? '' : pem });
    })
    .post('/p/enrol/:connection', (c) => enrol(c))
    .route('/p/code', codeRoutes(parts))
    .get('/.well-known/jwks.json', (c) => {
      c.header('Cache-Control', 'public, max-age=600');
      return c.json(keys.jwks);
    })
    .get('/test', (c) => c.json({ clock: Date.now() }));
}

function certificatesOf(body: Registration, keys: Pick<GivenCertificate, 'readsJwks' | 'signingKid'>): GivenCertificate[] {
  if (body.certs.length > MAX_CERTIFICATES_PER_REGISTRATION) {
    throw new CodedError('INVALID_REQUEST', `certs has more than ${MAX_CERTIFICATES_PER_REGISTRATION} entries`);
  }
  return body.certs.map((text, index) => ({
    ...readRegisteredCertificate(text, `certs[${index}]`),
    ...keys,
    agentVersion: body.instance?.version ?? body.agentVersion ?? undefined,
    hostName: body.instance?.hostName,
    signInEndpoint: signInEndpointOf(body.signInEndpoint),
    registeredAt: new Date(),
  }));
}
