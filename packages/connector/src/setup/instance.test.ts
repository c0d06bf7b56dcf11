import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createLog } from '@landbridge/runtime';
import { findHome } from '../config/home.ts';
import { thisInstance } from './instance.ts';

const key = () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const KEY = key();
const { log } = createLog({ level: 'error', format: 'json', destination: { write: () => {} } });

function newHome(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'landbridge-instance-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return findHome(folder);
}

test('creates an id once, readable only by its owner, and different in each home', (t) => {
  const [home, other] = [newHome(t), newHome(t)];
  const first = thisInstance({ home, environmentOnly: false }, KEY, '1.2.3', log);
  assert.deepEqual(thisInstance({ home, environmentOnly: false }, KEY, '1.2.3', log), first);
  assert.deepEqual([first.hostName, first.version], [hostname(), '1.2.3']);
  const file = join(home.folder, 'instance-id');
  assert.equal(readFileSync(file, 'utf8').trim(), first.id);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.notEqual(thisInstance({ home: other, environmentOnly: false }, KEY, '1.2.3', log).id, first.id);
});

test('replaces a file without a valid id', (t) => {
  const home = newHome(t);
  writeFileSync(join(home.folder, 'instance-id'), 'two words\n');
  const { id } = thisInstance({ home, environmentOnly: false }, KEY, '1.2.3', log);
  assert.equal(thisInstance({ home, environmentOnly: false }, KEY, '1.2.3', log).id, id);
});

test('uses the same id for a key on a machine if the file cannot be written', (t) => {
  const config = { home: newHome(t), environmentOnly: true };
  const { id } = thisInstance(config, KEY, '1.2.3', log);
  assert.equal(thisInstance(config, KEY, '1.2.4', log).id, id);
  assert.notEqual(thisInstance(config, key(), '1.2.3', log).id, id);
  const unwritable = { home: { ...config.home, folder: '/dev/null' }, environmentOnly: false };
  assert.equal(thisInstance(unwritable, KEY, '1.2.3', log).id, id);
});
