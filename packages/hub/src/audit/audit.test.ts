import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { CodedError } from '@landbridge/runtime';
import { TEST_CHAIN, TEST_KEY } from '../../test/audit-for-test.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import { createAudit } from './audit.ts';
import { createAuditChain, type Verdict, verifyChain } from './chain.ts';
import { auditPage } from './query.ts';
import { pruneAuditLog } from './retention.ts';

function newLog(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'landbridge-audit-'));
  const path = join(folder, 'hub.sqlite');
  const store = openSqliteStore(path, TEST_KEY);
  const clock = { now: new Date('2026-03-01T00:00:00Z') };
  t.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  return { path, store, clock, audit: createAudit(store, TEST_CHAIN.seal, () => clock.now) };
}

const LOGIN = { actor: 'user', action: 'login', connection: 'corp', subject: 'anna', result: 'ok' };
const brokenAt = (verdict: Verdict) => ('brokenAt' in verdict ? verdict.brokenAt : undefined);

/** An attacker who can write the file, and drops its triggers. */
function tamper(path: string, statement: string): void {
  const database = new DatabaseSync(path);
  database.exec(`DROP TRIGGER audit_log_append; DROP TRIGGER audit_log_update; DROP TRIGGER audit_log_delete; ${statement}`);
  database.close();
}

test('the database refuses to change or remove a record', async (t) => {
  const { path, store, audit } = newLog(t);
  for (let n = 0; n < 3; n++) await audit.record(LOGIN);
  const database = new DatabaseSync(path);
  const columns = "(id, at, actor, action, result, hash) VALUES (%, 0, 'x', 'x', 'x', 'x')";
  for (const statement of [
    "UPDATE audit_log SET subject = 'ben' WHERE id = 2",
    'DELETE FROM audit_log WHERE id = 3',
    'DELETE FROM audit_log',
    `INSERT OR REPLACE INTO audit_log ${columns.replace('%', '2')}`,
    `REPLACE INTO audit_log ${columns.replace('%', '1')}`,
    `INSERT INTO audit_log ${columns.replace('%', '9')}`,
    `INSERT INTO audit_log ${columns.replace('%', '-1')}`,
  ]) {
    await t.test(statement, async () => {
      assert.throws(() => database.exec(statement), /only appended to/, statement);
    });
  }
  database.close();
  assert.deepEqual(await verifyChain(store, TEST_CHAIN), {
    records: 3,
    unverified: 0,
    head: { id: 3, hash: (await store.auditRecords({}, 1))[0]?.hash },
  });
});

test('the chain reveals the first record that was changed, removed or inserted', async (t) => {
  const changes: [string, number][] = [
    ["UPDATE audit_log SET subject = 'ben' WHERE id = 3", 3],
    ['UPDATE audit_log SET subject = NULL WHERE id = 3', 3],
    ['UPDATE audit_log SET at = at + 1 WHERE id = 1', 1],
    ['UPDATE audit_log SET hash = (SELECT hash FROM audit_log WHERE id = 2) WHERE id = 4', 4],
    ['DELETE FROM audit_log WHERE id = 2', 2],
    ['DELETE FROM audit_log WHERE id = 1', 1],
    ['DELETE FROM audit_log WHERE id = 4; UPDATE audit_log SET id = 4 WHERE id = 5', 4],
    ["INSERT INTO audit_log (id, at, actor, action, result, hash) VALUES (6, 0, 'x', 'x', 'x', 'x')", 6],
    // Records 1 and 2 seem to be removed for their age, by a record that was never written.
    ["DELETE FROM audit_log WHERE id < 3; UPDATE audit_log SET action = 'audit.prune', detail = '2 x' WHERE id = 5", 5],
  ];
  for (const [statement, broken] of changes) {
    await t.test(statement, async (t) => {
      const { path, store, audit } = newLog(t);
      for (let n = 0; n < 5; n++) await audit.record({ ...LOGIN, detail: `record ${n}` });
      assert.equal(brokenAt(await verifyChain(store, TEST_CHAIN)), undefined);
      tamper(path, statement);
      assert.equal(brokenAt(await verifyChain(store, TEST_CHAIN)), broken, statement);
    });
  }
});

