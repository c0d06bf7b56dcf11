/** Makes sure that all processes seal the audit log with the same key. */
import { CodedError } from '@landbridge/runtime';
import { NEW_KEY_ACTION } from '../store/audit.ts';
import type { Store } from '../store/store.ts';
import { createAudit } from './audit.ts';
import type { AuditChain } from './chain.ts';

/** @throws CodedError HUB_KEY_MISMATCH: records sealed with this key would break the chain */
export async function requireSameKey(store: Store, { keyCheck }: AuditChain): Promise<void> {
  const expected = await store.keyCheck();
  if (expected === undefined) return store.setKeyCheck(keyCheck);
  if (expected === keyCheck) return;
  throw new CodedError('HUB_KEY_MISMATCH', 'The database belongs to another key than hub.key, HUB_KEY or the credential', {
    action:
      'Put the key of this hub in place; commands need the same one as the service. If it is lost, run "landbridge-hub audit new-key": older records can then no longer be verified.',
  });
}

/** Continues the chain with another key. Older records can no longer be verified. */
export async function startNewKey(store: Store, chain: AuditChain, actor: string): Promise<void> {
  const [last] = await store.auditRecords({}, 1);
  await store.setKeyCheck(chain.keyCheck);
  const detail = last === undefined ? undefined : `${last.id} ${last.hash}`;
  if (detail !== undefined) await createAudit(store, chain.seal).record({ actor, action: NEW_KEY_ACTION, result: 'ok', detail });
}
