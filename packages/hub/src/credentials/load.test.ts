import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createLog } from '@landbridge/runtime';
import { TEST_KEY } from '../../test/audit-for-test.ts';
import { exampleConnection } from '../../test/store-conformance/examples.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import { createCredentialCache } from './credentials.ts';

async function cacheWith(t: TestContext, names: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'landbridge-load-'));
  const store = openSqliteStore(join(folder, 'hub.sqlite'), TEST_KEY);
  const { log } = createLog({ level: 'error', format: 'json', destination: { write: (line: string) => assert.fail(line) } });
  const clock = { now: Date.now() };
  const settings = { CREDENTIAL_CACHE: true, CREDENTIAL_CACHE_MAX_AGE_HOURS: 24 };
  const cache = await createCredentialCache({ store, log, settings, now: () => clock.now });
  const [corp, other] = [exampleConnection('corp'), exampleConnection('other')];
  for (const connection of [corp, other]) await store.addConnection(connection);
  for (const name of names) cache.remember(corp, name, 'right', { profile: { id: name }, subject: name });
  await cache.idle();
  t.after(async () => {
    await cache.close();
    await store.close();
    rmSync(folder, { recursive: true });
  });
  return { cache, corp, other, clock };
}
const isFound = (found: unknown) => typeof found === 'object';

test('a user who was just verified is verified again without hashing the password', async (t) => {
  const { cache, corp, clock } = await cacheWith(t, ['anna']);
  assert.ok(isFound(await cache.find(corp, 'anna', 'right')));
  const since = performance.now();
  for (let n = 0; n < 200; n++) assert.ok(isFound(await cache.find(corp, 'anna', 'right')));
  // 200 hashes would take some ten seconds of a core.
  assert.ok(performance.now() - since < 3000, `${performance.now() - since} ms`);
  assert.equal(await cache.find(corp, 'anna', 'wrong'), 'other-password');
  await cache.forget(corp, 'anna', 'anna');
  assert.equal(await cache.find(corp, 'anna', 'right'), undefined);
  cache.remember(corp, 'anna', 'newer', { profile: { id: 'anna' }, subject: 'anna' });
  await cache.idle();
  assert.equal(await cache.find(corp, 'anna', 'right'), 'other-password');
  clock.now += 25 * 60 * 60_000;
  assert.equal(await cache.find(corp, 'anna', 'newer'), undefined);
});

test('excess checks are rejected as busy, and do not delay those of another connection', async (t) => {
  const { cache, corp, other } = await cacheWith(t, ['anna']);
  const cores = Math.min(4, availableParallelism());
  let ended = 0;
  const asked = Array.from({ length: 110 * cores }, async (_, n) => {
    const found = await cache.find(corp, `user-${n}`, 'x');
    if (found !== 'busy') ended++;
    return found;
  });
  assert.equal(await cache.find(other, 'ben', 'x'), undefined);
  assert.ok(ended <= 4 * cores, `${ended} came first`);
  const busy = (await Promise.all(asked)).filter((found) => found === 'busy').length;
  assert.ok(busy >= 5 * cores, String(busy));
});
