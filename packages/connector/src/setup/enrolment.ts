/**
 * Enrolment at our hub with a ticket that names the hub's identity (docs/protocol.md, section 8.13): proves the connector's key and the ticket, and
 * accepts only an answer that this hub has signed.
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
  type PinnedTicket,
  verifyByIdentity,
} from '@landbridge/protocol';
import { CodedError, parseJson } from '@landbridge/runtime';
import { SignJWT } from 'jose';
import { z } from 'zod';
import type { Outbound } from '../network/outbound.ts';
import { readTicketAnswer, TICKET_TIMEOUT_MS } from './ticket-answer.ts';

export interface Enrolment extends EnrolmentPayload {
  /** The fingerprint of the hub's identity now: from now on it is pinned. */
  hubIdentity: string;
}

const refusal = z.object({ error: z.object({ code: z.string() }) });

/**
 * @param pinned the fingerprint that the hub must have, or have had
 * @param options.register registers the connector's certificate; without it, only the information is asked for
 * @throws CodedError HUB_IDENTITY_MISMATCH, HUB_ANSWER_FORGED, HUB_CLOCK_SKEW, and as for any call with a ticket
 */
export async function enrol(
  outbound: Outbound,
  ticket: PinnedTicket,
  pinned: string,
  privateKey: KeyObject,
  { register, signal }: { register?: EnrolmentClaims['register']; signal?: AbortSignal | undefined } = {},
): Promise<Enrolment> {
  const { kty, n, e } = createPublicKey(privateKey).export({ format: 'jwk' });
  const jws = await new SignJWT({ register } satisfies EnrolmentClaims)
    .setProtectedHeader({ alg: 'RS256', jwk: { kty: String(kty), n: String(n), e: String(e) } })
    .setAudience(pinned)
    .setSubject(ticket.connectionId)
    .setIssuedAt()
    .setJti(randomUUID())
    .sign(privateKey);
  const url = new URL(ticket.enrolmentUrl);
  const answer = await outbound.request(url.href, {
    method: 'POST',
    json: { jws, mac: enrolmentMac(enrolmentKey(ticket.secret), jws) },
    timeoutMs: TICKET_TIMEOUT_MS,
    ...(signal && { signal }),
  });
  throwIfRefused(url.host, answer);
  const { payload, signature, chain } = readTicketAnswer(url, answer, enrolmentAnswer);
  const identity = followIdentityChain(chain, pinned);
  if (identity === undefined) throw mismatch(url.host, pinned);
  if (!verifyByIdentity(identity.key, 'enrolment answer', enrolmentSigned(jws, payload), fromBase64url(signature) ?? Buffer.alloc(0))) {
    throw new CodedError('HUB_ANSWER_FORGED', `The answer from ${url.host} does not carry a valid signature of the hub`, {
      action:
        'Something between this machine and the hub changes what the hub sends, such as a proxy that inspects TLS. Exclude the hub from it.',
    });
  }
  return { ...readTicketAnswer(url, { ...answer, text: payload }, enrolmentPayload), hubIdentity: identity.fingerprint };
}

/** Unsigned, so it only serves to explain; without it the answer would be refused, too. */
function throwIfRefused(host: string, answer: { status: number; text: string }): void {
  const code = refusal.safeParse(parseJson(answer.text)).data?.error.code;
  if (answer.status === 400 && code === 'clock_skew') {
    throw new CodedError('HUB_CLOCK_SKEW', `${host} rejects the request: its clock and this machine's differ by more than five minutes`, {
      action: 'Synchronize both by NTP.',
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
        'Compare with "landbridge-hub identity show". If it differs, the ticket is for another hub, the identity of the hub was replaced, or something between here and the hub poses as the hub. With a new ticket, run setup.',
    },
  );
}
