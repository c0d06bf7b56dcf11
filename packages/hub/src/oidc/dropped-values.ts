/** Logs once which values of profiles did not become claims, so that an administrator can correct the mapper. */
import type { Log } from '@landbridge/runtime';
import { LRUCache } from 'lru-cache';

/** The number of different faults remembered. Forgetting one only repeats a log line. */
const MAX_REMEMBERED = 1000;

export type ReportDropped = (dropped: readonly string[], context: { connection: string; correlationId: string }) => void;

export function createDroppedReport(log: Log): ReportDropped {
  const reported = new LRUCache<string, true>({ max: MAX_REMEMBERED });
  return (dropped, { connection, correlationId }) => {
    // Treats the same fault at another list index or with another length as the same.
    const keyOf = (sentence: string) => `${connection} ${sentence.replace(/\d+/g, '#')}`;
    const fresh = dropped.filter((sentence) => !reported.has(keyOf(sentence)));
    if (fresh.length === 0) return;
    for (const sentence of fresh) reported.set(keyOf(sentence), true);
    log.warn({ connection, correlationId, dropped: fresh }, 'Some profile values did not become claims; correct the profile mapper');
  };
}
