/** The audit log of tests, sealed with a key that all of them share. */
import { type Audit, createAudit } from '../src/audit/audit.ts';
import { createAuditChain } from '../src/audit/chain.ts';
import { openHomeKey } from '../src/home-key.ts';
import type { Store } from '../src/store/store.ts';

const KEY = Buffer.alloc(32, 7).toString('base64url');

/** The key of the stores of tests. */
export const TEST_KEY = openHomeKey('', KEY, {});

export const TEST_CHAIN = createAuditChain(TEST_KEY);

export function auditForTest(store: Store): Audit {
  return createAudit(store, TEST_CHAIN.seal);
}
