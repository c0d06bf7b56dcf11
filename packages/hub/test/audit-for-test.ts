/** The audit log of tests, sealed with a key that all of them share. */
import { type Audit, createAudit } from '../src/audit/audit.ts';
import { createAuditChain } from '../src/audit/chain.ts';
import { openHomeKey } from '../src/home-key.ts';
import type { Store } from '../src/store/store.ts';

const KEY = Buffer.alloc(32, 7).toString('base64url');

/** The hub key of test stores. */
export const TEST_KEY = openHomeKey('', KEY, {});

export const TEST_CHAIN = createAuditChain(TEST_KEY);

/** The settings of a hub without copies of its audit log. */
export const NO_COPIES = {
  AUDIT_STREAM_FILE: undefined,
  AUDIT_SYSLOG_URL: undefined,
  AUDIT_HTTP_URL: undefined,
  AUDIT_HTTP_TOKEN_FILE: undefined,
  AUDIT_CA_FILE: undefined,
  AUDIT_HEAD_FILE: undefined,
  AUDIT_HEAD_MINUTES: 60,
  AUDIT_RETENTION_DAYS: 365,
};

export function auditForTest(store: Store): Audit {
  return createAudit(store, TEST_CHAIN.seal);
}
