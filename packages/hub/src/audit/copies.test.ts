import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createLog, parseJson } from '@landbridge/runtime';
import { auditForTest, NO_COPIES, TEST_CHAIN, TEST_KEY } from '../../test/audit-for-test.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import { startAuditCopies } from './copies.ts';
import { headsIn } from './heads.ts';

function begin(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'landbridge-audit-copies-'));
  const store = openSqliteStore(join(folder, 'hub.sqlite'), TEST_KEY);
  t.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true });
  });
  const lines: string[] = [];
  const { log } = createLog({ level: 'info', format: 'text', destination: { write: (line) => lines.push(line) } });
  const record = (subject: string) => auditForTest(store).record({ actor: 'user', action: 'login', subject, result: 'ok' });
  const copy = (files: { AUDIT_STREAM_FILE?: string; AUDIT_HEAD_FILE?: string }) =>
    startAuditCopies({ store, chain: TEST_CHAIN, log, settings: { ...NO_COPIES, ...files } }).stop;
  return { folder, store, lines, record, copy };
}

const idsIn = (file: string) =>
  readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const parsed = parseJson(line);
      return typeof parsed === 'object' && parsed !== null && 'id' in parsed ? [parsed.id] : [];
    });

test('streams each record once, over restarts, a rotation and a line that was cut off', async (t) => {
  const { folder, record, copy } = begin(t);
  const file = join(folder, 'audit.jsonl');
  await record('anna\u202e');
  await record('ben');
  let stop = copy({ AUDIT_STREAM_FILE: file });
  await record('carl');
  await stop();
  assert.deepEqual(idsIn(file), [1, 2, 3]);
  assert.doesNotMatch(readFileSync(file, 'utf8'), /\u202e/);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  appendFileSync(file, '{"id":4,"at":');
  await record('dora');
  stop = copy({ AUDIT_STREAM_FILE: file });
  await stop();
  assert.deepEqual(idsIn(file), [1, 2, 3, 4]);
  stop = copy({ AUDIT_STREAM_FILE: file });
  await new Promise((resolve) => setTimeout(resolve, 50));
  renameSync(file, `${file}.1`);
  await record('emil');
  await stop();
  assert.deepEqual(idsIn(file), [5]);
});

test('a file that cannot be written is reported once, and nothing is skipped', async (t) => {
  const { folder, lines, record, copy } = begin(t);
  await record('anna');
  const stop = copy({ AUDIT_STREAM_FILE: join(folder, 'missing', 'audit.jsonl') });
  await stop();
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /Audit log not copied to .*; retrying/);
});

test('appends the head when it changed, and reads only heads of this hub back', async (t) => {
  const { folder, record, copy } = begin(t);
  const file = join(folder, 'heads');
  await copy({ AUDIT_HEAD_FILE: file })();
  assert.equal(existsSync(file), false);
  await record('anna');
  const stop = copy({ AUDIT_HEAD_FILE: file });
  await new Promise((resolve) => setTimeout(resolve, 50));
  await record('ben');
  await stop();
  appendFileSync(file, `2026-01-01T00:00:00Z 3:${'ab'.repeat(32)}:${'0'.repeat(32)}\n`);
  const { heads, invalid } = await headsIn(file, TEST_CHAIN);
  assert.deepEqual([heads.map(({ id }) => id), invalid], [[1, 2], 1]);
});
