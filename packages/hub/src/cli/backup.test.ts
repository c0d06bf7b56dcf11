import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';

const PROGRAM = join(import.meta.dirname, '..', '..', 'bin', 'landbridge-hub');
/** PORT=0 lets the system choose the port. */
const ENVIRONMENT = { PATH: process.env.PATH, PORT: '0', LOG_FORMAT: 'json' };

function homeForTest(t: TestContext) {
  const home = mkdtempSync(join(tmpdir(), 'landbridge-hub-backup-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const hub = (...args: string[]) => {
    const { stdout, stderr, status } = spawnSync(PROGRAM, [...args, '--home', home], { encoding: 'utf8', env: ENVIRONMENT });
    return { stdout: stdout.trim(), stderr: stderr.trim(), status };
  };
  async function run() {
    const child = spawn(PROGRAM, ['run', '--home', home], { env: ENVIRONMENT, stdio: ['ignore', 'ignore', 'pipe'] });
    t.after(() => child.kill('SIGKILL'));
    const lines = createInterface({ input: child.stderr });
    for await (const line of lines) if (line.includes('"url":')) break;
    child.stderr.resume();
    return async (signal: 'SIGTERM' | 'SIGKILL') => {
      child.kill(signal);
      await once(child, 'exit');
    };
  }
  return { home, hub, run };
}

test('backup works while the hub runs; restore works after it has stopped or was killed', async (t) => {
  const { home, hub, run } = homeForTest(t);
  const end = await run();
  assert.equal(hub('connection', 'create', 'corp').status, 0);
  const file = join(home, 'backup.sqlite');
  const backup = hub('backup', file);
  assert.equal(backup.status, 0, backup.stderr);
  assert.equal(backup.stdout, file);
  assert.match(hub('backup', file).stderr, /already exists/);
  assert.equal(hub('connection', 'create', 'later').status, 0);

  const refused = hub('restore', file, '--yes');
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /^error: .* \[HOME_IN_USE\]\n {7}Stop the hub first/);
  const status = hub('status');
  assert.equal(status.status, 0, status.stderr);
  for (const line of ['connections: 2, disabled: 0', 'running: yes']) assert.ok(status.stdout.includes(line), status.stdout);
  assert.match(status.stdout, /^ready: yes \(http:\/\/127\.0\.0\.1:\d+\/readyz\)$/m);

  await end('SIGKILL');
  const stopped = hub('status');
  assert.equal(stopped.status, 1);
  assert.match(stopped.stdout, /^running: no$/m);
  const restored = hub('restore', file, '--yes');
  assert.equal(restored.status, 0, restored.stderr);
  assert.match(restored.stderr, /The old database is .*hub\.sqlite\.replaced-/);
  assert.match(hub('connection', 'list').stdout, /^corp .*$/m);
  assert.equal(readdirSync(home).filter((name) => name.includes('replaced') && !/-(wal|shm)$/.test(name)).length, 1);
});

test('a second hub cannot run on the same home folder', async (t) => {
  const { hub, run } = homeForTest(t);
  const end = await run();
  const second = hub('run');
  assert.equal(second.status, 1);
  assert.match(second.stderr, /A hub is running on /);
  await end('SIGTERM');
});

test('backup of a home folder without a database fails and creates none', (t) => {
  const { home, hub } = homeForTest(t);
  assert.match(hub('backup', join(home, 'backup.sqlite')).stderr, /^error: .*hub\.sqlite does not exist \[DATABASE_MISSING\]\n.*--home/);
  assert.ok(!existsSync(join(home, 'hub.sqlite')));
  assert.match(hub('restore', join(home, 'missing'), '--yes').stderr, /cannot be used as the database of this hub/);
});

test('status asks the hub itself, also if this machine does not reach PUBLIC_URL', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'landbridge-hub-status-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const env = { ...ENVIRONMENT, PUBLIC_URL: 'https://hub.invalid' };
  const child = spawn(PROGRAM, ['run', '--home', home], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  for await (const line of createInterface({ input: child.stderr })) if (line.includes('"url":')) break;
  const { stdout, stderr, status } = spawnSync(PROGRAM, ['status', '--home', home], { encoding: 'utf8', env });
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^ready: yes \(http:\/\/127\.0\.0\.1:\d+\/readyz\)$/m);
});

const NOT_ROOT = process.getuid?.() !== 0 && 'needs root';

test('what root creates or restores belongs to the account that the home belongs to', { skip: NOT_ROOT }, (t) => {
  const ACCOUNT = 65534;
  const { home, hub } = homeForTest(t);
  chownSync(home, ACCOUNT, ACCOUNT);
  const created = hub('key', 'create', 'billing');
  assert.equal(created.status, 0, created.stderr);
  const backups = mkdtempSync(join(tmpdir(), 'landbridge-hub-backups-'));
  t.after(() => rmSync(backups, { recursive: true, force: true }));
  const file = join(backups, 'backup.sqlite');
  assert.equal(hub('backup', file).status, 0);
  const restored = hub('restore', file, '--yes');
  assert.equal(restored.status, 0, restored.stderr);
  const others = readdirSync(home).filter((name) => statSync(join(home, name)).uid !== ACCOUNT);
  assert.deepEqual(others, []);
});
