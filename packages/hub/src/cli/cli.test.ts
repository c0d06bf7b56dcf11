import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, type TestContext, test } from 'node:test';
import { connect, makeIdentity, provision } from '../../test/foreign-connector.ts';
import { createAudit } from '../audit/audit.ts';
import { openHome } from '../home.ts';

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

/** Starts `run` and waits until it listens. */
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

test('commands that remove something ask first, unless --yes is given', (t) => {
  const home = newHome(t);
  hub(['connection', 'create', 'corp', '--home', home]);
  const isThere = () => hub(['connection', 'list', '--home', home]).stdout.includes('\ncorp ');
  for (const args of [
    ['connection', 'delete', 'corp'],
    ['connection', 'disable', 'corp'],
    ['connector', 'revoke', 'corp', 'x'],
    ['client', 'delete', 'x'],
    ['key', 'revoke', 'x'],
    ['admin', 'remove', 'x'],
    ['admin', 'reset', 'x'],
    ['client', 'secret', 'x'],
    ['ticket', 'renew', 'corp'],
    ['ticket', 'revoke', 'corp'],
    ['signing-key', 'retire', 'x'],
    ['identity', 'rotate', '--compromised'],
    ['hub-key', 'reset'],
    ['restore', 'x'],
  ]) {
    const { stderr, status } = hub([...args, '--home', home]);
    assert.match(stderr, /^error: Nothing was changed, .* \[CONFIRMATION_REQUIRED\]\n.*--yes/, args.join(' '));
    assert.equal(status, 2);
  }
  const onTerminal = (answer: string) =>
    spawnSync('script', ['-qec', `${PROGRAM} connection delete corp --home ${home}`, '/dev/null'], {
      input: `${answer}\n`,
      encoding: 'utf8',
      env: { PATH: process.env.PATH },
    });
  const refused = onTerminal('n');
  assert.match(refused.stdout, /Delete "corp" with its tickets and connectors\? .* \[y\/N\]/);
  assert.match(refused.stdout, /NOT_CONFIRMED/);
  assert.ok(isThere());
  assert.match(onTerminal('y').stdout, /Connection "corp" deleted/);
  assert.ok(!isThere());
});

test('commands work while the hub runs and take effect in it', async (t) => {
  const home = newHome(t);
  const { child, url, lines } = await run(t, home);
  const options = ['--home', home];
  const created = hub(['connection', 'create', 'corp', ...options], { PORT: '0' });
  assert.equal(created.status, 0, created.stderr);
  const ticket = created.stdout;
  const { port } = new URL(url);
  const address = { PORT: port, PUBLIC_URL: 'https://hub.invalid' };
  assert.equal(hub(['health', ...options], address).stdout, 'ready');
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
  assert.match(hub(['connection', 'list', ...options]).stdout, /^NAME .*\ncorp {2}enabled {2}1 +\S+Z$/);

  const link = hub(['try', 'corp', ...options], { PORT: '0' }).stdout;
  assert.match(await (await fetch(link)).text(), /User name/);
  const renewed = hub(['ticket', 'renew', 'corp', '--yes', '--home', home], { PORT: '0' }).stdout;
  assert.equal((await fetch(`${ticket}/info`)).status, 404);
  assert.equal((await fetch(`${renewed}/info`)).status, 200);

  const [, id = ''] = /^([0-9a-f]+) {2}billing/m.exec(hub(['key', 'list', ...options]).stdout) ?? [];
  assert.equal(hub(['key', 'revoke', id, '--yes', ...options]).status, 0);
  assert.equal((await login()).status, 401);

  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
  assert.equal(await connector.closed, 1001);
  assert.match(hub(['health', ...options], address).stderr, /^error: .*ECONNREFUSED.* \[HUB_NOT_READY\]/);
  const log = lines.join('\n');
  for (const secret of ['geheimnis', key, ticket.split('/').at(-1) ?? '', new URL(link).searchParams.get('code') ?? '']) {
    assert.ok(secret.length > 5 && !log.includes(secret));
  }
});

