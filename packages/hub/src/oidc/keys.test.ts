import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { TEST_KEY } from '../../test/audit-for-test.ts';
import { operatorForTest } from '../../test/operator-for-test.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import { loadProviderKeys, removeRetiredKeys, rotateProviderKeys } from './keys.ts';

const DAY_MS = 24 * 60 * 60_000;

test('keys are created once, rotated, and removed 30 days after their replacement', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'landbridge-oidc-keys-'));
  const store = openSqliteStore(join(folder, 'hub.sqlite'), TEST_KEY);
  t.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const [first, same] = await Promise.all([loadProviderKeys(store), loadProviderKeys(store)]);
  assert.equal(first.version, same.version);
  assert.deepEqual(first.jwks.keys.map(({ alg }) => alg).sort(), ['ES256', 'RS256']);

  await rotateProviderKeys(operatorForTest(store));
  const both = await loadProviderKeys(store);
  assert.equal(both.jwks.keys.length, 4);
  assert.equal(both.cookieKeys.length, 2);
  // The newest signs: it comes before the one it replaces.
  const newest = both.jwks.keys.find(({ alg }) => alg === 'RS256');
  assert.ok(!first.jwks.keys.some(({ kid }) => kid === newest?.kid));
  assert.notEqual(both.cookieKeys[0], first.cookieKeys[0]);
  assert.deepEqual(
    (await store.auditRecords({}, 10)).map(({ action }) => action),
    ['oidc-keys.rotate'],
  );

  // The signing key is never removed, whatever its age.
  await removeRetiredKeys(store, new Date(Date.now() + 29 * DAY_MS));
  assert.equal((await loadProviderKeys(store)).version, both.version);
  await removeRetiredKeys(store, new Date(Date.now() + 400 * DAY_MS));
  const left = await loadProviderKeys(store);
  assert.deepEqual(
    left.jwks.keys.map(({ kid }) => kid).sort(),
    both.jwks.keys
      .map(({ kid }) => kid)
      .filter((kid) => !first.version.includes(kid ?? ''))
      .sort(),
  );
  assert.deepEqual(left.cookieKeys, both.cookieKeys.slice(0, 1));
});
