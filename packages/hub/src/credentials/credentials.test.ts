import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { createLog } from '@landbridge/runtime';
import { TEST_KEY } from '../../test/audit-for-test.ts';
import { exampleConnection } from '../../test/store-conformance/examples.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import { createCredentialCache } from './credentials.ts';
import { openProfile, sealProfile } from './seal.ts';

const ANNA = { id: 'anna-id', displayName: 'Anna Secret-Name', groups: ['Staff'] };
const USER = { profile: ANNA, subject: 'anna-id' };
const HOUR = 60 * 60_000;

async function newCache(t: TestContext, settings: { CREDENTIAL_CACHE?: boolean; CREDENTIAL_CACHE_MAX_AGE_HOURS?: number } = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'landbridge-credentials-'));
  const path = join(folder, 'hub.sqlite');
  const store = openSqliteStore(path, TEST_KEY);
  const { log } = createLog({ level: 'error', format: 'json', destination: { write: (line: string) => assert.fail(line) } });
  const clock = { now: Date.now() };
  const open = (more: typeof settings = {}) =>
    createCredentialCache({
      store,
      log,
      settings: { CREDENTIAL_CACHE: true, CREDENTIAL_CACHE_MAX_AGE_HOURS: 24, ...settings, ...more },
      now: () => clock.now,
    });
  const connection = exampleConnection('corp');
  await store.addConnection(connection);
  t.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  return { path, store, clock, connection, open, cache: await open() };
}

test('the last successful sign-in is found by name and password until it expires', async (t) => {
  const { cache, connection, clock } = await newCache(t);
  const cachedAt = new Date(clock.now);
  cache.remember(connection, 'anna', 'right', USER);
  await cache.idle();
  clock.now += 24 * HOUR - 1;
  assert.deepEqual(await cache.find(connection, ' ANNA ', 'right'), { ...USER, cachedAt });
  assert.equal(await cache.find(connection, 'anna', 'Right'), 'other-password');
  assert.equal(await cache.find(connection, 'anna', ''), 'other-password');
  assert.equal(await cache.find(connection, 'ben', 'right'), undefined);
  assert.equal(await cache.find({ ...connection, id: 'other' }, 'anna', 'right'), undefined);
  clock.now += 1;
  assert.equal(await cache.find(connection, 'anna', 'right'), undefined);
});

test('the database has no password, profile or name in clear text', async (t) => {
  const { cache, connection, path } = await newCache(t);
  cache.remember(connection, 'anna.lee', 'right password', USER);
  await cache.idle();
  const database = new DatabaseSync(path);
  const rows = ['cached_credentials', 'cached_credential_names'].flatMap((table) => database.prepare(`SELECT * FROM ${table}`).all());
  database.close();
  assert.equal(rows.length, 2);
  const bytes = rows.flatMap((row) => Object.values(row).map((value) => Buffer.from(value instanceof Uint8Array ? value : String(value))));
  for (const secret of ['right password', 'Secret-Name', 'Staff', 'anna.lee']) {
    assert.ok(!Buffer.concat(bytes).includes(secret), secret);
  }
});

test('a sealed profile opens only for its own user, and not after a byte changed', async () => {
  const owner = { connectionId: 'id-a', userId: 'anna' };
  const sealed = await sealProfile(ANNA, 'right', owner);
  assert.deepEqual(await openProfile(sealed, 'right', owner), ANNA);
  assert.equal(await openProfile(sealed, 'right', { ...owner, userId: 'ben' }), undefined);
  assert.equal(await openProfile(sealed, 'right', { ...owner, connectionId: 'id-b' }), undefined);
  const changed = Buffer.from(sealed.sealed);
  changed[40] = (changed[40] ?? 0) ^ 1;
  assert.equal(await openProfile({ ...sealed, sealed: changed }, 'right', owner), undefined);
  assert.equal(await openProfile({ ...sealed, sealed: Buffer.of(1, 2) }, 'right', owner), undefined);
  assert.notDeepEqual((await sealProfile(ANNA, 'right', owner)).salt, sealed.salt);
});

