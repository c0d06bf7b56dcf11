/**
 * Groups that are known or become so: from memory while they are young enough, else read, several with one search. People who need
 * the same group at the same time share its search.
 *
 * An answer is never older than `cacheSeconds`. In the second half of that time it is still used at once, and read again behind the
 * back of whoever asked, so that groups in use are always there.
 */
import { createGroupCache } from './cache.ts';
import type { KnownGroup, Reference } from './group.ts';

export interface KnownGroupsOptions<R extends Reference> {
  cacheSeconds: number;
  /** Where larger than `cacheSeconds`, groups are kept so long for `remembered`. */
  staleSeconds: number;
  /** How long it is remembered that there is no such group; by default a minute: it may just not have reached this server yet. */
  missingSeconds?: number;
  /** @returns what is known of each, by the reference's key */
  read(references: readonly R[]): Promise<Map<string, KnownGroup>>;
  /** Whether an answer may be kept; by default each. */
  mayKeep?(known: KnownGroup): boolean;
  /** Told why a group that is in use could not be read again. */
  onRefreshFailed(error: unknown): void;
  now: () => number;
}

export interface Seen {
  known: KnownGroup;
  /** How long it has been in memory; undefined where it was read now. */
  ageMs: number | undefined;
}

export interface KnownGroups<R extends Reference = Reference> {
  /** @throws what `read` throws, or the signal's reason */
  get(references: readonly R[], signal: AbortSignal): Promise<Map<string, Seen>>;
  /** From memory alone, also what is too old; undefined where one of them is not there. */
  remembered(references: readonly R[]): Map<string, Seen> | undefined;
}

const MISSING_SECONDS = 60;

export function createKnownGroups<R extends Reference>(options: KnownGroupsOptions<R>): KnownGroups<R> {
  const { now, cacheSeconds } = options;
  const missingSeconds = Math.min(cacheSeconds, options.missingSeconds ?? MISSING_SECONDS);
  const cache = createGroupCache({ keepSeconds: Math.max(cacheSeconds, options.staleSeconds), now });
  const underWay = new Map<string, Promise<Map<string, KnownGroup>>>();

  /** One reading for all that nobody reads already. */
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
        const remembered = cache.get(reference.key);
        const lifetime = remembered === undefined ? 0 : lifetimeMs(remembered.known);
        if (remembered === undefined || remembered.ageMs >= lifetime) missing.push(reference);
        else {
          seen.set(reference.key, remembered);
          if (remembered.ageMs >= lifetime / 2) ageing.push(reference);
        }
      }
      if (ageing.length > 0) {
        read(ageing);
        for (const reading of new Set(ageing.map(({ key }) => underWay.get(key)))) reading?.catch(options.onRefreshFailed);
      }
      if (missing.length === 0) return seen;
      read(missing);
      // Others may wait for the same reading, so one caller's signal must not end it; its time-out does.
      const readings = missing.map(({ key }) => ({ key, reading: underWay.get(key) }));
      const all = Promise.all(readings.map(async ({ key, reading }) => ({ key, known: (await reading)?.get(key) })));
      for (const { key, known } of await unlessAborted(all, signal)) if (known !== undefined) seen.set(key, { known, ageMs: undefined });
      return seen;
    },
    remembered(references) {
      const seen = new Map<string, Seen>();
      for (const { key } of references) {
        const remembered = cache.get(key);
        if (remembered === undefined) return undefined;
        seen.set(key, remembered);
      }
      return seen;
    },
  };
}

/** @returns what comes of the work, for as long as somebody waits for it; @throws the signal's reason */
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