test('commands manage connections and connectors', async (t) => {
  const home = newHome(t);
  const options = ['--home', home];
  const ok = (...args: string[]) => {
    const result = hub([...args, ...options], { PORT: '0' });
    assert.equal(result.status, 0, result.stderr);
    return result;
  };
  const { child } = await run(t, home);
  const ticket = ok('connection', 'create', 'corp', '--credential-cache', 'off').stdout;
  const set = ok('connection', 'set', 'corp', '--display-name', 'Fabrikam', '--kerberos', 'on', '--approve-connectors', 'on');
  assert.match(set.stderr, /No IP ranges are set/);
  ok('connection', 'set', 'corp', '--ip-ranges', '10.1.1.1/8, 2001:DB8::/32', '--email-domains', 'fabrikam.com');
  const wrong = hub(['connection', 'set', 'corp', '--ip-ranges', '10.0.0.0/8,10.0.0.0/99', ...options]);
  assert.match(wrong.stderr, /"ipRanges\.1"/);
  ok('connection', 'disable', 'corp', '--yes');
  assert.match(ok('connection', 'list').stdout, /^corp {2}disabled /m);
  ok('connection', 'enable', 'corp');
  const shown = ok('connection', 'show', 'corp').stdout;
  for (const line of [
    'displayName: Fabrikam',
    'enabled: true',
    'kerberos: true',
    'credentialCache: false',
    'ipRanges: 10.0.0.0/8, 2001:db8::/32',
    'emailDomains: fabrikam.com',
  ])
    assert.ok(shown.includes(line), line);

  // The ticket ends in the fingerprint that connectors pin. "connector add" issues further tickets.
  const fingerprint = ok('identity', 'show').stdout;
  assert.ok(ticket.endsWith(`.${fingerprint}`));
  const rotated = ok('identity', 'rotate').stdout;
  assert.notEqual(rotated, fingerprint);
  assert.ok(ok('connector', 'add', 'corp').stdout.endsWith(`.${rotated}`));

  const signInEndpoint = 'https://dc1.fabrikam.com/wsfed';
  const provisioned = await provision(ticket, makeIdentity(), { signInEndpoint });
  const [, thumbprint = ''] = /^([0-9a-f]{40}) {2}pending .*not connected yet$/m.exec(ok('connector', 'list', 'corp').stdout) ?? [];
  ok('connector', 'approve', 'corp', thumbprint);
  const moved = 'https://dc2.fabrikam.com/wsfed';
  await provision(ticket, provisioned.identity, { signInEndpoint: moved });
  assert.ok(ok('connection', 'show', 'corp').stdout.includes(`connector confirm-change corp ${thumbprint} ${moved}`));
  assert.match(
    hub(['connector', 'confirm-change', 'corp', thumbprint, signInEndpoint, ...options]).stderr,
    /has no pending request for this sign-in address/,
  );
  ok('connector', 'dismiss-change', 'corp', thumbprint, moved);
  await provision(ticket, provisioned.identity, { signInEndpoint: moved });
  ok('connector', 'confirm-change', 'corp', thumbprint, moved);
  assert.match(ok('connection', 'show', 'corp').stdout, /without a password at https:\/\/dc2/);
  const connector = await connect(provisioned, { instance: { id: 'instance-1', hostName: 'dc1', version: '0.0.1' } });
  const [, id = ''] = /^([0-9a-f]{12}) {2}accepted +dc1 +0\.0\.1 +/m.exec(ok('connector', 'list', 'corp').stdout) ?? [];
  ok('connector', 'drain', 'corp', id);
  assert.match(ok('connector', 'list', 'corp').stdout, /drained/);
  ok('connector', 'resume', 'corp', id);
  assert.match(ok('connector', 'revoke', 'corp', id, '--yes').stderr, /revoke its key too \(--key\)/);
  assert.equal(await connector.closed, 1006);
  assert.match(ok('connector', 'revoke', 'corp', thumbprint, '--key', '--yes').stderr, /ticket renew corp/);
  await assert.rejects(provision(ticket, provisioned.identity), /certificate_revoked/);
  ok('ticket', 'revoke', 'corp', '--yes');
  assert.equal((await fetch(`${ticket}/info`)).status, 404);

  assert.equal(ok('signing-key', 'list').stdout.split('\n').length, 2);
  ok('signing-key', 'rotate');
  assert.match(hub(['signing-key', 'rotate', ...options]).stderr, /starts to sign at .*\n {7}Wait until then/);
  const [, kid = ''] = /^(\S+) {2}RS256 +signing/m.exec(ok('signing-key', 'list').stdout) ?? [];
  ok('signing-key', 'retire', kid, '--yes');
  assert.doesNotMatch(ok('signing-key', 'list').stdout, new RegExp(kid));
  child.kill('SIGTERM');
});

