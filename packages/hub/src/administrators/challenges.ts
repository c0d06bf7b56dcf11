/**
 * Challenges for passkeys: random, for one purpose, usable once within five minutes. They are authenticated, so opening a page stores
 * nothing.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { createLiveCounters } from '@landbridge/runtime';

interface Challenges {
  issue(purpose: string): Uint8Array<ArrayBuffer>;
  /** @param challenge base64url. @returns whether it was issued for this purpose, has not expired, and was not used before */
  take(challenge: string, purpose: string): boolean;
}

const LIFETIME_MS = 5 * 60_000;
const RANDOM_BYTES = 16;
const TIME_BYTES = 8;
const PROOF_BYTES = 32;
/** Only challenges with a valid proof are stored. With this many in one lifetime, further ones are refused: forgetting one would allow its replay. */
const MAX_TAKEN = 10_000;

export function createChallenges(now: () => number = Date.now): Challenges {
  const key = randomBytes(32);
  const taken = createLiveCounters<{ untilMs: number }>({
    max: MAX_TAKEN,
    shared: 1,
    create: () => ({ untilMs: Number.NEGATIVE_INFINITY }),
    isLive: ({ untilMs }) => untilMs >= now(),
  });
  const proof = (facts: Uint8Array, purpose: string) => createHmac('sha256', key).update(facts).update(purpose).digest();
  return {
    issue(purpose) {
      const facts = Buffer.alloc(RANDOM_BYTES + TIME_BYTES);
      randomBytes(RANDOM_BYTES).copy(facts);
      facts.writeBigUInt64BE(BigInt(now()), RANDOM_BYTES);
      return new Uint8Array(Buffer.concat([facts, proof(facts, purpose)]));
    },
    take(challenge, purpose) {
      const bytes = Buffer.from(challenge, 'base64url');
      if (bytes.length !== RANDOM_BYTES + TIME_BYTES + PROOF_BYTES || bytes.toString('base64url') !== challenge) return false;
      const facts = bytes.subarray(0, RANDOM_BYTES + TIME_BYTES);
      if (!timingSafeEqual(bytes.subarray(facts.length), proof(facts, purpose))) return false;
      const untilMs = Number(facts.readBigUInt64BE(RANDOM_BYTES)) + LIFETIME_MS;
      const entry = taken.keep(challenge);
      if (now() > untilMs || entry.untilMs >= now()) return false;
      entry.untilMs = untilMs;
      return true;
    },
  };
}
