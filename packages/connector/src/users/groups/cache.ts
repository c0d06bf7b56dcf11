/** Groups by the key of their DN, for some seconds, and not more than a certain number of them. In memory only. */
import { LRUCache } from 'lru-cache';

/** Some 300 bytes each: 15 MB at the most. */
const MAX_GROUPS = 50_000;

export interface GroupCache<T extends object> {
  get(key: string): T | undefined;
  set(key: string, group: T): void;
}

/** @param ttlSeconds 0 or less: nothing is kept */
export function createGroupCache<T extends object>(ttlSeconds: number, now: () => number = () => performance.now()): GroupCache<T> {
  if (ttlSeconds <= 0) return { get: () => undefined, set: () => {} };
  return new LRUCache<string, T>({ max: MAX_GROUPS, ttl: ttlSeconds * 1000, ttlResolution: 0, perf: { now } });
}
