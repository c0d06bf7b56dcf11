import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { CodedError } from '@landbridge/runtime';
import { auditForTest, TEST_CHAIN, TEST_KEY } from '../../test/audit-for-test.ts';
import { exampleConnection } from '../../test/store-conformance/examples.ts';
import { createAuditChain, verifyChain } from '../audit/chain.ts';
import { openHomeKey } from '../home-key.ts';
import { copyDatabase } from '../store/sqlite/copies.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import { begin } from '../store/sqlite/steps/001-begin.ts';
import { backupDatabase, restoreDatabase } from './backup.ts';
import { isHomeInUse } from './home-lock.ts';

function newHome(t: TestContext): { folder: string; database: string } {
  const folder = mkdtempSync(join(tmpdir(), 'landbridge-restore-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return { folder, database: join(folder, 'hub.sqlite') };
}

async function namesIn(path: string): Promise<string[]> {
  const store = openSqliteStore(path, TEST_KEY);
  try {
    return (await store.connections()).map(({ name }) => name).sort();
  } finally {
    await store.close();
  }
}

async function hasCode(promise: Promise<unknown>, code: string): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assert.ok(error instanceof CodedError, String(error));
    assert.equal(error.code, code);
    assert.ok(error.action);
    return true;
  });
}

test('a copy made during writes is complete, and only its owner can read it', async (t) => {
  const { folder, database } = newHome(t);
  const store = openSqliteStore(database, TEST_KEY);
  for (let n = 0; n < 50; n++) await store.addConnection(exampleConnection(`before-${n}`));
  const backup = join(folder, 'backup.sqlite');
  const copying = copyDatabase(database, backup);
  for (let n = 0; n < 50; n++) {
    await store.addConnection(exampleConnection(`during-${n}`));
    await new Promise(setImmediate);
  }
  await copying;
  assert.equal(statSync(backup).mode & 0o777, 0o600);
  assert.ok(readdirSync(folder).every((name) => !name.includes('unfinished') && !name.startsWith('backup.sqlite-')));
  const names = await namesIn(backup);
  assert.equal(names.filter((name) => name.startsWith('before')).length, 50);
  await store.close();
  await hasCode(copyDatabase(database, backup), 'BACKUP_TARGET_EXISTS');
  await hasCode(copyDatabase(database, join(folder, 'missing', 'backup.sqlite')), 'BACKUP_FAILED');
});

test('a restore brings back the content of the backup, keeps the replaced database, and ends all sessions', async (t) => {
  const { folder, database } = newHome(t);
  const store = openSqliteStore(database, TEST_KEY);
  const corp = exampleConnection('corp');
  await store.addConnection(corp);
  await store.putCachedCredential(
    { connectionId: corp.id, userId: '1', salt: new Uint8Array(16), sealed: new Uint8Array(8), verifiedAt: new Date() },
    'name',
    4,
  );
  await store.putOidcAccount({ subject: 's', connectionId: corp.id, claims: {}, expiresAt: new Date(Date.now() + 1e9) });
  const backup = join(folder, 'backup.sqlite');
  await backupDatabase(folder, backup, TEST_KEY);
  assert.equal((await store.auditRecords({ action: 'database.backup' }, 1))[0]?.subject, backup);
  await store.addConnection(exampleConnection('later'));
  await store.close();

  const { keptAs } = await restoreDatabase(backup, folder, { key: TEST_KEY });
  assert.deepEqual(await namesIn(database), ['corp']);
  assert.deepEqual(await namesIn(keptAs ?? ''), ['corp', 'later']);
  const restored = openSqliteStore(database, TEST_KEY);
  assert.equal(await restored.cachedCredential(corp.id, 'name'), undefined);
  assert.equal(await restored.oidcAccount('s'), undefined);
  assert.equal((await restored.auditRecords({}, 1))[0]?.action, 'database.restore');
  await restored.close();
  assert.equal(statSync(database).mode & 0o777, 0o600);

  rmSync(database);
  assert.deepEqual(await restoreDatabase(backup, folder, { key: TEST_KEY }), { keptAs: undefined, version: statVersion(backup) });
  assert.deepEqual(await namesIn(database), ['corp']);
});

test('a backup sealed with another key is restored only on request, and its records then stay unverified', async (t) => {
  const { folder, database } = newHome(t);
  const first = openSqliteStore(database, TEST_KEY);
  await auditForTest(first).record({ actor: 'command-line', action: 'key.create', result: 'ok' });
  await first.close();
  const backup = join(folder, 'backup.sqlite');
  await backupDatabase(folder, backup, TEST_KEY);
  const key = openHomeKey(folder, undefined, {});
  const chain = createAuditChain(key);
  await hasCode(restoreDatabase(backup, folder, { key }), 'HUB_KEY_MISMATCH');
  await restoreDatabase(backup, folder, { key, newKey: true });
  const store = openSqliteStore(database, key);
  t.after(() => store.close());
  const verdict = await verifyChain(store, chain);
  assert.deepEqual('records' in verdict && [verdict.unverified, verdict.records], [1, 2]);
  assert.ok('brokenAt' in (await verifyChain(store, TEST_CHAIN)));
});

