/** An operator who changes something in the hub, with what every change needs: the store, the audit log, and a way to apply it at once. */
import type { Audit, AuditEvent } from './audit/audit.ts';
import type { Store } from './store/store.ts';

export interface Operator {
  store: Store;
  audit: Audit;
  /** `administrator:NAME`, `api-key:ID` or `command-line`. */
  actor: string;
  remoteAddress?: string | undefined;
  /** Makes the running hub apply the change now. A command in another process leaves that to the hub's next heartbeat. */
  takeEffect: () => Promise<void>;
}

/** Records a change in the audit log. */
export async function recordChange(
  { audit, actor, remoteAddress }: Operator,
  change: Pick<AuditEvent, 'action' | 'connection' | 'subject' | 'detail'>,
): Promise<void> {
  await audit.record({ actor, result: 'ok', ...(remoteAddress === undefined ? {} : { remoteAddress }), ...change });
}
