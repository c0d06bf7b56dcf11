/**
 * Enrolment at our hub with a ticket that names the hub's identity (docs/protocol.md, section 8.13): proves the connector's key and the ticket, and
 * accepts only an answer that the pinned hub has signed.
 */
import { createPublicKey, type KeyObject, randomUUID } from 'node:crypto';
import {
  type EnrolmentClaims,
  type EnrolmentPayload,
  enrolmentAnswer,
  enrolmentKey,
  enrolmentMac,
  enrolmentPayload,
  enrolmentSigned,
  followIdentityChain,
  fromBase64url,
  hubFingerprintOf,
  type IdentityPurpose,
  type PinnedTicket,
  verifyByIdentity,
} from '@landbridge/protocol';
import { CodedError, parseJson } from '@landbridge/runtime';
import { type JWTPayload, SignJWT } from 'jose';
import { z } from 'zod';
import type { Outbound } from '../network/outbound.ts';
import { readTicketAnswer, TICKET_TIMEOUT_MS } from './ticket-answer.ts';

export interface Enrolment extends EnrolmentPayload {
  /** The current fingerprint of the hub's identity, which is pinned from now on. */
  hubIdentity: string;
}

const refusal = z.object({ error: z.object({ code: z.string() }) });

/**
 * @param pinned the fingerprint that the hub must have now, or must have had before
 * @param options.register registers the connector's certificate. Without it, the call only asks for information.
 * @throws CodedError HUB_IDENTITY_MISMATCH, HUB_ANSWER_FORGED, HUB_CLOCK_SKEW, and as for any call with a ticket
 */
export async function enrol(
  outbound: Outbound,
  ticket: PinnedTicket,
  pinned: string,
  privateKey: KeyObject,
  { register, signal }: { register?: EnrolmentClaims['register']; signal?: AbortSignal | undefined } = {},
): Promise<Enrolment> {
  const url = new URL(ticket.enrolmentUrl);
  const { payload, hubIdentity } = await askSigned(outbound, url, enrolmentPayload, {
    ...{ privateKey, claims: { register } satisfies EnrolmentClaims, audience: pinned, subject: ticket.connectionId, signal },
    ...{ purpose: 'enrolment answer', pinned },
    body: (jws) => ({ jws, ...(ticket.secret !== undefined && { mac: enrolmentMac(enrolmentKey(ticket.secret), jws) }) }),
  });
  return { ...payload, hubIdentity };
}

/**
 * Sends a request with proof of the connector's key.
 * @param request.pinned undefined accepts any identity, which must then be compared by other means
 * @returns the answer that the hub signed for this request, and the current fingerprint of its identity
 * @throws CodedError as `enrol`
 */
export async function askSigned<T>(
  outbound: Outbound,
  url: URL,
  schema: z.ZodType<T>,
  request: {
    privateKey: KeyObject;
    claims: JWTPayload;
    audience: string;
    subject?: string;
    purpose: IdentityPurpose;
    pinned: string | undefined;
    body: (jws: string) => object;
    signal?: AbortSignal | undefined;
  },
): Promise<{ payload: T; hubIdentity: string }> {
  const { privateKey, audience, subject, purpose, signal } = request;
  const { kty, n, e } = createPublicKey(privateKey).export({ format: 'jwk' });
  const unsigned = new SignJWT(request.claims)
    .setProtectedHeader({ alg: 'RS256', jwk: { kty: String(kty), n: String(n), e: String(e) } })
    .setAudience(audience)
    .setIssuedAt()
    .setJti(randomUUID());
  const jws = await (subject === undefined ? unsigned : unsigned.setSubject(subject)).sign(privateKey);
  const answer = await outbound.request(url.href, {
    ...{ method: 'POST', json: request.body(jws), timeoutMs: TICKET_TIMEOUT_MS },
    ...(signal && { signal }),
  });
  throwIfRefused(url.host, answer);
  const { payload, signature, chain } = readTicketAnswer(url, answer, enrolmentAnswer);
  const pinned = request.pinned ?? hubFingerprintOf(chain.at(-1)?.key ?? '');
  const identity = followIdentityChain(chain, pinned);
  if (identity === undefined) throw mismatch(url.host, pinned);
  if (!verifyByIdentity(identity.key, purpose, enrolmentSigned(jws, payload), fromBase64url(signature) ?? Buffer.alloc(0))) {
    throw new CodedError('HUB_ANSWER_FORGED', `The answer from ${url.host} does not carry a valid signature of the hub`, {
      action:
        'A proxy between this machine and the hub, such as one that inspects TLS, modifies the answers of the hub. Exclude the hub from inspection.',
    });
  }
  return { payload: readTicketAnswer(url, { ...answer, text: payload }, schema), hubIdentity: identity.fingerprint };
}

/** The hub's unsigned explanation. It is used only in messages, since the answer is rejected anyway. */
function throwIfRefused(host: string, answer: { status: number; text: string }): void {
  const code = refusal.safeParse(parseJson(answer.text)).data?.error.code;
  if (answer.status === 400 && code === 'clock_skew') {
    throw new CodedError('HUB_CLOCK_SKEW', `${host} rejects the request: its clock and this machine's differ too much`, {
      action: 'Let NTP set both clocks. CLOCK_SKEW_LIMIT_SECONDS of the hub is the limit.',
    });
  }
  if (answer.status === 429 && code === 'too_many_codes') {
    throw new CodedError('ENROLMENT_CODES_EXHAUSTED', `${host} rejected the request for a code: too many are in use`, {
      action: 'Wait ten minutes, or use a ticket.',
    });
  }
  if (answer.status === 409 && code === 'other_hub_identity') throw mismatch(host);
}

function mismatch(host: string, pinned?: string): CodedError {
  return new CodedError(
    'HUB_IDENTITY_MISMATCH',
    `${host} is not the hub that this connector trusts${pinned === undefined ? '' : ` (fingerprint ${pinned})`}`,
    {
      action:
        'Compare with "landbridge-hub identity show". If it differs, the ticket is for another hub, the identity of the hub was replaced, or a proxy is impersonating the hub. To trust the new identity, run setup with a new ticket.',
    },
  );
}
