/**
 * Enrolment between our programs (docs/protocol.md, section 8.13): the ticket names the hub by the fingerprint of its identity. The ticket's secret is never
 * sent, the connector proves that it has its key, and the hub signs its answer. A TLS-terminating proxy learns nothing that would let it enrol,
 * and it cannot answer for the hub.
 */
import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { hubFingerprint, hubIdentityChain } from './hub-identity.ts';
import { agentInstance, agentVersionText, ticketInfo } from './ticket.ts';

const TICKET_PATH = /^\/p\/ad\/([^/]+)\/?$/;
const CONNECTION_ID = /^[A-Za-z0-9_-]{8,64}$/;
/** 160 bits. */
const SECRET = /^[A-Za-z0-9_-]{27}$/;

export interface PinnedTicket {
  kind: 'pinned';
  connectionId: string;
  /** Undefined in the ticket of a connector that was enrolled by a code. Such a ticket works only with a key that the hub knows. */
  secret: string | undefined;
  fingerprint: string;
  enrolmentUrl: string;
}

/**
 * @returns `plain` for a ticket without a fingerprint, such as Auth0's; `damaged` for one that has, or once had, a fingerprint but is incomplete. A damaged
 *   ticket must not be sent as a plain one.
 */
export function readTicket(ticket: string): PinnedTicket | { kind: 'plain' } | { kind: 'damaged' } {
  const { origin, pathname } = new URL(ticket);
  const [, text = ''] = TICKET_PATH.exec(pathname) ?? [];
  if (!text.includes('.')) return { kind: 'plain' };
  const [connectionId = '', secret = '', fingerprint = '', ...others] = text.split('.');
  const isWhole =
    CONNECTION_ID.test(connectionId) && (secret === '' || SECRET.test(secret)) && hubFingerprint.safeParse(fingerprint).success;
  if (!isWhole || others.length > 0) return { kind: 'damaged' };
  return {
    ...{ kind: 'pinned', connectionId, fingerprint },
    secret: secret === '' ? undefined : secret,
    enrolmentUrl: `${origin}/p/enrol/${connectionId}`,
  };
}

/** The last part of a ticket's URL. @param secret 160 random bits in base64url */
export function pinnedTicket({
  connectionId,
  secret = '',
  fingerprint,
}: Pick<PinnedTicket, 'connectionId' | 'secret' | 'fingerprint'>): string {
  return `${connectionId}.${secret}.${fingerprint}`;
}

/** What a hub stores to verify proofs of a ticket's secret, in base64url. */
export function enrolmentKey(secret: string): string {
  return Buffer.from(hkdfSync('sha256', secret, '', 'landbridge enrolment', 32)).toString('base64url');
}

/** Proves that the sender of this request has the ticket. */
export function enrolmentMac(key: string, jws: string): string {
  return createHmac('sha256', Buffer.from(key, 'base64url')).update(jws).digest('base64url');
}

export function isEnrolmentMac(mac: string, key: string, jws: string): boolean {
  const [given, expected] = [Buffer.from(mac), Buffer.from(enrolmentMac(key, jws))];
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** The claims of the request, in addition to `aud` (the fingerprint), `sub` (the connection's id), `iat` and `jti`. */
export const enrolmentClaims = z.object({
  /** If missing, the request only asks for information. */
  register: z
    .object({
      /** DER, in base64. Its key must be the one that signs the request. */
      certificate: z.string(),
      signInEndpoint: z.string().optional(),
      agentVersion: agentVersionText.optional().catch(undefined),
      instance: agentInstance.optional().catch(undefined),
    })
    .optional(),
});
export type EnrolmentClaims = z.infer<typeof enrolmentClaims>;

/**
 * The body of `POST /p/enrol/ID`. `jws`: RS256 with the connector's key, which its header contains as `jwk`. `mac`: proof of the ticket. A hub that knows
 * the key does not need it.
 */
export const enrolmentRequest = z.object({ jws: z.string().min(1), mac: z.string().optional() });

/** The answer. `signature`: made with the last key in `chain`, see `enrolmentSigned`. */
export const enrolmentAnswer = z.object({ payload: z.string(), signature: z.string(), chain: hubIdentityChain });

/**
 * `new`: an unknown key, which the ticket would enrol. `pending`: the key waits for an operator, or would if it registered. A state other than
 * `enrolled` is not an error: the hub explains why it will refuse the socket.
 */
const ENROLMENT_STATES = ['new', 'enrolled', 'pending', 'revoked'] as const;
export type EnrolmentState = (typeof ENROLMENT_STATES)[number];

/** The payload of the answer: JSON. */
export const enrolmentPayload = z.object({
  info: ticketInfo,
  state: z.enum(ENROLMENT_STATES),
});
export type EnrolmentPayload = z.infer<typeof enrolmentPayload>;

/** What the hub signs: the answer, bound to its request. */
export function enrolmentSigned(jws: string, payload: string): Buffer {
  return Buffer.concat([createHash('sha256').update(jws).digest(), Buffer.from(payload)]);
}
