/**
 * Wrong attempts per network address. A whole company may share one address, so the limit is far above that of a user, and only wrong
 * attempts count. A right one clears nothing: otherwise an attacker with an account could reset the count.
 */
import { addressGroup } from '@landbridge/runtime';
import { LRUCache } from 'lru-cache';

export interface AddressLimits {
  /** Wrong attempts within the window; 0: no limit. */
  attempts: number;
  windowMs: number;
}

export interface Addresses {
  /** Reserves an attempt, which counts as wrong until it is settled. @returns milliseconds to wait if none is left */
  reserve(address: string, nowMs: number): number | undefined;
  /** The attempt is over. */
  settle(address: string, wrong: boolean, nowMs: number): void;
}

const MAX_ADDRESSES = 50_000;
/** All attempts left are in flight. */
const BUSY_WAIT_MS = 1000;

interface Counted {
  /** Times of wrong attempts, the oldest first. */
  wrong: number[];
  inFlight: number;
}

export function createAddresses({ attempts, windowMs }: AddressLimits): Addresses {
  const counted = new LRUCache<string, Counted>({ max: MAX_ADDRESSES });
  const of = (address: string) => {
    const group = addressGroup(address);
    const found = counted.get(group) ?? { wrong: [], inFlight: 0 };
    counted.set(group, found);
    return found;
  };
  return {
    reserve(address, nowMs) {
      if (attempts === 0) return undefined;
      const entry = of(address);
      while ((entry.wrong[0] ?? nowMs) <= nowMs - windowMs) entry.wrong.shift();
      if (entry.wrong.length >= attempts) return (entry.wrong[entry.wrong.length - attempts] ?? nowMs) + windowMs - nowMs;
      if (entry.wrong.length + entry.inFlight >= attempts) return BUSY_WAIT_MS;
      entry.inFlight++;
      return undefined;
    },
    settle(address, wrong, nowMs) {
      if (attempts === 0) return;
      const entry = of(address);
      entry.inFlight = Math.max(0, entry.inFlight - 1);
      if (wrong) entry.wrong.push(nowMs);
    },
  };
}