function statVersion(path: string): unknown {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return database.prepare('PRAGMA user_version').get()?.user_version;
  } finally {
    database.close();
  }
}

test('rejects files that are not backups, and leaves the database unchanged', async (t) => {
  const { folder, database } = newHome(t);
  const store = openSqliteStore(database, TEST_KEY);
  for (let n = 0; n < 200; n++) await store.addConnection(exampleConnection(`c${n}`));
  const good = join(folder, 'good.sqlite');
  await copyDatabase(database, good);
  await store.close();
  const before = await namesIn(database);
  const bad = (name: string, content: Buffer | string) => {
    const path = join(folder, name);
    writeFileSync(path, content);
    return path;
  };
  const damaged = bad('damaged', readFileSync(good));
  truncateSync(damaged, statSync(damaged).size - 8192);
  const newer = bad('newer', readFileSync(good));
  const database999 = new DatabaseSync(newer);
  database999.exec('PRAGMA user_version = 999');
  database999.close();
  const other = join(folder, 'other');
  const strange = new DatabaseSync(other);
  strange.exec('CREATE TABLE notes (text); PRAGMA user_version = 3');
  strange.close();
  for (const path of [damaged, newer, other, bad('text', 'no database'.repeat(1000)), bad('empty', ''), join(folder, 'missing')]) {
    await hasCode(restoreDatabase(path, folder, { key: TEST_KEY }), 'BACKUP_INVALID');
  }
  assert.deepEqual(await namesIn(database), before);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.includes('replaced') || name.includes('incoming')),
    [],
  );
});

test('migrates an older backup and an older database to this version, and keeps a copy of each', async (t) => {
  const { folder, database } = newHome(t);
  const old = join(folder, 'old.sqlite');
  const first = new DatabaseSync(old);
  first.exec(begin);
  first.exec("INSERT INTO connections (id, name, created_at) VALUES ('i', 'corp', 0); PRAGMA user_version = 1");
  first.close();
  await restoreDatabase(old, folder, { key: TEST_KEY });
  assert.deepEqual(await namesIn(database), ['corp']);
  assert.equal(statVersion(old), 1);
  const kept = `${database}.schema-1`;
  assert.equal(statVersion(kept), 1);
  assert.equal(statSync(kept).mode & 0o777, 0o600);
  // A backup before an upgrade is made by the new program, too.
  const before = newHome(t);
  copyFileSync(old, before.database);
  await backupDatabase(before.folder, join(before.folder, 'backup.sqlite'), TEST_KEY);
  assert.equal(statVersion(before.database), 1);
  assert.equal(statVersion(join(before.folder, 'backup.sqlite')), 1);
  // A new file has nothing to keep.
  const empty = newHome(t);
  await openSqliteStore(empty.database, TEST_KEY).close();
  assert.deepEqual(readdirSync(empty.folder), ['hub.sqlite']);
});

test('a damaged database can be replaced, and is kept unchanged', async (t) => {
  const { folder, database } = newHome(t);
  await openSqliteStore(database, TEST_KEY).close();
  const backup = join(folder, 'backup.sqlite');
  await copyDatabase(database, backup);
  writeFileSync(database, 'damaged'.repeat(1000));
  const { keptAs } = await restoreDatabase(backup, folder, { key: TEST_KEY });
  assert.deepEqual(await namesIn(database), []);
  assert.equal(readFileSync(keptAs ?? '', 'utf8'), 'damaged'.repeat(1000));
});

test('rejects a restore while a hub uses the home, and the lock ends with the hub’s process, however that ends', async (t) => {
  const { folder, database } = newHome(t);
  const store = openSqliteStore(database, TEST_KEY);
  const backup = join(folder, 'backup.sqlite');
  await copyDatabase(database, backup);
  // Another process, even a command, that has the file open would write to the old database.
  await hasCode(restoreDatabase(backup, folder, { key: TEST_KEY }), 'HOME_IN_USE');
  await store.close();

  const script = `import(${JSON.stringify(join(import.meta.dirname, 'home-lock.ts'))}).then(({ lockHome }) => { const unlock = lockHome(${JSON.stringify(folder)}); console.log('locked'); setInterval(() => unlock, 1000); })`;
  const holder = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => holder.kill('SIGKILL'));
  await once(holder.stdout, 'data');
  assert.equal(isHomeInUse(folder), true);
  await hasCode(restoreDatabase(backup, folder, { key: TEST_KEY }), 'HOME_IN_USE');
  assert.equal(existsSync(database), true);
  holder.kill('SIGKILL');
  await once(holder, 'exit');
  assert.equal(isHomeInUse(folder), false);
  await restoreDatabase(backup, folder, { key: TEST_KEY });
});
