import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { TEST_KEY } from '../../test/audit-for-test.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import type { Store } from '../store/store.ts';
import { loadSigningKeys } from './signing-keys.ts';

function newStore(t: TestContext): Store {
  const folder = mkdtempSync(join(tmpdir(), 'landbridge-keys-'));
  const store = openSqliteStore(join(folder, 'hub.sqlite'), TEST_KEY);
  t.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return store;
}

test('tokens verify with a JOSE library', async (t) => {
  const store = newStore(t);
  const keys = await loadSigningKeys(store);
  const jwks = createLocalJWKSet({ keys: keys.jwks.keys.map((key) => ({ ...key, kty: String(key.kty) })) });
  const { payload, protectedHeader } = await jwtVerify(keys.sign({ pid: '1', text: 'ü"\\' }), jwks, { algorithms: ['RS256'] });
  assert.deepEqual(payload, { pid: '1', text: 'ü"\\' });
  assert.ok(protectedHeader.kid);
});

test('two hubs that start at the same time create one set of keys', async (t) => {
  const store = newStore(t);
  const [one, two] = await Promise.all([loadSigningKeys(store), loadSigningKeys(store)]);
  assert.deepEqual(one.jwks, two.jwks);
  assert.deepEqual((await loadSigningKeys(store)).jwks, one.jwks);
  assert.equal((await store.signingKeys()).length, 1);
});