test('the first run in an empty home logs the next steps, and signing keys survive a restart', async (t) => {
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

test('a connection with the e-mail domain of another connection is rejected, and the error names field and domain', (t) => {
  const options = ['--home', newHome(t)];
  assert.equal(hub(['connection', 'create', 'corp', '--email-domains', 'fabrikam.example', ...options]).status, 0);
  const refused = hub(['connection', 'create', 'other', '--email-domains', 'other.example,FABRIKAM.example', ...options]);
  assert.deepEqual([refused.status, refused.stdout], [1, '']);
  assert.match(
    refused.stderr,
    /^error: The field "emailDomains": "fabrikam\.example" belongs to another connection.* \[EMAIL_DOMAIN_TAKEN\]/,
  );
  assert.doesNotMatch(hub(['connection', 'list', ...options]).stdout, /other/);
});

test('hub-key rotate replaces the key of a stopped hub, and commands continue with it', (t) => {
  const home = newHome(t);
  const options = ['--home', home];
  assert.equal(hub(['connection', 'create', 'corp', ...options]).status, 0);
  const before = readFileSync(join(home, 'hub.key'), 'utf8');
  const rotated = hub(['hub-key', 'rotate', ...options]);
  assert.equal(rotated.status, 0, rotated.stderr);
  const [, kept = ''] = /^Key replaced\. The old key is in (\S+)\. /.exec(rotated.stderr) ?? [];
  assert.equal(readFileSync(kept, 'utf8'), before);
  assert.notEqual(readFileSync(join(home, 'hub.key'), 'utf8'), before);
  assert.match(hub(['connection', 'list', ...options]).stdout, /^corp /m);
  assert.equal(hub(['audit', 'verify', ...options]).status, 0);
  assert.match(hub(['hub-key', 'rotate', '--new-key', join(home, 'x'), ...options]).stderr, /^error: .* \[HUB_KEY_ROTATION\]/);
});

describe('errors of commands', () => {
  const withFile = (name: string, content: string) => (t: TestContext) => {
    const home = newHome(t);
    writeFileSync(join(home, name), content);
    return home;
  };
  const cases: { title: string; args: string[]; home: (t: TestContext) => string; message: RegExp }[] = [
    { title: 'an unknown connection', args: ['connection', 'delete', 'nobody', '--yes'], home: newHome, message: /no connection "nobody"/ },
    { title: 'an unknown API key', args: ['key', 'revoke', 'nobody', '--yes'], home: newHome, message: /No API key "nobody"/ },
    { title: 'an invalid connection name', args: ['connection', 'create', 'a/b'], home: newHome, message: /1 to 64 letters/ },
    {
      title: 'an invalid setting',
      args: ['run'],
      home: withFile('hub.json', '{"PORT": "many"}'),
      message: /PORT \(from the file\) must be a whole number from 0 to 65535, and "many" is not/,
    },
    {
      title: 'a damaged database',
      args: ['connection', 'list'],
      home: withFile('hub.sqlite', 'no database '.repeat(1000)),
      message: /hub\.sqlite cannot be used.*not a database/,
    },
    { title: 'an unusable home folder', args: ['run'], home: () => '/dev/null/x', message: /HOME_UNUSABLE/ },
  ];
  for (const { title, args, home, message } of cases) {
    test(`report ${title}`, (t) => {
      const { stderr, status } = hub([...args, '--home', home(t)]);
      assert.equal(status, 1);
      assert.match(stderr, message);
      assert.match(stderr, /^(?:Created a new hub in [^\n]+\n)?error: [^\n]+ \[[A-Z_]+\](?:\n {7}[^\n]+){1,2}$/);
    });
  }
});

test('a mistyped or foreign home does not become a hub: only run and restore create one', (t) => {
  const missing = join(newHome(t), 'typo');
  const foreign = newHome(t);
  writeFileSync(join(foreign, 'notes.txt'), '');
  for (const home of [missing, foreign]) {
    for (const args of [
      ['connection', 'create', 'corp'],
      ['key', 'create'],
      ['admin', 'invite', 'owner'],
      ['connection', 'list'],
    ]) {
      const { stderr, status, stdout } = hub([...args, '--home', home]);
      assert.equal(status, 1);
      assert.equal(stdout, '');
      assert.match(stderr, new RegExp(`^error: There is no hub in ${home}.*landbridge-hub run --home ${home}`, 's'));
    }
  }
  assert.equal(existsSync(missing), false);
  assert.deepEqual(readdirSync(foreign), ['notes.txt']);
  const prepared = newHome(t);
  writeFileSync(join(prepared, 'hub.json'), '{}');
  assert.match(hub(['connection', 'create', 'corp', '--home', prepared]).stderr, new RegExp(`^Created a new hub in ${prepared}\\.$`, 'm'));
});

test('with --if-missing, a second run creates nothing and prints nothing', (t) => {
  const options = ['--if-missing', '--home', newHome(t)];
  for (const args of [
    ['connection', 'create', 'corp'],
    ['key', 'create', 'billing'],
    ['admin', 'invite', 'owner'],
  ]) {
    assert.notEqual(hub([...args, ...options]).stdout, '');
    assert.deepEqual(hub([...args, ...options]), { stdout: '', stderr: '', status: 0 });
  }
});

test('help lists all commands', () => {
  const { stdout } = hub(['--help']);
  for (const word of ['connection', 'ticket', 'connector', 'key', 'signing-key', 'try', 'backup', 'restore']) {
    assert.match(stdout, new RegExp(`^ {2}${word} `, 'm'));
  }
  assert.match(hub(['connection', '--help']).stdout, /create \[?.*<name>/);
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
    assert.match(stdout, new RegExp(`\\n${name} .*$`));
  }
});

test('commands list, verify and export the audit log', async (t) => {
  const home = newHome(t);
  const { store, chain } = openHome(home, {});
  const audit = createAudit(store, chain.seal);
  for (const subject of ['anna', 'ben\u001b[2J'])
    await audit.record({ actor: 'user', action: 'login', connection: 'corp', subject, result: 'ok' });
  await store.close();
  const options = ['--home', home];
  assert.match(
    hub(['audit', 'list', '--subject', 'ANNA', ...options]).stdout,
    /^1 {2}\S+Z {2}user {2}login {2}ok {2}connection="corp" {2}subject="anna"$/,
  );
  const wrong = hub(['audit', 'list', '--limit', '0', ...options]);
  assert.equal(wrong.status, 1);
  assert.match(wrong.stderr, /"limit"/);
  const head = hub(['audit', 'verify', ...options]).stdout;
  assert.match(head, /^2:[0-9a-f]{64}:[0-9a-f]{32}$/);
  const lines = hub(['audit', 'export', ...options]).stdout.split('\n');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).id),
    [1, 2],
  );
  assert.equal(JSON.parse(lines[1] ?? '').hash, head.split(':')[1]);
  assert.equal(hub(['audit', 'verify', '--head', head, ...options]).status, 0);
  const never = hub(['audit', 'verify', '--head', `2:${'ab'.repeat(32)}:${'0'.repeat(32)}`, ...options]);
  assert.equal(never.status, 1);
  assert.match(never.stderr, /^error: .* this hub never had it.* \[AUDIT_LOG_BROKEN\]/);
  const later = chain.headText({ id: 3, hash: '0'.repeat(64) });
  const cutOff = hub(['audit', 'verify', '--head', head, '--head', later, ...options]);
  assert.equal(cutOff.status, 1);
  assert.match(cutOff.stderr, /^error: The audit log was tampered with at record 3:.* \[AUDIT_LOG_BROKEN\]/);
  assert.equal(hub(['audit', 'verify', '--head', 'x', ...options]).status, 1);

  const heads = join(home, 'heads');
  writeFileSync(heads, `2026-01-01T00:00:00Z ${head}\n2026-01-02T00:00:00Z ${later}\nx\n`);
  const compared = hub(['audit', 'verify', ...options], { AUDIT_HEAD_FILE: heads });
  assert.match(compared.stderr, /^2 heads in .* compared; 1 lines are not heads/);
  assert.equal(compared.status, 1);
});