test('a log that was cut off or rewritten does not match a head noted earlier', async (t) => {
  const { path, store, audit } = newLog(t);
  for (let n = 0; n < 3; n++) await audit.record(LOGIN);
  const verdict = await verifyChain(store, TEST_CHAIN);
  assert.ok('head' in verdict && verdict.head !== undefined);
  const { head } = verdict;
  await audit.record(LOGIN);
  assert.equal(brokenAt(await verifyChain(store, TEST_CHAIN, [head])), undefined);
  tamper(path, 'DELETE FROM audit_log WHERE id >= 3');
  assert.equal(brokenAt(await verifyChain(store, TEST_CHAIN)), undefined);
  assert.equal(brokenAt(await verifyChain(store, TEST_CHAIN, [head])), 3);
  await audit.record({ ...LOGIN, subject: 'ben' });
  assert.equal(brokenAt(await verifyChain(store, TEST_CHAIN)), undefined);
  assert.equal(brokenAt(await verifyChain(store, TEST_CHAIN, [head])), 3);
});

test('without the key, neither the record that replaces old ones nor a head can be forged', async (t) => {
  const { path, store, audit } = newLog(t);
  for (let n = 0; n < 4; n++) await audit.record(LOGIN);
  const [last] = await store.auditRecords({}, 1);
  assert.ok(last);
  const stranger = createAuditChain({ derive: (purpose) => createHash('sha256').update(purpose).digest() });
  for (const action of ['audit.prune', 'audit.new-key']) {
    await t.test(action, async () => {
      const entry = { ...last, at: new Date(1), actor: 'hub', action, detail: `${last.id} ${last.hash}` };
      const database = new DatabaseSync(path);
      const columns = "(id, at, actor, action, result, detail, hash) VALUES (?, 1, 'hub', ?, 'ok', ?, ?)";
      database.prepare(`INSERT INTO audit_log ${columns}`).run(5, action, entry.detail, stranger.seal(last.hash, 5, entry));
      assert.equal(brokenAt(await verifyChain(store, TEST_CHAIN)), 5);
      database.exec('DROP TRIGGER IF EXISTS audit_log_delete; DELETE FROM audit_log WHERE id = 5');
      database.close();
    });
  }
  assert.equal(TEST_CHAIN.readHead(stranger.headText({ id: 2, hash: 'ab'.repeat(32) })), undefined);
  assert.equal(TEST_CHAIN.readHead(`2:${'ab'.repeat(32)}`), undefined);
  const head = { id: 2, hash: 'ab'.repeat(32) };
  assert.deepEqual(TEST_CHAIN.readHead(TEST_CHAIN.headText(head)), head);
});

test('a head that was removed for its age is accepted, and one that never was is not', async (t) => {
  const { store, audit, clock } = newLog(t);
  await audit.record(LOGIN);
  const old = await verifyChain(store, TEST_CHAIN);
  assert.ok('head' in old && old.head);
  for (let n = 0; n < 3; n++) await audit.record(LOGIN);
  clock.now = new Date(clock.now.getTime() + 10 * 24 * 60 * 60_000);
  await pruneAuditLog(store, TEST_CHAIN.seal, 5, clock.now);
  assert.ok('records' in (await verifyChain(store, TEST_CHAIN, [old.head])));
  const other = { id: 1, hash: 'ab'.repeat(32) };
  assert.equal(brokenAt(await verifyChain(store, TEST_CHAIN, [old.head, other])), 1);
});

