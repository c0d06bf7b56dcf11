import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, test } from 'node:test';
import { CodedError } from '@landbridge/runtime';
import { TEST_KEY } from '../../../test/audit-for-test.ts';
import { storeConformance } from '../../../test/store-conformance/conformance.ts';
import { exampleConnection } from '../../../test/store-conformance/examples.ts';
import { openSqliteStore } from './sqlite-store.ts';
import { begin } from './steps/001-begin.ts';

const folder = mkdtempSync(join(tmpdir(), 'landbridge-store-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;
const newPath = () => join(folder, `${++files}.sqlite`);

storeConformance('SQLite', async () => openSqliteStore(newPath(), TEST_KEY));

const CONNECTION = exampleConnection('corp');

test('a write is visible to another process with the open file, and after a restart', async () => {
  const path = newPath();
  const [one, other] = [openSqliteStore(path, TEST_KEY), openSqliteStore(path, TEST_KEY)];
  await one.addConnection(CONNECTION);
  assert.deepEqual(await other.connectionByName('corp'), CONNECTION);
  await one.close();
  await other.close();
  const again = openSqliteStore(path, TEST_KEY);
  assert.deepEqual(await again.connections(), [CONNECTION]);
  await again.close();
});

test('claims of a connection beyond its quota replace the ones that end first, of this connection only', async () => {
  const store = openSqliteStore(newPath(), TEST_KEY, { claimsQuota: 10_000 });
  await store.addConnection(CONNECTION);
  await store.addConnection(exampleConnection('other'));
  const put = (subject: string, connectionId: string, n: number) =>
    store.putOidcAccount({ subject, connectionId, claims: { x: 'x'.repeat(1000) }, expiresAt: new Date(1e12 + n) });
  await put('theirs', exampleConnection('other').id, 0);
  for (let n = 0; n < 50; n++) assert.equal(await put(`s${n}`, CONNECTION.id, n), true);
  const kept = await Promise.all(Array.from({ length: 50 }, async (_, n) => (await store.oidcAccount(`s${n}`)) !== undefined));
  assert.ok(kept.slice(0, 38).every((is) => !is) && kept.slice(41).every((is) => is), String(kept));
  assert.ok(await store.oidcAccount('theirs'));
  await store.close();
});

test('records pending when the store is closed are written', async () => {
  const path = newPath();
  const store = openSqliteStore(path, TEST_KEY);
  const nothing = { connection: undefined, subject: undefined, remoteAddress: undefined, instance: undefined };
  const entry = { ...nothing, at: new Date(0), actor: 'hub', action: 'test', result: 'ok', correlationId: undefined, detail: undefined };
  const recorded = store.appendAudit(entry, () => 'hash');
  await store.close();
  assert.equal((await recorded).id, 1);
  const again = openSqliteStore(path, TEST_KEY);
  assert.deepEqual(await again.auditRecords({}, 10), [await recorded]);
  await again.close();
});

test('only the owner can read the file and its side files', async () => {
  const path = newPath();
  writeFileSync(path, '', { mode: 0o644 });
  chmodSync(path, 0o644);
  const store = openSqliteStore(path, TEST_KEY);
  await store.addConnection(CONNECTION);
  for (const file of [path, `${path}-wal`, `${path}-shm`]) {
    assert.ok(existsSync(file), file);
    assert.equal(statSync(file).mode & 0o777, 0o600, file);
  }
  await store.close();
});

const unusable = (text: RegExp) => (error: unknown) => {
  assert.ok(error instanceof CodedError);
  assert.equal(error.code, 'STORE_UNUSABLE');
  assert.match(String(error.cause instanceof Error ? error.cause.message : ''), text);
  assert.ok(error.action);
  return true;
};

test('a file that is not a database, a folder, and a newer version are rejected and unchanged', () => {
  const garbage = newPath();
  const text = 'this is not a database, whatever its name says '.repeat(100);
  writeFileSync(garbage, text);
  assert.throws(() => openSqliteStore(garbage, TEST_KEY), unusable(/not a database/));
  assert.equal(readFileSync(garbage, 'utf8'), text);

  const directory = newPath();
  mkdirSync(directory);
  assert.throws(() => openSqliteStore(directory, TEST_KEY), unusable(/EISDIR|directory/));

  const newer = newPath();
  const database = new DatabaseSync(newer);
  database.exec('PRAGMA user_version = 999');
  database.close();
  assert.throws(
    () => openSqliteStore(newer, TEST_KEY),
    (error) =>
      error instanceof CodedError && error.code === 'DATABASE_NEWER' && /restore.*hub\.sqlite\.schema-\d+/.test(error.action ?? ''),
  );
});

test('a damaged database causes an error with its name', async () => {
  const path = newPath();
  const store = openSqliteStore(path, TEST_KEY);
  for (let n = 0; n < 200; n++) await store.addConnection(exampleConnection(`c${n}`));
  await store.close();
  const damage = spawnSync('dd', ['if=/dev/zero', `of=${path}`, 'bs=4096', 'seek=1', 'count=40', 'conv=notrunc']);
  assert.equal(damage.status, 0);
  await assert.rejects(
    async () => {
      const damaged = openSqliteStore(path, TEST_KEY);
      try {
        await damaged.connections();
      } finally {
        await damaged.close();
      }
    },
    (error: unknown) => error instanceof CodedError && error.message.includes(path),
  );
});

test('a read-only file is rejected with advice', (t) => {
  if (process.getuid?.() !== 0) t.diagnostic('not as root: the file is made read-only instead of another user’s');
  const path = newPath();
  openSqliteStore(path, TEST_KEY);
  chmodSync(path, 0o444);
  // As an account other than root, which ignores permissions.
  const script = `import(${JSON.stringify(join(import.meta.dirname, 'sqlite-store.ts'))}).then(({ openSqliteStore }) => openSqliteStore(${JSON.stringify(path)}, { derive: () => Buffer.alloc(32) })).catch((error) => console.log(error.code, error.message, error.action))`;
  chmodSync(folder, 0o755);
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    ...(process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {}),
  });
  assert.match(stdout, /^STORE_UNUSABLE The database .* cannot be used Check that this account can write/, stderr);
});

