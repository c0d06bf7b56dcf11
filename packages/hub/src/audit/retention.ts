/** How long the audit log is kept: once a day the oldest records go, and the head of the chain is written to the hub's log. */
import { errorText, type Log } from '@landbridge/runtime';
import type { Store } from '../store/store.ts';
import { sealRecord } from './chain.ts';

const DAY_MS = 24 * 60 * 60_000;

/** Removes what is older than `days`; 0 keeps everything. @returns how many records went */
export async function pruneAuditLog(store: Store, days: number, now: Date = new Date()): Promise<number> {
  if (days === 0) return 0;
  return store.pruneAudit(
    new Date(now.getTime() - days * DAY_MS),
    {
      at: now,
      actor: 'hub',
      connection: undefined,
      subject: undefined,
      remoteAddress: undefined,
      instance: undefined,
      result: 'ok',
      correlationId: undefined,
    },
    sealRecord,
  );
}

/** Does so now and each day. @returns a function that ends it */
export function startAuditRetention(store: Store, log: Log, days: number): () => void {
  async function daily(): Promise<void> {
    try {
      const removed = await pruneAuditLog(store, days);
      const [head] = await store.auditRecords({}, 1);
      if (head !== undefined) log.info({ head: `${head.id}:${head.hash}`, removed }, 'Audit log');
    } catch (error) {
      log.error({ err: error }, `The audit log could not be shortened: ${errorText(error)}`);
    }
  }
  void daily();
  // A hub that cannot listen ends, and is not to wait for tomorrow.
  const timer = setInterval(() => void daily(), DAY_MS).unref();
  return () => clearInterval(timer);
}
