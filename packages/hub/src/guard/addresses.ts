/**
 * Wrong attempts per network address. A company may sit behind one address, so the limit is far above that of a person, only wrong
 * attempts count, and a right one takes none back: else an attacker with an account of his own would wash his address clean.
 */
import { isIPv6 } from 'node:net';
import { createRecentMap } from './recent-map.ts';

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
  const counted = createRecentMap<Counted>(MAX_ADDRESSES);
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

/** IPv6 by /64: that is what one household or host gets, with 2^64 addresses to choose from (RFC 6177, RFC 4291 section 2.5.4). */
export function addressGroup(address: string): string {
  const bare = address.replace(/%.*$/, '').toLowerCase();
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/.exec(bare)?.[1];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(bare)) return bare;
  // A dotted end takes two groups, and never reaches into the first four unless `::` stands for none of them.
  const [head = '', tail] = bare.replace(/:\d+\.\d+\.\d+\.\d+$/, ':0:0').split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups = tail === undefined ? left : [...left, ...Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => group.replace(/^0+(?=.)/, ''))
    .join(':')}::/64`;
}
