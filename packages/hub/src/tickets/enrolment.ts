/**
 * `POST /p/enrol/ID`: our connector proves that it has its key and, the first time, its ticket, without sending either. The answer is signed by the
 * hub's identity and bound to the request.
 */
import { createHash, createPublicKey } from 'node:crypto';
import {
  type EnrolmentClaims,
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
import { decodeProtectedHeader, EmbeddedJWK, errors, jwtVerify } from 'jose';
import { publicKeyOf } from '../connectors/operator-actions.ts';
import { signInEndpointOf } from '../frontchannel/endpoint.ts';
import type { HubIdentity } from '../keys/hub-identity.ts';
import type { SigningKeys } from '../keys/signing-keys.ts';
import type { RegisteredCertificate } from '../store/certificates.ts';
import type { Connection } from '../store/connections.ts';
import type { Store } from '../store/store.ts';
import type { StoredTicket } from '../store/tickets.ts';
import { type createRegistrations, readRegisteredCertificate } from './registration.ts';
import { openSince } from './tickets.ts';

const MAX_BODY_BYTES = 64 * 1024;
/** How far the connector's clock may be off: five minutes, as Kerberos allows. */
const MAX_SKEW_SECONDS = 300;
const MAX_AGE_SECONDS = 60;
/** Of ten minutes; only callers with a ticket or a known key get in. */
const MAX_REMEMBERED = 10_000;

interface VerifiedRequest {
  claims: EnrolmentClaims;
  /** SPKI, as `publicKeyOf` returns it. */
  publicKey: string;
}

export function createEnrolment(parts: {
  store: Store;
  keys: SigningKeys;
  identity: HubIdentity;
  register: ReturnType<typeof createRegistrations>;
  infoOf: (connection: Connection) => Promise<TicketInfo>;
  enrolmentHours: number;
}): (c: Context) => Promise<Response> {
  const { store, keys, identity, register, infoOf } = parts;
  const isFirst = createRequestMemory();
  const enrols = ({ settings }: Connection, ticket: StoredTicket | undefined) =>
    !settings.approveConnectors && ticket !== undefined && ticket.usedAt === undefined && ticket.issuedAt > openSince(parts.enrolmentHours);

  async function verify(jws: string, connection: Connection): Promise<VerifiedRequest> {
    try {
      const { payload } = await jwtVerify(jws, EmbeddedJWK, {
        algorithms: ['RS256'],
        audience: identity.chain.map(({ key }) => hubFingerprintOf(key)),
        subject: connection.id,
        requiredClaims: ['iat', 'jti'],
        maxTokenAge: MAX_AGE_SECONDS,
        clockTolerance: MAX_SKEW_SECONDS,
      });
      const { n, e } = decodeProtectedHeader(jws).jwk ?? {};
      const key = createPublicKey({ format: 'jwk', key: { kty: 'RSA', n, e } });
      return { claims: enrolmentClaims.parse(payload), publicKey: key.export({ type: 'spki', format: 'der' }).toString('base64') };
    } catch (cause) {
      throw refused(cause);
    }
  }

  return async (c) => {
    const { jws, mac } = await readJsonBody(c, enrolmentRequest, MAX_BODY_BYTES);
    const connection = await store.connectionById(c.req.param('connection') ?? '');
    if (connection === undefined) throw unknownTicket();
    const { claims, publicKey } = await verify(jws, connection);
    const tickets = mac === undefined ? [] : await store.tickets(connection.id);
    const ticket = tickets.find(({ enrolmentKey = '' }) => enrolmentKey !== '' && isEnrolmentMac(mac ?? '', enrolmentKey, jws));
    const known = (await store.certificates(connection.id)).filter(({ pem }) => publicKeyOf(pem) === publicKey);
    if (ticket === undefined && known.length === 0) throw unknownTicket();
    if (!isFirst(jws)) throw new CodedError('INVALID_REQUEST', 'The request was sent before');

    let state = stateOf(known) ?? (enrols(connection, ticket) ? 'new' : 'pending');
    if (claims.register !== undefined && state !== 'revoked') {
      const { certificate: base64, instance, agentVersion, signInEndpoint } = claims.register;
      const certificate = readRegisteredCertificate(base64, 'certificate');
      if (publicKeyOf(certificate.pem) !== publicKey) throw new CodedError('INVALID_REQUEST', 'certificate has another key');
      const registered = await register(
        { connection, ticket, isProven: true, remoteAddress: clientAddressOf(c) },
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

/** @returns tells whether a request comes for the first time, for as long as its time is accepted */
function createRequestMemory(): (jws: string) => boolean {
  const seen = new Map<string, number>();
  return (jws) => {
    const now = Date.now();
    for (const [hash, expiresAtMs] of seen) {
      if (expiresAtMs > now) break;
      seen.delete(hash);
    }
    // Without the signature: its base64url has several spellings.
    const hash = createHash('sha256')
      .update(jws.slice(0, jws.lastIndexOf('.')))
      .digest('base64');
    if (seen.has(hash) || seen.size >= MAX_REMEMBERED) return false;
    seen.set(hash, now + (MAX_AGE_SECONDS + 2 * MAX_SKEW_SECONDS) * 1000);
    return true;
  };
}

/** The same for an unknown connection, an unknown ticket and an unknown key. */
function unknownTicket(): CodedError {
  return new CodedError('TICKET_NOT_FOUND', 'The ticket is wrong or was renewed, or its connection was deleted');
}

function refused(cause: unknown): CodedError {
  const claim = cause instanceof errors.JWTClaimValidationFailed || cause instanceof errors.JWTExpired ? cause.claim : undefined;
  if (claim === 'aud') {
    return new CodedError('OTHER_HUB_IDENTITY', 'The ticket is for a hub with another identity', {
      action: 'If the identity of this hub was replaced, give the connector a new ticket.',
    });
  }
  if (claim === 'iat') {
    return new CodedError('CLOCK_SKEW', `The clocks of connector and hub differ by more than ${MAX_SKEW_SECONDS / 60} minutes`, {
      action: 'Synchronize both by NTP.',
    });
  }
  return new CodedError('INVALID_REQUEST', 'The request is not a valid enrolment', { cause });
}
