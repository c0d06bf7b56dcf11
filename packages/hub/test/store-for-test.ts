/** An empty store for one test, in its own file, which is removed afterwards. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { openSqliteStore } from '../src/store/sqlite/sqlite-store.ts';
import type { Store } from '../src/store/store.ts';
import { TEST_KEY } from './audit-for-test.ts';

export function openStoreForTest(t: TestContext): Store {
  const folder = mkdtempSync(join(tmpdir(), 'landbridge-store-'));
  const store = openSqliteStore(join(folder, 'hub.sqlite'), TEST_KEY);
  t.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return store;
}
