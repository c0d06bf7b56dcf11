/**
 * Groups from the cache while they are fresh, else read from the directory, several with one search. Concurrent requests for the same group
 * share its search.
 *
 * A group is never older than `cacheSeconds`. In the second half of that time it is returned at once and refreshed in the background, so
 * that groups in use are always cached.
 */
import { createGroupCache } from './cache.ts';
import type { KnownGroup, Reference } from './group.ts';

export interface KnownGroupsOptions<R extends Reference> {
  cacheSeconds: number;
  /** If larger than `cacheSeconds`, how long groups are kept for `fromCache`. */
  staleSeconds: number;
  /** How long a missing group stays cached as missing; a minute by default, as it may not have been replicated to this server yet. */
  missingSeconds?: number;
  /** @returns what is known of each, by the reference's key */
  read(references: readonly R[]): Promise<Map<string, KnownGroup>>;
  /** Whether an answer may be cached; by default every one. */
  mayKeep?(known: KnownGroup): boolean;
  /** Called if refreshing a group in use failed. */
  onRefreshFailed(error: unknown): void;
  now: () => number;
}

export interface Seen {
  known: KnownGroup;
  /** How long it has been cached; undefined if it was just read. */
  ageMs: number | undefined;
}

export interface KnownGroups<R extends Reference = Reference> {
  /** @throws what `read` throws, or the signal's reason */
  get(references: readonly R[], signal: AbortSignal): Promise<Map<string, Seen>>;
  /** From the cache alone, including outdated groups; undefined if one of them is not cached. */
  fromCache(references: readonly R[]): Map<string, Seen> | undefined;
}

const MISSING_SECONDS = 60;

export function createKnownGroups<R extends Reference>(options: KnownGroupsOptions<R>): KnownGroups<R> {
  const { now, cacheSeconds } = options;
  const missingSeconds = Math.min(cacheSeconds, options.missingSeconds ?? MISSING_SECONDS);
  const cache = createGroupCache({ keepSeconds: Math.max(cacheSeconds, options.staleSeconds), now });
  const underWay = new Map<string, Promise<Map<string, KnownGroup>>>();

  /** One search for all groups that are not being read already. */
  function read(references: readonly R[]): void {
    const unread = references.filter(({ key }) => !underWay.has(key));
    if (unread.length === 0) return;
    const reading = options
      .read(unread)
      .then((found) => {
        for (const [key, known] of found) if (options.mayKeep?.(known) ?? true) cache.set(key, known);
        return found;
      })
      .finally(() => {
        for (const { key } of unread) underWay.delete(key);
      });
    for (const { key } of unread) underWay.set(key, reading);
  }

  function lifetimeMs({ group }: KnownGroup): number {
    return 1000 * (group === undefined ? missingSeconds : cacheSeconds);
  }

  return {
    async get(references, signal) {
      const seen = new Map<string, Seen>();
      const missing: R[] = [];
      const ageing: R[] = [];
      for (const reference of references) {
        const cached = cache.get(reference.key);
        const lifetime = cached === undefined ? 0 : lifetimeMs(cached.known);
        if (cached === undefined || cached.ageMs >= lifetime) missing.push(reference);
        else {
          seen.set(reference.key, cached);
          if (cached.ageMs >= lifetime / 2) ageing.push(reference);
        }
      }
      if (ageing.length > 0) {
        read(ageing);
        for (const reading of new Set(ageing.map(({ key }) => underWay.get(key)))) reading?.catch(options.onRefreshFailed);
      }
      if (missing.length === 0) return seen;
      read(missing);
      // Other callers may share this search, so one caller's signal must not end it; its timeout does.
      const readings = missing.map(({ key }) => ({ key, reading: underWay.get(key) }));
      const all = Promise.all(readings.map(async ({ key, reading }) => ({ key, known: (await reading)?.get(key) })));
      for (const { key, known } of await unlessAborted(all, signal)) if (known !== undefined) seen.set(key, { known, ageMs: undefined });
      return seen;
    },
    fromCache(references) {
      const seen = new Map<string, Seen>();
      for (const { key } of references) {
        const cached = cache.get(key);
        if (cached === undefined) return undefined;
        seen.set(key, cached);
      }
      return seen;
    },
  };
}

/** @returns the result of the work, as long as the caller waits for it @throws the signal's reason */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
