/** Copies of an audit log to the receiver of a test. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createLog } from '@landbridge/runtime';
import { startAuditCopies } from '../src/audit/copies.ts';
import { openSqliteStore } from '../src/store/sqlite/sqlite-store.ts';
import { auditForTest, NO_COPIES, TEST_CHAIN, TEST_KEY } from './audit-for-test.ts';

/** A store with an audit log, and the log of its hub. `copy` starts copying, which stops when the test ends. */
export function auditCopiesForTest(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'landbridge-audit-'));
  const store = openSqliteStore(join(folder, 'hub.sqlite'), TEST_KEY);
  const lines: string[] = [];
  const { log } = createLog({ level: 'info', format: 'text', destination: { write: (line) => lines.push(line) } });
  const stops: (() => Promise<void>)[] = [];
  t.after(async () => {
    await Promise.all(stops.map((stop) => stop()));
    await store.close();
    rmSync(folder, { recursive: true });
  });
  return {
    ...{ folder, store, lines, audit: auditForTest(store) },
    copy(settings: Partial<Parameters<typeof startAuditCopies>[0]['settings']>) {
      const copies = startAuditCopies({ store, chain: TEST_CHAIN, log, settings: { ...NO_COPIES, ...settings } });
      stops.push(copies.stop);
      return copies;
    },
  };
}

export async function until(holds: () => Promise<boolean> | boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!(await holds())) {
    assert.ok(Date.now() < deadline, 'waited in vain');
    await delay(10);
  }
}