test('commands refuse a key other than the one the audit log is sealed with, unless the option says that it is lost', (t) => {
  const home = newHome(t);
  const options = ['--home', home];
  assert.equal(hub(['connection', 'create', 'corp', ...options]).status, 0);
  const HUB_KEY = Buffer.alloc(32, 1).toString('base64url');
  const refused = hub(['connection', 'create', 'other', ...options], { HUB_KEY });
  assert.equal(refused.status, 1);
  assert.match(refused.stderr, /HUB_KEY_MISMATCH/);
  assert.match(hub(['audit', 'verify', ...options], { HUB_KEY: 'x' }).stderr, /HUB_KEY_UNUSABLE/);
  writeFileSync(join(home, 'hub-key'), `${HUB_KEY}\n`);
  const fromFile = hub(['connection', 'create', 'other', ...options], { HUB_KEY_FILE: join(home, 'hub-key') });
  assert.match(fromFile.stderr, /HUB_KEY_MISMATCH/);
  assert.equal(hub(['hub-key', 'reset', '--yes', ...options], { HUB_KEY }).status, 0);
  const verified = hub(['audit', 'verify', ...options], { HUB_KEY });
  assert.equal(verified.status, 0);
  assert.match(verified.stderr, /The oldest \d+ records were sealed with a key that was lost/);
});
