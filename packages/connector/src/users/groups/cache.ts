/** Groups by key and when they were read, in memory, up to a maximum number of bytes. */
import { LRUCache } from 'lru-cache';
import type { KnownGroup } from './group.ts';

/** A group with a dozen parents takes about 4 KB, most take less than 1 KB: enough for more than 20,000 groups. */
const MAX_CACHE_BYTES = 64 * 1024 * 1024;

export interface CachedGroup {
  known: KnownGroup;
  ageMs: number;
}

export interface GroupCache {
  /** The group, whatever its age within `keepSeconds`. */
  get(key: string): CachedGroup | undefined;
  set(key: string, known: KnownGroup): void;
}

/** @param options `keepSeconds`: 0 keeps nothing; beyond `maxBytes` the least recently used go first */
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

/** The overhead of the map and the objects, measured with Node 24. */
const ENTRY_BYTES = 400;
const PARENT_BYTES = 120;

/** Two bytes per character, as in texts that are not Latin-1: an upper bound. */
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
