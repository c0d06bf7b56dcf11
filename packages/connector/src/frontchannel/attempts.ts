/**
 * Limits wrong passwords at the form, so that nobody reaches the directory's own lockout through it (commonly five in half an hour), and
 * guessing is slow. In memory, bounded, gone with the process: several connectors count each for themselves.
 */
import { createHash } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { LRUCache } from 'lru-cache';

export interface Attempts {
  /** @returns how many seconds this attempt has to wait; undefined where it may be made. It then counts as wrong until `right`. */
  begin(name: string, address: string): { retryAfterSeconds: number } | undefined;
  /** It was not wrong: it does not count, and what went before for this name neither. */
  right(name: string, address: string): void;
  /** It was never tried, or the directory had no opinion: only this one does not count. */
  untried(name: string, address: string): void;
}

const WINDOW_MS = 30 * 60_000;
const PER_NAME = 4;
/** A company's people may come from one address. */
const PER_ADDRESS = 300;
const MAX_KEPT = 50_000;

export function createAttempts(now: () => number = Date.now): Attempts {
  /** Times of what counts, oldest first. */
  const counted = new LRUCache<string, number[]>({ max: MAX_KEPT });

  const recent = (key: string) => (counted.get(key) ?? []).filter((at) => now() - at < WINDOW_MS);
  const takeBack = (key: string) => {
    counted.set(key, recent(key).slice(0, -1));
  };

  return {
    begin(name, address) {
      const limits = [
        { key: nameKey(name), most: PER_NAME },
        { key: addressKey(address), most: PER_ADDRESS },
      ].map(({ key, most }) => ({ key, most, times: recent(key) }));
      const waits = limits.filter(({ times, most }) => times.length >= most).map(({ times }) => (times[0] ?? 0) + WINDOW_MS - now());
      if (waits.length > 0) return { retryAfterSeconds: Math.max(1, Math.ceil(Math.max(...waits) / 1000)) };
      for (const { key, times } of limits) counted.set(key, [...times, now()]);
      return undefined;
    },
    right(name, address) {
      counted.delete(nameKey(name));
      takeBack(addressKey(address));
    },
    untried(name, address) {
      takeBack(nameKey(name));
      takeBack(addressKey(address));
    },
  };
}

/** Directories take `Anna`, `CORP\anna` and `anna@corp.example` for one person: they have one count. Names may be long, keys are not. */
function nameKey(name: string): string {
  const account = name.trim().normalize('NFKC').toLowerCase().replace(/^.*\\/s, '').replace(/@.*$/s, '');
  return `n${createHash('sha256').update(account).digest('base64url')}`;
}

/** One person has a whole /64 of IPv6 addresses. */
function addressKey(address: string): string {
  return `a${isIPv6(address) ? new URL(`http://[${address.replace(/%.*$/, '')}]`).hostname.slice(1, -1).split(':').slice(0, 4).join(':') : address}`;
}