test('a new password replaces the old one', async (t) => {
  const { cache, connection } = await newCache(t);
  cache.remember(connection, 'anna', 'old', USER);
  await cache.idle();
  cache.remember(connection, 'anna', 'new', { ...USER, profile: { ...ANNA, groups: [] } });
  await cache.idle();
  assert.equal(await cache.find(connection, 'anna', 'old'), 'other-password');
  const found = await cache.find(connection, 'anna', 'new');
  assert.ok(typeof found === 'object');
  assert.deepEqual(found.profile.groups, []);
});

test('a rejected user is forgotten under every name, including entries about to be written', async (t) => {
  const { cache, connection } = await newCache(t);
  cache.remember(connection, 'anna', 'right', USER);
  cache.remember(connection, 'anna@corp', 'right', USER);
  await cache.idle();
  assert.equal(await cache.forget(connection, 'CORP\\anna', 'anna-id'), true);
  assert.equal(await cache.find(connection, 'anna', 'right'), undefined);
  assert.equal(await cache.find(connection, 'anna@corp', 'right'), undefined);
  assert.equal(await cache.forget(connection, 'anna', undefined), false);

  cache.remember(connection, 'anna', 'right', USER);
  await cache.forget(connection, 'anna', undefined);
  await cache.idle();
  assert.equal(await cache.find(connection, 'anna', 'right'), undefined);
  cache.remember(connection, 'anna', 'right', USER);
  await cache.idle();
  assert.ok(await cache.find(connection, 'anna', 'right'));
});

test('a password that the directory rejects is forgotten if it is the cached one, and any other password forgets nothing', async (t) => {
  const { cache, connection } = await newCache(t);
  cache.remember(connection, 'anna', 'right', USER);
  await cache.idle();
  const forgotten: string[] = [];
  cache.forgetPassword(connection, 'anna', 'a guess', () => forgotten.push('guess'));
  await cache.idle();
  assert.ok(typeof (await cache.find(connection, 'anna', 'right')) === 'object');
  cache.forgetPassword(connection, 'anna', 'right', () => forgotten.push('right'));
  await cache.idle();
  assert.equal(await cache.find(connection, 'anna', 'right'), undefined);
  assert.deepEqual(forgotten, ['right']);
});

test('nothing is cached if the cache is off, or of a user without an immutable id, or with too large a profile', async (t) => {
  const { cache, connection, open } = await newCache(t);
  const without = { ...connection, settings: { ...connection.settings, credentialCache: false } };
  cache.remember(without, 'anna', 'right', USER);
  cache.remember(connection, 'ben', 'right', { profile: { id: 'ben-id', displayName: 'Ben' } });
  await cache.idle();
  assert.equal(await cache.find(connection, 'anna', 'right'), undefined);
  assert.equal(await cache.find(connection, 'ben', 'right'), undefined);

  cache.remember(connection, 'anna', 'right', USER);
  await cache.idle();
  assert.equal(await cache.find(without, 'anna', 'right'), undefined);
  const off = await open({ CREDENTIAL_CACHE: false });
  off.remember(connection, 'anna', 'right', USER);
  await off.idle();
  assert.equal(await off.find(connection, 'anna', 'right'), undefined);
  // The entry was removed as well.
  assert.equal(await (await open()).find(connection, 'anna', 'right'), undefined);
});

test('after the cache of a connection was switched off and on, the next sign-in is cached again', async (t) => {
  const { cache, connection, store } = await newCache(t);
  cache.remember(connection, 'anna', 'right', USER);
  await cache.idle();
  const { enabled, settings } = connection;
  await store.updateConnection(connection.id, { enabled, settings: { ...settings, credentialCache: false } });
  assert.equal(await cache.find(connection, 'anna', 'right'), undefined);
  await store.updateConnection(connection.id, { enabled, settings });
  cache.remember(connection, 'anna', 'right', USER);
  while ((await cache.find(connection, 'anna', 'right')) === undefined) await cache.idle();
});
