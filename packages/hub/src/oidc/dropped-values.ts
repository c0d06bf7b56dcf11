/** Says once in the log which values of profiles became no claim, so that an administrator can correct the mapper. */
import type { Log } from '@landbridge/runtime';
import { LRUCache } from 'lru-cache';

/** Connections times faults of their mappers; a repeated line is no harm. */
const MAX_REMEMBERED = 1000;

export type ReportDropped = (dropped: readonly string[], context: { connection: string; correlationId: string }) => void;

export function createDroppedReport(log: Log): ReportDropped {
  const reported = new LRUCache<string, true>({ max: MAX_REMEMBERED });
  return (dropped, { connection, correlationId }) => {
    // The same fault in another place of a list, or in a text of another length.
    const keyOf = (sentence: string) => `${connection} ${sentence.replace(/\d+/g, '#')}`;
    const fresh = dropped.filter((sentence) => !reported.has(keyOf(sentence)));
    if (fresh.length === 0) return;
    for (const sentence of fresh) reported.set(keyOf(sentence), true);
    log.warn({ connection, correlationId, dropped: fresh }, 'Values of a profile became no claim: correct the profile mapper');
  };
}
