import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';

const PROGRAM = join(import.meta.dirname, '..', '..', 'bin', 'landbridge-hub');

test('a service prints no link for the first administrator and says how to get one, and commands manage administrators and their roles', async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'landbridge-hub-admin-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const env: NodeJS.ProcessEnv = { PATH: process.env.PATH, PORT: '0', LOG_FORMAT: 'json' };
  const running = spawn(PROGRAM, ['run', '--home', home], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => running.kill('SIGKILL'));
  const lines: string[] = [];
  for (const input of [running.stdout, running.stderr]) createInterface({ input }).on('line', (line) => lines.push(line));
  while (!lines.some((line) => /admin invite NAME/.test(line))) await new Promise((resolve) => setTimeout(resolve, 20));

  const admin = (...args: string[]) => {
    const { stdout, stderr, status } = spawnSync(PROGRAM, ['admin', ...args, '--home', home], { encoding: 'utf8', env });
    return { stdout: stdout.trim(), stderr: stderr.trim(), status };
  };
  const first = admin('invite', 'ben@fabrikam.com').stdout;
  assert.equal((await fetch(first)).status, 200);
  assert.match(admin('invite', 'Ben@fabrikam.com').stderr, /^error: Administrator "Ben@fabrikam.com" already exists/);
  assert.match(admin('invite', 'a\u001b[2J').stderr, /letters, digits/);
  const second = admin('reset', 'ben@fabrikam.com', '--yes').stdout;
  assert.deepEqual([(await fetch(first)).status, (await fetch(second)).status], [400, 200]);
  assert.match(admin('list').stdout, /^NAME +ROLE .*\nben@fabrikam\.com {2}owner {2}invited /);
  assert.equal(admin('role', 'ben@fabrikam.com', 'read-only').status, 0);
  assert.match(admin('list').stdout, /^ben@fabrikam\.com {2}read-only {2}invited /m);
  assert.match(admin('role', 'ben@fabrikam.com', 'root').stderr, /A role must be one of owner, operator, read-only/);
  assert.match(admin('invite', 'carl', '--role', 'operator').stdout, /^http/);
  assert.match(admin('list').stdout, /^carl +operator /m);
  assert.match(admin('invite', 'dora', '--subject', '7').stderr, /--subject requires ADMIN_OIDC_ISSUER/);
  env.ADMIN_OIDC_ISSUER = 'https://login.example';
  env.ADMIN_OIDC_CLIENT_ID = 'hub';
  assert.match(admin('invite', 'dora', '--role', 'read-only', '--subject', '7').stderr, /"dora" can sign in at https:\/\/login\.example/);
  assert.match(admin('list').stdout, /^dora +read-only {2}can sign in /m);
  assert.match(admin('allow-passwords', '--hours', '2').stderr, /are allowed until 20/);
  assert.match(admin('allow-passwords', '--hours', '0').stderr, /required again/);
  assert.match(admin('allow-passwords', '--hours', '-1').stderr, /from 0 to 72/);
  assert.equal(admin('remove', 'ben@fabrikam.com', '--yes').status, 0);
  assert.equal(admin('remove', 'ben@fabrikam.com', '--yes').status, 1);
  assert.equal((await fetch(second)).status, 400);

  running.kill('SIGTERM');
  await once(running, 'close');
  assert.doesNotMatch(lines.join('\n'), /code=|invitation/);
});

test('in a terminal, the first start prints a link that works', { skip: process.platform !== 'linux' }, async (t) => {
  const home = mkdtempSync(join(tmpdir(), 'landbridge-hub-admin-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const env = { PATH: process.env.PATH, PORT: '0', PROGRAM, LANDBRIDGE_HOME: home };
  // Of util-linux: runs the command in a terminal of its own.
  const running = spawn('script', ['-qefc', 'exec "$PROGRAM" run', '/dev/null'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const link = await new Promise<string>((resolve) => {
    createInterface({ input: running.stdout }).on('line', (line) => {
      const found = /first administrator: (\S+)/.exec(line)?.[1];
      if (found !== undefined) resolve(found);
    });
  });
  t.after(() => running.kill('SIGKILL'));
  assert.equal((await fetch(link)).status, 200);
  running.kill('SIGTERM');
  await once(running, 'close');
});
