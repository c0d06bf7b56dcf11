import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { exampleAdministrator } from '../../test/administrators-for-test.ts';
import { createAudit } from '../audit/audit.ts';
import { type AuditChain, headReader, type Verdict, verifyChain } from '../audit/chain.ts';
import { closedHome, openHome } from '../home.ts';
import { loadSigningKeys } from '../keys/signing-keys.ts';
import { backupDatabase, restoreDatabase } from './backup.ts';
import { lockHome } from './home-lock.ts';
import { replaceLostKey, rotateHubKey } from './hub-key.ts';

type Environment = Record<string, string>;

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'landbridge-hub-key-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

async function secretsIn(folder: string, environment: Environment = {}) {
  const { store, chain } = openHome(folder, environment);
  try {
    const verdict = await verifyChain(store, chain);
    assert.ok('records' in verdict, JSON.stringify(verdict));
    return { administrator: await store.administratorById('a'), keys: await store.signingKeys(), unverified: verdict.unverified };
  } finally {
    await store.close();
  }
}

async function fill(folder: string, environment: Environment = {}) {
  const { store, chain } = openHome(folder, environment);
  await loadSigningKeys(store);
  await store.addAdministrator(exampleAdministrator('anna', { id: 'a', passwordHash: 'hash', totpSecret: 'totp' }));
  await createAudit(store, chain.seal).record({ actor: 'command-line', action: 'test', result: 'ok' });
  await store.close();
  return secretsIn(folder, environment);
}

test('a missing or wrong key is an error with a code, creates no new key, and loses nothing', async (t) => {
  const folder = newFolder(t);
  const before = await fill(folder);
  const file = join(folder, 'hub.key');
  renameSync(file, join(folder, 'away'));
  assert.throws(() => openHome(folder, {}), { code: 'HUB_KEY_MISSING' });
  assert.equal(existsSync(file), false);
  for (const [text, code] of [
    [Buffer.alloc(32, 1).toString('base64url'), 'HUB_KEY_MISMATCH'],
    ['nonsense', 'HUB_KEY_UNUSABLE'],
  ] as const) {
    writeFileSync(file, text);
    assert.throws(() => openHome(folder, {}), { code });
  }
  renameSync(join(folder, 'away'), file);
  assert.deepEqual(await secretsIn(folder), before);
});

test('a rotation encrypts all secrets with a new key, and keeps the old key for older backups', async (t) => {
  const folder = newFolder(t);
  const before = await fill(folder);
  const old = readFileSync(join(folder, 'hub.key'), 'utf8');
  const home = openHome(folder, {});
  const sealedBefore = readFileSync(home.databasePath, 'latin1') + readFileSync(`${home.databasePath}-wal`, 'latin1');
  const kept = await rotateHubKey(home, undefined);
  assert.equal(readFileSync(kept ?? '', 'utf8'), old);
  assert.notEqual(readFileSync(join(folder, 'hub.key'), 'utf8'), old);
  assert.deepEqual(await secretsIn(folder), before);
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith('.next')),
    [],
  );
  // No value sealed with the old key is left in free pages. Sealed values begin with their version, in Base64.
  const sealed = sealedBefore.match(/A[Q-Za-f][\w-]{200,}/g) ?? [];
  assert.ok(sealed.length >= 1);
  const after = readFileSync(home.databasePath, 'latin1');
  assert.ok(sealed.every((text) => !after.includes(text.slice(0, 60))));
  renameSync(kept ?? '', join(folder, 'hub.key'));
  assert.throws(() => openHome(folder, {}), { code: 'HUB_KEY_MISMATCH' });
});

