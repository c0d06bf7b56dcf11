import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { connect, makeIdentity, provision } from '../../test/foreign-connector.ts';

const PROGRAM = join(import.meta.dirname, '..', '..', 'bin', 'landbridge-hub');

function newHome(t: TestContext): string {
  const home = mkdtempSync(join(tmpdir(), 'landbridge-hub-cli-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  return home;
}

function hub(args: string[], environment: Record<string, string> = {}, cwd = tmpdir()) {
  const { stdout, stderr, status } = spawnSync(PROGRAM, args, { encoding: 'utf8', cwd, env: { PATH: process.env.PATH, ...environment } });
  return { stdout: stdout.trim(), stderr: stderr.trim(), status };
}

/** Starts `run` and waits for the line that says where it listens. */
async function run(t: TestContext, home: string): Promise<{ child: ChildProcess; url: string; lines: string[] }> {
  const child = spawn(PROGRAM, ['run', '--home', home], {
    env: { PATH: process.env.PATH, PORT: '0', LOG_FORMAT: 'json' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => {
      lines.push(line);
      const { url } = JSON.parse(line);
      if (url !== undefined) resolve(url);
    });
    child.once('exit', (code) => reject(new Error(`run ended with ${code}: ${lines.join('\n')}`)));
  });
  return { child, url, lines };
}

test('commands work while the hub runs, and the hub sees what they did', async (t) => {
  const home = newHome(t);
  const { child, url, lines } = await run(t, home);
  const options = ['--home', home];
  const created = hub(['connection', 'create', 'corp', ...options], { PORT: '0' });
  assert.equal(created.status, 0, created.stderr);
  const ticket = created.stdout;
  const { port } = new URL(url);
  assert.match(ticket, new RegExp(`^http://localhost:${port}/p/ad/`));
  const key = hub(['key', 'create', 'billing', ...options]).stdout;
  const connector = await connect(await provision(ticket, makeIdentity()));
  connector.answerAll(() => ({ profile: { id: '1' } }));
  const login = () =>
    fetch(`${url}/api/connections/corp/login`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${key}` },
      body: JSON.stringify({ username: 'anna', password: 'geheimnis' }),
    });
  assert.equal((await login()).status, 200);
  assert.match(hub(['connection', 'list', ...options]).stdout, /^corp {2}created .* registered connectors: 1$/);

  const link = hub(['try', 'corp', ...options], { PORT: '0' }).stdout;
  assert.match(await (await fetch(link)).text(), /User name/);
  const renewed = hub(['ticket', 'renew', 'corp', '--home', home], { PORT: '0' }).stdout;
  assert.equal((await fetch(`${ticket}/info`)).status, 404);
  assert.equal((await fetch(`${renewed}/info`)).status, 200);

  const [, id = ''] = /^([0-9a-f]+) {2}billing/.exec(hub(['key', 'list', ...options]).stdout) ?? [];
  assert.equal(hub(['key', 'revoke', id, ...options]).status, 0);
  assert.equal((await login()).status, 401);

  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
  assert.equal(await connector.closed, 1001);
  const log = lines.join('\n');
  for (const secret of ['geheimnis', key, ticket.split('/').at(-1) ?? '', new URL(link).searchParams.get('code') ?? '']) {
    assert.ok(secret.length > 5 && !log.includes(secret));
  }
});

test('the first run in an empty home says what to do next; keys stay from one run to the next', async (t) => {
  const home = newHome(t);
  const first = await run(t, home);
  const keys = await (await fetch(`${first.url}/.well-known/jwks.json`)).text();
  first.child.kill('SIGTERM');
  await once(first.child, 'exit');
  const log = first.lines.join('\n');
  assert.match(log, /landbridge-hub connection create NAME/);
  assert.match(log, /landbridge-hub key create NAME/);
  const second = await run(t, home);
  assert.equal(await (await fetch(`${second.url}/.well-known/jwks.json`)).text(), keys);
});

test('errors are one line, exit code 1, and usage errors point to the help', (t) => {
  const home = newHome(t);
  writeFileSync(join(home, 'hub.json'), '{"PORT": "many"}');
  const damaged = newHome(t);
  writeFileSync(join(damaged, 'hub.sqlite'), 'no database '.repeat(1000));
  const cases: [string[], RegExp][] = [
    [['nonsense'], /unknown command.*--help/],
    [['run', '--nonsense'], /unknown option.*--help/],
    [['connection', 'create'], /missing required argument.*--help/],
    [['connection', 'delete', 'nobody', '--home', newHome(t)], /no connection "nobody"/],
    [['key', 'revoke', 'nobody', '--home', newHome(t)], /no API key "nobody"/],
    [['connection', 'create', 'a/b', '--home', newHome(t)], /1 to 64 letters/],
    [['run', '--home', home], /PORT \(from the file\) must be a whole number from 0 to 65535, and "many" is not/],
    [['connection', 'list', '--home', damaged], /hub\.sqlite cannot be used.*not a database/],
    [['connection', 'list', '--home', '/dev/null/x'], /home folder/],
  ];
  for (const [args, message] of cases) {
    const { stderr, status } = hub(args);
    assert.equal(status, 1, args.join(' '));
    assert.match(stderr, message);
    assert.doesNotMatch(stderr, /\n/, args.join(' '));
  }
});

test('help and version', () => {
  assert.match(hub(['--version']).stdout, /^\d+\.\d+\.\d+$/);
  const { stdout, status } = hub(['--help']);
  assert.equal(status, 0);
  for (const word of ['run', 'connection', 'ticket', 'key', 'try', 'Examples:', '--home']) assert.ok(stdout.includes(word), word);
  assert.match(hub(['connection', '--help']).stdout, /create <name>/);
});

test('the home folder is --home, else LANDBRIDGE_HOME, else the current folder', (t) => {
  const [flag, variable, current] = [newHome(t), newHome(t), newHome(t)];
  assert.equal(hub(['connection', 'create', 'flag', '--home', flag], { LANDBRIDGE_HOME: variable }, current).status, 0);
  assert.equal(hub(['connection', 'create', 'variable'], { LANDBRIDGE_HOME: variable }, current).status, 0);
  assert.equal(hub(['connection', 'create', 'current'], {}, current).status, 0);
  for (const [home, name] of [
    [flag, 'flag'],
    [variable, 'variable'],
    [current, 'current'],
  ] as const) {
    const { stdout } = hub(['connection', 'list', '--home', home]);
    assert.match(stdout, new RegExp(`^${name} .*$`));
  }
});
