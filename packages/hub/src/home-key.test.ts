import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openHomeKey } from './home-key.ts';

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'landbridge-key-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}
const derived = (...given: Parameters<typeof openHomeKey>) =>
  openHomeKey(...given)
    .derive('x')
    .toString('hex');

test('the first start makes a key, only for its owner, and later ones read it', (t) => {
  const folder = newFolder(t);
  const first = openHomeKey(folder, undefined, {});
  assert.deepEqual(readdirSync(folder), ['hub.key']);
  assert.equal(statSync(join(folder, 'hub.key')).mode & 0o777, 0o600);
  assert.equal(derived(folder, undefined, {}), first.derive('x').toString('hex'));
  assert.notEqual(first.derive('x').toString('hex'), first.derive('y').toString('hex'));
  assert.notEqual(derived(newFolder(t), undefined, {}), derived(folder, undefined, {}));
});

test('a systemd credential counts before the setting, and that before the file, which is then not made', (t) => {
  const [folder, credentials] = [newFolder(t), newFolder(t)];
  const [one, two] = [Buffer.alloc(32, 1).toString('base64url'), Buffer.alloc(32, 2).toString('base64url')];
  writeFileSync(join(credentials, 'landbridge-hub-key'), `${two}\n`);
  const environment = { CREDENTIALS_DIRECTORY: credentials };
  assert.equal(derived(folder, one, environment), derived(folder, two, {}));
  assert.notEqual(derived(folder, one, {}), derived(folder, two, {}));
  assert.deepEqual(readdirSync(folder), []);
});

test('rejects a key of another length or form, without showing it', (t) => {
  const folder = newFolder(t);
  for (const text of ['', 'short-secret', Buffer.alloc(31, 1).toString('base64url'), Buffer.alloc(32, 0xfe).toString('base64')]) {
    writeFileSync(join(folder, 'hub.key'), text);
    assert.throws(
      () => openHomeKey(folder, undefined, {}),
      (error: Error & { code?: string }) => error.code === 'HUB_KEY_UNUSABLE' && (text === '' || !error.message.includes(text)),
    );
    assert.equal(readFileSync(join(folder, 'hub.key'), 'utf8'), text);
  }
});
