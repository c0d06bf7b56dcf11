/**
 * Enrolment by a code (docs/protocol.md, section 8.15), modelled on RFC 8628: the connector shows a short code, and an administrator of the hub
 * enters it and approves the connector. There is no ticket that names the hub, so both sides show a comparison code computed from the handshake.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { base64urlOf } from './hub-identity.ts';
import { agentInstance, agentVersionText } from './ticket.ts';

/** The audience of the first request, since the connector does not know the hub yet. */
export const CODE_AUDIENCE = 'landbridge enrolment code';
/** The page, below the origin of the hub, on which an administrator enters the code. */
export const CODE_PAGE = '/dashboard/code';

/** Without vowels and characters that look alike (RFC 8628, section 6.1). 8 letters have 34.5 bits. */
export const USER_CODE_LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';
const USER_CODE = new RegExp(`^[${USER_CODE_LETTERS}]{8}$`);
/** Crockford's alphabet. 12 characters have 60 bits. */
const COMPARISON_LETTERS = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const COMPARISON_LENGTH = 12;

const bytes32 = base64urlOf(32);

/**
 * The claims of the first request, in addition to `aud`, `iat` and `jti`. `commitment`: SHA-256 of a nonce that the connector reveals later. A
 * proxy with its own keys has to choose them before it can compute a comparison code, so it has only a single guess.
 */
export const codeRequestClaims = z.object({
  commitment: bytes32,
  agentVersion: agentVersionText.optional().catch(undefined),
  hostName: agentInstance.shape.hostName,
});
export type CodeRequestClaims = z.infer<typeof codeRequestClaims>;

/** The claims of each later request, in addition to `aud` (the hub's fingerprint), `sub` (the device code), `iat` and `jti`. */
export const codePollClaims = z.object({ nonce: bytes32 });
export type CodePollClaims = z.infer<typeof codePollClaims>;

/** The body of both requests. Answers have the form of an enrolment answer. */
export const codeRequest = z.object({ jws: z.string().min(1) });

export const codeGranted = z.object({
  deviceCode: bytes32,
  userCode: z.string().regex(/^[B-Z]{4}-[B-Z]{4}$/),
  expiresInSeconds: z.number().int().positive().max(3600),
  intervalSeconds: z.number().int().positive().max(60),
});
export type CodeGranted = z.infer<typeof codeGranted>;

const CODE_STATES = ['pending', 'slow_down', 'approved', 'denied', 'expired'] as const;
export const codeState = z.object({
  state: z.enum(CODE_STATES),
  /** The connection, if approved. */
  connectionId: z.string().optional(),
});
export type CodeState = z.infer<typeof codeState>;

/** @returns the code in its displayed form, `BCDF-GHJK`, from what was typed; undefined if it cannot be a code */
export function readUserCode(typed: string): string | undefined {
  const letters = typed.toUpperCase().replace(/[\s-]/g, '');
  return USER_CODE.test(letters) ? `${letters.slice(0, 4)}-${letters.slice(4)}` : undefined;
}

/** @param nonce 32 bytes in base64url */
export function commitmentTo(nonce: string): string {
  return createHash('sha256').update(Buffer.from(nonce, 'base64url')).digest('base64url');
}

export function isCommitmentTo(commitment: string, nonce: string): boolean {
  return timingSafeEqual(Buffer.from(commitment, 'base64url'), Buffer.from(commitmentTo(nonce), 'base64url'));
}

/** @param publicKey of a connector: SPKI in DER. @returns SHA-256 in base64url */
export function connectorKeyFingerprint(publicKey: Uint8Array): string {
  return createHash('sha256').update(publicKey).digest('base64url');
}

/**
 * The comparison code that both sides show. It differs if a proxy between connector and hub uses keys of its own.
 * @param parties publicKey: the connector's key, SPKI in DER. hub: the fingerprint of its identity
 */
export function comparisonCode(parties: { publicKey: Uint8Array; hub: string; deviceCode: string; nonce: string }): string {
  const hash = createHash('sha256');
  const { publicKey, hub, deviceCode, nonce } = parties;
  for (const field of [
    Buffer.from('landbridge comparison code v1'),
    publicKey,
    ...[hub, deviceCode, nonce].map((text) => Buffer.from(text)),
  ]) {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(field.length);
    hash.update(length).update(field);
  }
  const digest = hash.digest();
  // Modulo 32 of whole bytes is uniform.
  const letters = Array.from(digest.subarray(0, COMPARISON_LENGTH), (byte) => COMPARISON_LETTERS.charAt(byte % COMPARISON_LETTERS.length));
  return (letters.join('').match(/.{4}/g) ?? []).join('-');
}
