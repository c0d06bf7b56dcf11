/**
 * `POST /p/enrol/ID`: our connector proves that it has its key and, the first time, its ticket, without sending either. The hub's identity
 * signs the answer, which is bound to the request.
 */
import { createHash } from 'node:crypto';
import {
  type EnrolmentPayload,
  type EnrolmentState,
  enrolmentClaims,
  enrolmentRequest,
  enrolmentSigned,
  hubFingerprintOf,
  isEnrolmentMac,
  type TicketInfo,
} from '@landbridge/protocol';
import { CodedError } from '@landbridge/runtime';
import { clientAddressOf, readJsonBody } from '@landbridge/web';
import type { Context } from 'hono';
import { publicKeyOf } from '../connectors/operator-actions.ts';
import { signInEndpointOf } from '../frontchannel/endpoint.ts';
import type { HubIdentity } from '../keys/hub-identity.ts';
import type { SigningKeys } from '../keys/signing-keys.ts';
import type { RegisteredCertificate } from '../store/certificates.ts';
import type { Connection } from '../store/connections.ts';
import type { Store } from '../store/store.ts';
import type { StoredTicket } from '../store/tickets.ts';
import type { EnrolmentCodes } from './enrolment-codes.ts';
import { proofLifetimeSeconds, verifyKeyProof } from './key-proof.ts';
import { type createRegistrations, readRegisteredCertificate } from './registration.ts';
import { openSince } from './tickets.ts';

const MAX_BODY_BYTES = 64 * 1024;
/** Requests remembered per connection. Only those with a valid ticket, or a known or approved key, are counted. */
const MAX_REMEMBERED = 1000;

export function createEnrolment(parts: {
  store: Store;
  keys: SigningKeys;
  identity: HubIdentity;
  register: ReturnType<typeof createRegistrations>;
  codes: EnrolmentCodes;
  infoOf: (connection: Connection) => Promise<TicketInfo>;
  enrolmentHours: number;
  /** How far the connector's clock may be off. */
  clockSkewLimitSeconds: number;
}): (c: Context) => Promise<Response> {
  const { store, keys, identity, register, codes, infoOf } = parts;
  /** One for each connection, so that the requests of one connection cannot exhaust the limit of another. */
  const memories = new Map<string, ReturnType<typeof createRequestMemory>>();
  const enrols = ({ settings }: Connection, ticket: StoredTicket | undefined) =>
    !settings.approveConnectors && ticket !== undefined && ticket.usedAt === undefined && ticket.issuedAt > openSince(parts.enrolmentHours);

  return async (c) => {
    const { jws, mac } = await readJsonBody(c, enrolmentRequest, MAX_BODY_BYTES);
    const connection = await store.connectionById(c.req.param('connection') ?? '');
    if (connection === undefined) throw unknownTicket();
    const { claims, publicKey } = await verifyKeyProof(jws, enrolmentClaims, {
      audience: identity.chain.map(({ key }) => hubFingerprintOf(key)),
      subject: connection.id,
      clockSkewLimitSeconds: parts.clockSkewLimitSeconds,
    });
    const tickets = mac === undefined ? [] : await store.tickets(connection.id);
    const ticket = tickets.find(({ enrolmentKey = '' }) => enrolmentKey !== '' && isEnrolmentMac(mac ?? '', enrolmentKey, jws));
    const known = (await store.certificates(connection.id)).filter(({ pem }) => publicKeyOf(pem) === publicKey);
    const isApproved = codes.isApproved(connection.id, publicKey);
    if (ticket === undefined && known.length === 0 && !isApproved) throw unknownTicket();
    const isFirst = memories.get(connection.id) ?? createRequestMemory(proofLifetimeSeconds(parts.clockSkewLimitSeconds));
    memories.set(connection.id, isFirst);
    if (!isFirst(jws)) throw new CodedError('INVALID_REQUEST', 'The request is a replay');

    let state = stateOf(known) ?? (isApproved || enrols(connection, ticket) ? 'new' : 'pending');
    if (claims.register !== undefined && state !== 'revoked') {
      const { certificate: base64, instance, agentVersion, signInEndpoint } = claims.register;
      const certificate = readRegisteredCertificate(base64, 'certificate');
      if (publicKeyOf(certificate.pem) !== publicKey) throw new CodedError('INVALID_REQUEST', 'certificate and key do not match');
      const registered = await register(
        {
          connection,
          ticket,
          isProven: true,
          isApproved: isApproved && codes.use(connection.id, publicKey),
          remoteAddress: clientAddressOf(c),
        },
        {
          ...certificate,
          readsJwks: true,
          signingKid: keys.pemForRegistration().kid,
          agentVersion: instance?.version ?? agentVersion,
          hostName: instance?.hostName,
          signInEndpoint: signInEndpointOf(signInEndpoint),
          registeredAt: new Date(),
        },
      );
      state = registered === 'approved' ? 'enrolled' : registered;
    }
    const payload = JSON.stringify({ info: await infoOf(connection), state } satisfies EnrolmentPayload);
    const signature = identity.sign('enrolment answer', enrolmentSigned(jws, payload)).toString('base64url');
    return c.json({ payload, signature, chain: identity.chain });
  };
}

function stateOf(known: readonly RegisteredCertificate[]): EnrolmentState | undefined {
  if (known.some(({ state }) => state === 'revoked')) return 'revoked';
  if (known.some(({ state }) => state === 'approved')) return 'enrolled';
  return known.length > 0 ? 'pending' : undefined;
}

/** @returns a function that reports whether a request is new. It remembers requests for as long as their times are accepted. */
function createRequestMemory(lifetimeSeconds: number): (jws: string) => boolean {
  const seen = new Map<string, number>();
  return (jws) => {
    const now = Date.now();
    for (const [hash, expiresAtMs] of seen) {
      if (expiresAtMs > now) break;
      seen.delete(hash);
    }
    // Hashed without the signature, whose base64url form is not unique.
    const hash = createHash('sha256')
      .update(jws.slice(0, jws.lastIndexOf('.')))
      .digest('base64');
    if (seen.has(hash) || seen.size >= MAX_REMEMBERED) return false;
    seen.set(hash, now + lifetimeSeconds * 1000);
    return true;
  };
}

/** The same answer for an unknown connection, ticket or key. */
function unknownTicket(): CodedError {
  return new CodedError('TICKET_NOT_FOUND', 'The ticket is wrong or was renewed, or its connection was deleted');
}
