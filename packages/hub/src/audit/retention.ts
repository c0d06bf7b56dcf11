/** Retention of the audit log: once a day old records are removed, and the head of the chain is written to the hub's log. */
import { errorText, type Log } from '@landbridge/runtime';
import type { AuditSeal } from '../store/audit.ts';
import type { Store } from '../store/store.ts';
import type { AuditChain } from './chain.ts';

const DAY_MS = 24 * 60 * 60_000;

/** Removes records older than `days`; 0 keeps all. @returns how many were removed */
export async function pruneAuditLog(store: Store, seal: AuditSeal, days: number, now: Date = new Date()): Promise<number> {
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
    seal,
  );
}

/** Now and every day. @returns a function that stops it */
export function startAuditRetention(store: Store, chain: AuditChain, log: Log, days: number): () => void {
  async function daily(): Promise<void> {
    try {
      const removed = await pruneAuditLog(store, chain.seal, days);
      const [head] = await store.auditRecords({}, 1);
      if (head !== undefined) log.info({ head: chain.headText(head), removed }, 'Audit log');
    } catch (error) {
      log.error({ err: error }, `Old audit records not removed: ${errorText(error)}`);
    }
  }
  void daily();
  // The timer must not keep the process alive if the hub cannot listen.
  const timer = setInterval(() => void daily(), DAY_MS).unref();
  return () => clearInterval(timer);
}
