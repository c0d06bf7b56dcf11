import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CodedError } from '@landbridge/runtime';
import { readRunningFile, writeRunningFile } from '../config/running-file.ts';
import { requireProtectedFolder } from './installation.ts';
import { runTrial } from './trial.ts';

const isRoot = process.getuid?.() === 0;
const notPosix = process.platform === 'win32' ? 'no POSIX files' : false;

function newFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'landbridge-trial-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** The new version writes that it is online, with this process number. */
async function trialWith(t: TestContext, { written, main }: { written: number; main: number }) {
  const work = newFolder(t);
  const path = join(work, 'landbridge-connector');
  for (const folder of [path, `${path}-2.0.0`]) mkdirSync(folder);
  writeRunningFile(work, { version: '2.0.0', pid: written, online: true });
  const claim = readFileSync(join(work, 'running.json'), 'utf8');
  rmSync(join(work, 'running.json'));
  const result = await runTrial(
    {
      ...{ home: work, path, newFolder: `${path}-2.0.0`, oldVersion: '1.0.0', newVersion: '2.0.0', limitMs: 300 },
      ...{ unit: 'landbridge-connector.service', restart: ['/bin/sh', '-c', `printf %s '${claim}' > '${work}/running.json'`] },
    },
    () => main,
  );
  return { ...result, folder: realpathSync(path) };
}

test("a trial is not ended by a running.json that names another process than the unit's", { skip: notPosix }, async (t) => {
  const forged = await trialWith(t, { written: 4711, main: 4712 });
  assert.equal(forged.updated, false);
  assert.match(forged.text, /rolled back/);
  assert.match(forged.folder, /-1\.0\.0$/);
  const real = await trialWith(t, { written: 4712, main: 4712 });
  assert.equal(real.updated, true);
  assert.match(real.folder, /-2\.0\.0$/);
});

test('running.json is not read through a link, and a named pipe does not block', { skip: notPosix }, (t) => {
  const home = newFolder(t);
  const path = join(home, 'running.json');
  writeRunningFile(home, { version: '2.0.0', pid: 1, online: true });
  assert.equal(readRunningFile(home)?.version, '2.0.0');
  writeFileSync(join(home, 'elsewhere'), readFileSync(path));
  rmSync(path);
  symlinkSync(join(home, 'elsewhere'), path);
  assert.equal(readRunningFile(home), undefined);
  rmSync(path);
  assert.equal(spawnSync('mkfifo', [path]).status, 0);
  assert.equal(readRunningFile(home), undefined);
});

test('root refuses a folder that another account can change, directly or through a link', { skip: isRoot ? false : 'not root' }, (t) => {
  const work = newFolder(t);
  const isRefused = (folder: string) =>
    assert.throws(
      () => requireProtectedFolder(folder),
      (error: unknown) => error instanceof CodedError && error.code === 'UPDATE_FOLDER_UNSAFE',
    );
  const folder = join(work, 'home');
  mkdirSync(join(folder, 'inner'), { recursive: true });
  symlinkSync(folder, join(work, 'link'));
  requireProtectedFolder(join(folder, 'inner'));
  requireProtectedFolder(join(work, 'link'));
  chownSync(folder, 65534, 65534);
  for (const each of [folder, join(folder, 'inner'), join(work, 'link'), join(work, 'link', 'inner')]) isRefused(each);
  chownSync(folder, 0, 0);
  chmodSync(folder, 0o777);
  isRefused(join(folder, 'inner'));
  chmodSync(folder, 0o1777);
  requireProtectedFolder(join(folder, 'inner'));
});
