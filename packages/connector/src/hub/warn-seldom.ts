/** Warnings that a peer can cause as often as it likes: one line per kind and interval, with the number of those left out. */
import type { Log } from '@landbridge/runtime';

const INTERVAL_MS = 10_000;

/** @returns writes a warning, unless one of the same kind was written within the last 10 s */
export function warnSeldom(log: Log, now: () => number): (kind: string, fields: Record<string, unknown>, message: string) => void {
  // Kinds are words of this program, so there are only a few.
  const byKind = new Map<string, { writtenAt: number; leftOut: number }>();
  return (kind, fields, message) => {
    const last = byKind.get(kind);
    if (last !== undefined && now() - last.writtenAt < INTERVAL_MS) {
      last.leftOut++;
      return;
    }
    const leftOut = last?.leftOut ?? 0;
    byKind.set(kind, { writtenAt: now(), leftOut: 0 });
    log.warn(leftOut === 0 ? fields : { ...fields, alsoBefore: leftOut }, message);
  };
}