test('a file of version 1 is migrated with its content', async () => {
  const path = newPath();
  const database = new DatabaseSync(path);
  database.exec(begin);
  database.exec("INSERT INTO connections (id, name, created_at) VALUES ('id-corp', 'corp', 0); PRAGMA user_version = 1");
  database.close();
  const store = openSqliteStore(path, TEST_KEY);
  const kept = exampleConnection('corp', { createdAt: new Date(0) });
  assert.deepEqual(await store.connections(), [kept]);
  await store.close();
});

test('the migration of an older file encrypts its secrets, and leaves none in free pages', async () => {
  const path = newPath();
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA secure_delete = OFF; PRAGMA journal_mode = WAL; ${begin}; PRAGMA user_version = 1`);
  const add = database.prepare("INSERT INTO signing_keys VALUES (?, 'RS256', ?, 0, 0, NULL)");
  for (const kid of ['kept', 'removed']) add.run(kid, `PEM of the key that was ${kid} `.repeat(1000));
  database.exec("DELETE FROM signing_keys WHERE kid = 'removed'");
  database.close();
  assert.match(readFileSync(path, 'latin1'), /that was removed/);
  const store = openSqliteStore(path, TEST_KEY);
  assert.deepEqual(
    (await store.signingKeys()).map(({ kid, privateKeyPem }) => [kid, privateKeyPem.length]),
    [['kept', 29_000]],
  );
  for (const side of ['', '-wal']) assert.doesNotMatch(readFileSync(path + side, 'latin1'), /PEM of the key/, side);
  await store.close();
});
