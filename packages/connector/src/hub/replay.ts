/** The replay cache: remembers the tokens of requests, up to their expiry and up to a maximum number. */
import { hash } from 'node:crypto';

/** Auth0 may send tokens without `exp`: these are remembered for a day. */
const WITHOUT_EXPIRY_SECONDS = 24 * 60 * 60;
/** About 100 bytes each: 20 MB. 1,000 sign-ins a second with tokens that last a minute make 65,000. */
const MAX_REMEMBERED = 200_000;
/** Dropping all expired tokens takes a few milliseconds; doing it more often would not pay. */
const SWEEP_INTERVAL_SECONDS = 10;

export interface ReplayMemory {
  /**
   * @param signed the part of the token that the signature covers. The signature must not be part of the key: anyone can turn one valid
   *   ECDSA signature into another.
   * @param expiresAtSeconds when the token stops being accepted; undefined if it never expires
   * @returns false for a token that was seen before
   */
  firstTime(signed: string, expiresAtSeconds: number | undefined): boolean;
}

/** @param onFull called once, when tokens are first dropped before their expiry because there are too many */
export function createReplayMemory(options: {
  now: () => number;
  /** How long tokens are remembered beyond their expiry, because the clock that they are checked against may go back by as much. */
  keepSeconds?: number;
  onFull: () => void;
  maxRemembered?: number;
}): ReplayMemory {
  const { keepSeconds = 0 } = options;
  const maxRemembered = options.maxRemembered ?? MAX_REMEMBERED;
  // In order of arrival. 16 bytes of SHA-256 are enough: a collision would have to be signed by the hub.
  const expiryByDigest = new Map<string, number>();
  let sweptAt = 0;
  let hasReportedFull = false;

  function makeRoom(nowSeconds: number): void {
    if (nowSeconds - sweptAt >= SWEEP_INTERVAL_SECONDS) {
      sweptAt = nowSeconds;
      for (const [digest, expiry] of expiryByDigest) if (expiry <= nowSeconds) expiryByDigest.delete(digest);
    }
    // Looking for the first key costs some 50 µs after a sweep: a Map skips its deleted entries one by one.
    if (expiryByDigest.size < maxRemembered) return;
    const [oldest = ''] = expiryByDigest.keys();
    expiryByDigest.delete(oldest);
    if (!hasReportedFull) options.onFull();
    hasReportedFull = true;
  }

  return {
    firstTime(signed, expiresAtSeconds) {
      const digest = hash('sha256', signed, 'buffer').toString('latin1', 0, 16);
      const nowSeconds = Math.floor(options.now() / 1000);
      if (expiryByDigest.has(digest)) return false;
      makeRoom(nowSeconds);
      expiryByDigest.set(digest, (expiresAtSeconds ?? nowSeconds + WITHOUT_EXPIRY_SECONDS) + keepSeconds);
      return true;
    },
  };
}