test('after rotations, earlier records and heads can be verified, and an attacker with the former keys cannot rewrite them', async (t) => {
  const folder = newFolder(t);
  await fill(folder);
  const heads: string[] = [];
  const formerChains: AuditChain[] = [];
  for (let rotation = 0; rotation < 3; rotation++) {
    const home = openHome(folder, {});
    formerChains.push(home.chain);
    await createAudit(home.store, home.chain.seal).record({ actor: 'user', action: 'login', subject: `user-${rotation}`, result: 'ok' });
    const verdict = await verifyChain(home.store, home.chain);
    assert.ok('records' in verdict && verdict.head !== undefined);
    assert.equal(verdict.unverified, 0);
    heads.push(home.chain.headText(verdict.head));
    await rotateHubKey(home, undefined);
  }
  const { databasePath, store, chain } = openHome(folder, {});
  t.after(() => store.close());
  const reader = await headReader(store, chain);
  const expected = heads.map((text) => reader.readHead(text)).filter((head) => head !== undefined);
  assert.equal(expected.length, 3);
  const intact = await verifyChain(store, chain, expected);
  assert.ok('records' in intact);
  assert.deepEqual([intact.records, intact.unverified], [7, 0]);

  const [former] = formerChains;
  const [first, second] = await store.auditRecordsAfter(0, 2);
  assert.ok(former && first && second);
  const database = new DatabaseSync(databasePath);
  t.after(() => database.close());
  database.exec('DROP TRIGGER audit_log_update');
  const forge = database.prepare('UPDATE audit_log SET subject = ?, hash = ? WHERE id = 2');
  forge.run('nobody', second.hash);
  assert.equal(brokenAt(await verifyChain(store, chain)), 2);
  forge.run('nobody', former.seal(first.hash, 2, { ...second, subject: 'nobody' }));
  assert.equal(brokenAt(await verifyChain(store, chain)), 3);
});

function brokenAt(verdict: Verdict): number | undefined {
  return 'brokenAt' in verdict ? verdict.brokenAt : undefined;
}

test('a backup does not contain the key, and can be restored only with it', async (t) => {
  const folder = newFolder(t);
  const before = await fill(folder);
  const { store, key } = openHome(folder, {});
  await store.close();
  const backup = join(folder, 'backup.sqlite');
  await backupDatabase(folder, backup, key);
  const text = readFileSync(join(folder, 'hub.key'), 'utf8').trim();
  const content = readFileSync(backup);
  assert.ok(!content.includes(text) && !content.includes(Buffer.from(text, 'base64url')));
  const elsewhere = newFolder(t);
  assert.throws(() => closedHome(elsewhere, {}, backup), { code: 'HUB_KEY_MISSING' });
  assert.deepEqual(readdirSync(elsewhere), []);
  writeFileSync(join(elsewhere, 'hub.key'), text);
  await restoreDatabase(backup, elsewhere, closedHome(elsewhere, {}, backup));
  assert.deepEqual(await secretsIn(elsewhere), before);
});

test('a key in a setting is rotated only to a named file', async (t) => {
  const folder = newFolder(t);
  const environment = { HUB_KEY: Buffer.alloc(32, 1).toString('base64url') };
  const before = await fill(folder, environment);
  const home = openHome(folder, environment);
  await assert.rejects(rotateHubKey(home, undefined), { code: 'HUB_KEY_ROTATION' });
  const file = join(folder, 'new');
  assert.equal(await rotateHubKey(home, file), undefined);
  assert.throws(() => openHome(folder, environment), { code: 'HUB_KEY_MISMATCH' });
  assert.deepEqual(await secretsIn(folder, { HUB_KEY: readFileSync(file, 'utf8').trim() }), before);
});

test('the key cannot be replaced while the hub is running, or if the audit log was tampered with', async (t) => {
  const folder = newFolder(t);
  const before = await fill(folder);
  const home = openHome(folder, {});
  const unlock = lockHome(folder);
  await assert.rejects(rotateHubKey(home, undefined), { code: 'HOME_IN_USE' });
  unlock();
  await home.store.appendAudit(
    {
      ...{ at: new Date(), actor: 'x', action: 'x', result: 'ok', connection: undefined, subject: undefined, remoteAddress: undefined },
      ...{ instance: undefined, correlationId: undefined, detail: undefined },
    },
    () => '0'.repeat(64),
  );
  await assert.rejects(rotateHubKey(home, undefined), { code: 'AUDIT_LOG_BROKEN' });
  assert.deepEqual((await home.store.signingKeys()).length, before.keys.length);
  await home.store.close();
});

test('a lost key loses only the secrets that it encrypts', async (t) => {
  const folder = newFolder(t);
  await fill(folder);
  const environment = { HUB_KEY: Buffer.alloc(32, 1).toString('base64url') };
  const home = openHome(folder, environment, { anyKey: true });
  await replaceLostKey(home.store, home.key);
  const { administrator, keys, unverified } = await secretsIn(folder, environment);
  assert.deepEqual([administrator?.name, administrator?.passwordHash, administrator?.totpSecret], ['anna', undefined, undefined]);
  assert.deepEqual([keys, unverified], [[], 1]);
});
