/**
 * Wrong attempts per network address. A company may sit behind one address, so the limit is far above that of a person, only wrong
 * attempts count, and a right one takes none back: else an attacker with an account of his own would wash his address clean.
 */
import { addressGroup } from '@landbridge/runtime';
import { LRUCache } from 'lru-cache';

export interface AddressLimits {
  /** Wrong attempts within the window; 0: no limit. */
  attempts: number;
  windowMs: number;
}

export interface Addresses {
  /** Takes a place that counts as a wrong attempt until it is given back. @returns undefined where it has one, else how long to wait */
  reserve(address: string, nowMs: number): number | undefined;
  /** The attempt is over. */
  settle(address: string, wrong: boolean, nowMs: number): void;
}

const MAX_ADDRESSES = 50_000;
/** All places are taken by attempts that are under way. */
const BUSY_WAIT_MS = 1000;

interface Counted {
  /** Times of wrong attempts, the oldest first. */
  wrong: number[];
  underWay: number;
}

export function createAddresses({ attempts, windowMs }: AddressLimits): Addresses {
  const counted = new LRUCache<string, Counted>({ max: MAX_ADDRESSES });
  const of = (address: string) => {
    const group = addressGroup(address);
    const found = counted.get(group) ?? { wrong: [], underWay: 0 };
    counted.set(group, found);
    return found;
  };
  return {
    reserve(address, nowMs) {
      if (attempts === 0) return undefined;
      const entry = of(address);
      while ((entry.wrong[0] ?? nowMs) <= nowMs - windowMs) entry.wrong.shift();
      if (entry.wrong.length >= attempts) return (entry.wrong[entry.wrong.length - attempts] ?? nowMs) + windowMs - nowMs;
      if (entry.wrong.length + entry.underWay >= attempts) return BUSY_WAIT_MS;
      entry.underWay++;
      return undefined;
    },
    settle(address, wrong, nowMs) {
      if (attempts === 0) return;
      const entry = of(address);
      entry.underWay = Math.max(0, entry.underWay - 1);
      if (wrong) entry.wrong.push(nowMs);
    },
  };
}
