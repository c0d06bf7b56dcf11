/** Groups by key with when they were read, in memory only, and not more than a certain number of bytes. */
import { LRUCache } from 'lru-cache';
import type { KnownGroup } from './group.ts';

/** A group of a dozen parents takes some 4 KB, most take less than 1 KB: enough for 20,000 groups and more. */
export const MAX_CACHE_BYTES = 64 * 1024 * 1024;

export interface Remembered {
  known: KnownGroup;
  ageMs: number;
}

export interface GroupCache {
  /** The group, however old it is within `keepSeconds`. */
  get(key: string): Remembered | undefined;
  set(key: string, known: KnownGroup): void;
}

/** @param options `keepSeconds`: 0 keeps nothing; beyond `maxBytes` what was used longest ago goes */
export function createGroupCache(options: { keepSeconds: number; maxBytes?: number; now: () => number }): GroupCache {
  const { keepSeconds, maxBytes = MAX_CACHE_BYTES, now } = options;
  if (keepSeconds <= 0) return { get: () => undefined, set: () => {} };
  const kept = new LRUCache<string, { known: KnownGroup; readAt: number }>({
    maxSize: maxBytes,
    sizeCalculation: ({ known }, key) => sizeOf(key, known),
    ttl: keepSeconds * 1000,
    ttlResolution: 0,
    perf: { now },
  });
  return {
    get(key) {
      const found = kept.get(key);
      return found && { known: found.known, ageMs: now() - found.readAt };
    },
    set: (key, known) => void kept.set(key, { known, readAt: now() }),
  };
}

/** What the cache's own tables and the objects take beside the texts, measured with Node 24. */
const ENTRY_BYTES = 400;
const PARENT_BYTES = 120;

/** Texts at two bytes a character, as those have that are not Latin: rather too much than too little. */
function sizeOf(key: string, { group, parents }: KnownGroup): number {
  let bytes = ENTRY_BYTES + 2 * key.length;
  if (group !== undefined) bytes += 2 * (group.dn.length + group.key.length) + valueSize(group.value);
  for (const parent of parents) {
    bytes += PARENT_BYTES + 2 * (parent.dn.length + parent.key.length) + ('value' in parent ? valueSize(parent.value) : 0);
  }
  return bytes;
}

function valueSize(value: unknown): number {
  if (typeof value === 'string') return 2 * value.length;
  if (Buffer.isBuffer(value)) return 100 + value.length;
  if (typeof value !== 'object' || value === null) return 8;
  return Object.values(value).reduce((sum: number, one) => sum + 50 + valueSize(one), 100);
}