test('old records are removed, and the chain stays valid through the record that replaces them', async (t) => {
  const { path, store, audit, clock } = newLog(t);
  const start = clock.now.getTime();
  for (let day = 0; day < 10; day++) {
    clock.now = new Date(start + day * 24 * 60 * 60_000);
    await audit.record({ ...LOGIN, subject: `day ${day}` });
  }
  assert.equal(await pruneAuditLog(store, TEST_CHAIN.seal, 0, clock.now), 0);
  assert.equal(await pruneAuditLog(store, TEST_CHAIN.seal, 5, clock.now), 4);
  assert.deepEqual(
    (await store.auditRecordsAfter(0, 3)).map(({ subject }) => subject),
    ['day 4', 'day 5', 'day 6'],
  );
  await audit.record(LOGIN);
  assert.ok('records' in (await verifyChain(store, TEST_CHAIN)));
  assert.equal(await pruneAuditLog(store, TEST_CHAIN.seal, 2, clock.now), 3);
  const verdict = await verifyChain(store, TEST_CHAIN);
  assert.ok('records' in verdict);
  assert.equal(verdict.records, 6);
  tamper(path, 'DELETE FROM audit_log WHERE id = 8');
  assert.equal(brokenAt(await verifyChain(store, TEST_CHAIN)), 8);
});

test('simultaneous processes append to one chain', async (t) => {
  const { path, store, audit } = newLog(t);
  const script = `
    import { openSqliteStore } from ${JSON.stringify(join(import.meta.dirname, '../store/sqlite/sqlite-store.ts'))};
    const store = openSqliteStore(${JSON.stringify(path)}, TEST_KEY);
    import { auditForTest, TEST_KEY } from ${JSON.stringify(join(import.meta.dirname, '../../test/audit-for-test.ts'))};
    const audit = auditForTest(store);
    for (let n = 0; n < 100; n++) await audit.record({ actor: 'p' + process.pid, action: 'a', result: 'ok' });
    await store.close();`;
  const processes = [1, 2, 3].map(() =>
    spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: ['ignore', 'inherit', 'inherit'] }),
  );
  const ended = Promise.all(processes.map((child) => once(child, 'exit')));
  for (let n = 0; n < 100; n++) await audit.record(LOGIN);
  for (const [code] of await ended) assert.equal(code, 0);
  const verdict = await verifyChain(store, TEST_CHAIN);
  assert.ok('records' in verdict);
  assert.equal(verdict.records, 400);
});

test('text from users is shortened, and its control characters are escaped', async (t) => {
  const { store, audit } = newLog(t);
  await audit.record({ ...LOGIN, subject: `a\u001b[2J\n\u202eb\ud800${'x'.repeat(1000)}`, detail: 'y'.repeat(5000) });
  const [record] = await store.auditRecords({}, 1);
  assert.match(record?.subject ?? '', /^a\\u001b\[2J\\u000a\\u202eb\ufffdx+…$/);
  assert.ok((record?.subject?.length ?? 0) <= 257);
  assert.ok((record?.detail?.length ?? 0) <= 1025);
  assert.equal(brokenAt(await verifyChain(store, TEST_CHAIN)), undefined);
});

test('a query returns pages, and an error names the invalid field', async (t) => {
  const { store, audit } = newLog(t);
  for (let n = 0; n < 5; n++) await audit.record({ ...LOGIN, subject: n % 2 === 0 ? 'anna' : 'ben' });
  const first = await auditPage(store, { subject: 'ANNA', limit: '2', from: '2026-02-28', to: '2026-03-02T00:00:00Z' });
  assert.deepEqual([first.records.map(({ id }) => id), first.next], [[5, 3], 3]);
  const second = await auditPage(store, { subject: 'anna', limit: '2', before: String(first.next) });
  assert.deepEqual([second.records.map(({ id }) => id), second.next], [[1], undefined]);
  for (const query of [{ limit: '0' }, { limit: '5000' }, { from: 'yesterday' }, { before: 'x' }]) {
    const [field = ''] = Object.keys(query);
    await assert.rejects(
      auditPage(store, query),
      (error: unknown) => error instanceof CodedError && error.code === 'INVALID_REQUEST' && error.message.includes(`"${field}"`),
    );
  }
});
