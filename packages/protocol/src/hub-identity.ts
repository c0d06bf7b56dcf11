/**
 * The hub's identity: an Ed25519 key (RFC 8032) that a connector pins by its fingerprint. When the hub replaces the key, the old key signs the
 * new one, so that a connector that pinned the old fingerprint can follow the chain.
 */
import { createHash, createPublicKey, type KeyObject, sign, timingSafeEqual, verify } from 'node:crypto';
import { z } from 'zod';
import { fromBase64url } from './jose.ts';

const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
/** Enough for one new key per month over two years. */
export const MAX_IDENTITY_CHAIN = 32;

export const base64urlOf = (length: number) => z.string().refine((text) => fromBase64url(text)?.length === length, { error: 'is invalid' });

/** SHA-256 of the raw public key, in base64url. */
export const hubFingerprint = base64urlOf(KEY_BYTES);

/** The oldest key first. Each later key has a signature by the key before it. */
export const hubIdentityChain = z
  .array(z.object({ key: base64urlOf(KEY_BYTES), signature: base64urlOf(SIGNATURE_BYTES).optional() }))
  .min(1)
  .max(MAX_IDENTITY_CHAIN);
export type HubIdentityChain = z.infer<typeof hubIdentityChain>;

/** What the identity signs. The purpose is included, so that a signature cannot be used for another purpose. */
export type IdentityPurpose = 'next key' | 'enrolment answer' | 'enrolment code' | 'session';

/** @param key Ed25519, raw, in base64url */
export function hubFingerprintOf(key: string): string {
  return createHash('sha256').update(Buffer.from(key, 'base64url')).digest('base64url');
}

/** @returns the public half of an Ed25519 key: raw, in base64url */
export function rawIdentityKey(key: KeyObject): string {
  return createPublicKey(key).export({ format: 'jwk' }).x ?? '';
}

export function signByIdentity(privateKey: KeyObject, purpose: IdentityPurpose, bytes: Uint8Array): Buffer {
  return sign(null, signedBytes(purpose, bytes), privateKey);
}

/** @param key raw, in base64url */
export function verifyByIdentity(key: string, purpose: IdentityPurpose, bytes: Uint8Array, signature: Uint8Array): boolean {
  const publicKey = createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: key } });
  return signature.length === SIGNATURE_BYTES && verify(null, signedBytes(purpose, bytes), publicKey, signature);
}

/**
 * Follows a chain from the pinned key, which may be at any position, to the current one.
 * @returns the current key (raw, in base64url) and its fingerprint; undefined if the chain does not lead from the pinned key to it
 */
export function followIdentityChain(chain: HubIdentityChain, pinned: string): { key: string; fingerprint: string } | undefined {
  const from = chain.findIndex(({ key }) => isSame(hubFingerprintOf(key), pinned));
  if (from < 0) return undefined;
  const followed = chain.slice(from);
  const isSigned = followed.every(({ key, signature = '' }, index) => {
    const previous = followed[index - 1];
    return (
      previous === undefined ||
      verifyByIdentity(previous.key, 'next key', Buffer.from(key, 'base64url'), Buffer.from(signature, 'base64url'))
    );
  });
  const current = followed.at(-1);
  return isSigned && current !== undefined ? { key: current.key, fingerprint: hubFingerprintOf(current.key) } : undefined;
}

function signedBytes(purpose: IdentityPurpose, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`landbridge hub identity: ${purpose}\0`), bytes]);
}

function isSame(a: string, b: string): boolean {
  return a.length === b.length && timingSafeEqual(Buffer.from(a), Buffer.from(b));
}
