/** Who changes something in the hub, and what every such change needs: the store, the audit log, and a way to make it count at once. */
import type { Audit, AuditEvent } from './audit/audit.ts';
import type { Store } from './store/store.ts';

export interface Operator {
  store: Store;
  audit: Audit;
  /** `administrator:NAME`, `api-key:ID` or `command-line`. */
  actor: string;
  remoteAddress?: string | undefined;
  /** Lets the running hub take the change up now. A command in another process leaves it to the hub's next heartbeat. */
  takeEffect: () => Promise<void>;
}

/** Writes down what an operator has done. */
export async function recordChange(
  { audit, actor, remoteAddress }: Operator,
  change: Pick<AuditEvent, 'action' | 'connection' | 'subject' | 'detail'>,
): Promise<void> {
  await audit.record({ actor, result: 'ok', ...(remoteAddress === undefined ? {} : { remoteAddress }), ...change });
}
