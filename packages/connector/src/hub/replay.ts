/** Refusing a request that was already served: a memory of tokens, bounded in time by their expiry and in number. */
import { hash } from 'node:crypto';

/** Installed hubs may send tokens without `exp`: those are remembered a day. */
const WITHOUT_EXPIRY_SECONDS = 24 * 60 * 60;
/** Some 100 bytes each: 20 MB. At 1,000 logins a second with tokens of a minute there are 65,000. */
const MAX_REMEMBERED = 200_000;
/** Dropping all that have expired takes some milliseconds at most; more often it would not pay. */
const SWEEP_INTERVAL_SECONDS = 10;

export interface ReplayMemory {
  /**
   * @param signed the part of the token that the signature covers. The signature itself must not be part of what is remembered:
   *   of one ECDSA signature anybody can make a second valid one.
   * @param expiresAtSeconds when the token is no longer accepted anyway; undefined where it never expires
   * @returns false where it was seen before
   */
  firstTime(signed: string, expiresAtSeconds: number | undefined): boolean;
}

/** @param onFull called once, when tokens are forgotten before their time because there are too many */
export function createReplayMemory(options: { now: () => number; onFull: () => void; maxRemembered?: number }): ReplayMemory {
  const maxRemembered = options.maxRemembered ?? MAX_REMEMBERED;
  // In the order of arrival. 16 bytes of SHA-256 are enough: to find a second token of the same digest one would have to sign it.
  const expiryByDigest = new Map<string, number>();
  let sweptAt = 0;
  let toldFull = false;

  function makeRoom(nowSeconds: number): void {
    if (nowSeconds - sweptAt >= SWEEP_INTERVAL_SECONDS) {
      sweptAt = nowSeconds;
      for (const [digest, expiry] of expiryByDigest) if (expiry <= nowSeconds) expiryByDigest.delete(digest);
    }
    for (const digest of expiryByDigest.keys()) {
      if (expiryByDigest.size < maxRemembered) return;
      expiryByDigest.delete(digest);
      if (!toldFull) {
        toldFull = true;
        options.onFull();
      }
    }
  }

  return {
    firstTime(signed, expiresAtSeconds) {
      const digest = hash('sha256', signed, 'buffer').toString('latin1', 0, 16);
      const nowSeconds = Math.floor(options.now() / 1000);
      if (expiryByDigest.has(digest)) return false;
      makeRoom(nowSeconds);
      expiryByDigest.set(digest, expiresAtSeconds ?? nowSeconds + WITHOUT_EXPIRY_SECONDS);
      return true;
    },
  };
}
