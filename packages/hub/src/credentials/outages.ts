/**
 * When a connection is in an outage, so that the credential cache may answer: its directory has not answered for some time, and no flood of
 * sockets keeps its connectors out. Otherwise an outsider could open the cache for a password that was replaced in the directory.
 */
import type { FailureCode } from '@landbridge/protocol';
import type { Connection } from '../store/connections.ts';

export interface Outages {
  /** The directory answered, whatever it said. */
  over(connection: Connection): void;
  /** No directory answered. @returns why the cache may not answer yet; undefined if it may */
  refusal(connection: Connection, code: FailureCode): string | undefined;
}

/** After a shortage of sockets, connectors reconnect within this time. */
const SHORTAGE_MS = 10 * 60_000;

/** @param shortageAt when sockets of connectors last found no place (epoch milliseconds) */
export function createOutages({
  afterMs,
  shortageAt,
  now = Date.now,
}: {
  afterMs: number;
  shortageAt: () => number | undefined;
  now?: () => number;
}): Outages {
  /** By connection: since when no directory has answered. Connections are made by operators only. */
  const since = new Map<string, number>();
  return {
    over({ id }) {
      since.delete(id);
    },
    refusal({ id, settings }, code) {
      const sinceMs = since.get(id) ?? now();
      since.set(id, sinceMs);
      if (settings.cacheClosed) return 'the cache is closed by an operator';
      if (settings.cacheOpen) return undefined;
      if (now() - sinceMs < afterMs) return 'the outage is too short for the cache';
      // A connector that is online says itself that its directory is down.
      if (code !== 'directory_unavailable' && now() - (shortageAt() ?? Number.NEGATIVE_INFINITY) < SHORTAGE_MS)
        return 'a flood of sockets may keep connectors out: the cache is closed';
      return undefined;
    },
  };
}
