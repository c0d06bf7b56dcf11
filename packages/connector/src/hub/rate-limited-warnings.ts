/** Warnings that a peer can trigger at will: one line per kind and interval, with the number of suppressed ones. */
import type { Log } from '@landbridge/runtime';

const INTERVAL_MS = 10_000;

export type RateLimitedWarn = (kind: string, fields: Record<string, unknown>, message: string) => void;

/** @returns writes a warning, unless one of the same kind was written within the last 10 s */
export function rateLimitedWarnings(log: Log, now: () => number): RateLimitedWarn {
  // Kinds are words of this program, so there are only a few.
  const byKind = new Map<string, { writtenAt: number; suppressed: number }>();
  return (kind, fields, message) => {
    const last = byKind.get(kind);
    if (last !== undefined && now() - last.writtenAt < INTERVAL_MS) {
      last.suppressed++;
      return;
    }
    const suppressed = last?.suppressed ?? 0;
    byKind.set(kind, { writtenAt: now(), suppressed: 0 });
    log.warn(suppressed === 0 ? fields : { ...fields, suppressed }, message);
  };
}
