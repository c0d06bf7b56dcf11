import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type DirectoryServer, startDirectory } from '@landbridge/directory';
import { createCertificateAuthority, freePort } from '@landbridge/lab';
import { startCommand } from '../../test/command-line.ts';
import { HUB_RSA, pemOf, startFakeHub } from '../../test/fake-hub.ts';
import { INFO, SECRET, startTicketServer } from '../../test/ticket-server.ts';
import { decryptPassword } from '../config/credentials.ts';
import { createCertificate, createKey } from '../setup/certificate.ts';

let directory: DirectoryServer;
let home: string;
before(async () => {
  directory = await startDirectory();
});
after(() => directory.stop());
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'cli-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const run = (args: string[], options?: Parameters<typeof startCommand>[1]) => startCommand([...args, '--home', home], options).ended;
const file = (): Record<string, unknown> => JSON.parse(readFileSync(join(home, 'config.json'), 'utf8'));
const write = (content: object, name = 'config.json') => {
  writeFileSync(join(home, name), JSON.stringify(content), { mode: 0o600 });
  return join(home, name);
};

it('help lists all commands', async () => {
  const { stdout } = await run(['--help']);
  for (const word of ['run', 'setup', 'config', 'user', 'login', 'troubleshoot', 'health', 'console', 'export', 'import', 'service']) {
    assert.match(stdout, new RegExp(`^ {2}${word} `, 'm'));
  }
});

it('a mistyped home is an error for every command that does not create one', async () => {
  for (const args of [['config', 'check'], ['config', 'show'], ['user', 'x'], ['troubleshoot'], ['console', 'link'], ['export', 'x']]) {
    const { exitCode, stderr } = await startCommand([...args, '--home', join(home, 'typo')]).ended;
    assert.equal(exitCode, 1);
    assert.match(stderr, /^error: There is no connector in .*typo, which does not exist.* \[HOME_NOT_FOUND\]/);
  }
  assert.deepEqual(readdirSync(home), []);
});

describe('config', () => {
  it('check lists all problems and warnings and exits with 1', async () => {
    write({
      LDAP_URL: 'x',
      GROUPS: 'perhaps',
      LDAP_SEARCH_ALL_QUERY: '(((',
      LDAP_BIND_CREDENTIALS: 'zz',
      LDAP_BIND_PASWORD: 'pw-secret',
      SSL_CA_FILE: '/absent',
    });
    const { exitCode, stdout, output } = await run(['config', 'check']);
    assert.equal(exitCode, 1);
    const problems = stdout.split('\n').filter((line) => line.startsWith('problem: '));
    for (const name of [
      'LDAP_URL',
      'GROUPS',
      'PROVISIONING_TICKET',
      'LDAP_BIND_USER',
      'SSL_CA_FILE',
      'LDAP_BIND_CREDENTIALS',
      'LDAP_SEARCH_ALL_QUERY',
    ]) {
      assert.ok(
        problems.some((line) => line.startsWith(`problem: ${name}`)),
        `${name} in:\n${stdout}`,
      );
    }
    assert.match(stdout, /warning: LDAP_BIND_PASWORD .*LDAP_BIND_PASSWORD meant/);
    assert.doesNotMatch(output, /pw-secret/);
  });

  it('check reports a mapper that does not load or uses what the sandbox does not offer, with its line', async () => {
    for (const [mapper, expected] of [
      ['module.exports = function (raw) {\n  return {;\n};', /problem: .*SyntaxError.*\(line 2\)/],
      [
        'module.exports = function (raw) {\n\n  return { id: process.env.LDAP_BIND_PASSWORD };\n};',
        /problem: .*process\.env\.LDAP_BIND_PASSWORD.*\(line 3\)/,
      ],
    ] as const) {
      write({
        PROVISIONING_TICKET: 'https://hub.example/p/ad/x',
        LDAP_URL: 'ldaps://dc',
        ANONYMOUS_SEARCH_ENABLED: 'true',
        PROFILE_MAPPER: mapper,
      });
      const { exitCode, stdout } = await run(['config', 'check'], { environment: { LDAP_BIND_PASSWORD: 'secret' } });
      assert.equal(exitCode, 1);
      assert.match(stdout, expected);
    }
  });

  it('check reports each file that run cannot load', async () => {
    const text = join(home, 'text');
    writeFileSync(text, 'no certificate, list or key\n', { mode: 0o600 });
    const authority = await createCertificateAuthority('Test');
    const [one, other] = [await authority.issue({ commonName: 'one' }), await authority.issue({ commonName: 'other' })];
    const certificate = createCertificate(createKey(), { connectionName: 'c', connectionDomain: 'd' }).certificate.toString();
    const cases: [Record<string, unknown>, RegExp][] = [
      [{ PROFILE_MAPPER: 'no JavaScript' }, /mapper/i],
      [{ AUTH_CERT: certificate, AUTH_CERT_KEY: createKey().privateKeyPem }, /AUTH_CERT.*do not match/],
      [{ AUTH_CERT: text, AUTH_CERT_KEY: text }, /AUTH_CERT/],
      [{ CA_CERT: 'no certificate' }, /CA_CERT/],
      [{ SSL_CA_FILE: text }, /SSL_CA_FILE/],
      [{ SSL_CA_PATH: text }, /SSL_CA_PATH/],
      [{ LDAP_CLIENT_CERT: text, LDAP_CLIENT_KEY: text }, /client certificate for the directory/],
      [{ LDAP_CLIENT_CERT: one.cert, LDAP_CLIENT_KEY: other.key }, /LDAP_CLIENT_KEY does not match/],
      [{ LDAP_CLIENT_PFX: 'bm90aGluZw==' }, /LDAP_CLIENT_PFX/],
      [{ SSL_CERT: text, SSL_KEY: text }, /certificate for browsers/],
      [{ SSL_CERT: one.cert, SSL_KEY: other.key }, /SSL_KEY does not match/],
      [{ SSL_CERT: one.cert }, /SSL_CERT and SSL_KEY/],
      [{ SSL_PFX: 'bm90aGluZw==' }, /SSL_PFX/],
      [{ CLIENT_CERT_CA: text }, /CLIENT_CERT_CA/],
      [{ CLIENT_CERT_CRL: text }, /CLIENT_CERT_CRL/],
      [{ KERBEROS_KEYTAB: text }, /not a keytab/],
      [{ HTTP_PROXY: 'foo' }, /HTTP_PROXY/],
      [{ HTTPS_PROXY: 'foo' }, /HTTPS_PROXY/],
    ];
    for (const [settings, expected] of cases) {
      write({ PROVISIONING_TICKET: 'https://hub.example/p/ad/x', LDAP_URL: 'ldaps://dc', ANONYMOUS_SEARCH_ENABLED: 'true', ...settings });
      const { exitCode, stdout, output } = await run(['config', 'check']);
      const name = Object.keys(settings).join();
      assert.equal(exitCode, 1, `${name}: ${output}`);
      assert.match(
        stdout
          .split('\n')
          .filter((line) => line.startsWith('problem: '))
          .join('\n'),
        expected,
        name,
      );
      assert.doesNotMatch(output, /BEGIN (RSA )?PRIVATE KEY/);
    }
  });

  it('check exits with 0 for a valid configuration and writes nothing', async () => {
    write({ PROVISIONING_TICKET: 'https://hub.example/p/ad/x', LDAP_URL: 'ldaps://dc', ANONYMOUS_SEARCH_ENABLED: 'true' });
    const { exitCode, stdout } = await run(['config', 'check']);
    assert.equal(exitCode, 0);
    assert.match(stdout, /^The configuration is valid\.$/m);
    assert.deepEqual(readdirSync(home), ['config.json']);
  });

  it('show masks secrets and values of unknown settings, and shows the origin of each value', async () => {
    write({
      PROVISIONING_TICKET: 'https://hub.example/p/ad/ticket-secret',
      LDAP_BIND_PASSWORD: 'pw-secret',
      LDAP_BASE: 'DC=x',
      MYPASSWORD: 'pw-secret',
    });
    const environment = { PORT: '4711', HTTP_PROXY: 'http://u:proxy-secret@proxy:1', SESSION_SECRET: 'session-secret' };
    const text = await run(['config', 'show'], { environment });
    assert.match(text.stdout, /^LDAP_BASE +"DC=x" +file$/m);
    assert.match(text.stdout, /^PORT +4711 +environment$/m);
    assert.match(text.stdout, /^LDAP_BIND_PASSWORD +\[secret\] +file$/m);
    assert.match(text.stdout, /^MYPASSWORD +\[unknown setting\]/m);
    const json = await run(['config', 'show', '--json'], { environment });
    assert.deepEqual(
      JSON.parse(json.stdout).find(({ name }: { name: string }) => name === 'HTTP_PROXY'),
      { name: 'HTTP_PROXY', value: null, origin: 'environment', note: 'secret' },
    );
    assert.doesNotMatch(text.output + json.output, /-secret/);
  });

  it('check reports the position of a JSON error', async () => {
    writeFileSync(join(home, 'config.json'), '{\n "LDAP_BIND_PASSWORD": "pw-secret"\n "PORT": 1}');
    const { exitCode, stderr, output } = await run(['config', 'check']);
    assert.equal(exitCode, 1);
    assert.match(stderr, /^error: .*config\.json is not valid JSON: line 3, column 2.* \[CONFIG_NOT_JSON\]/);
    assert.doesNotMatch(output, /pw-secret/);
  });
});

describe('setup without a terminal', () => {
  const flags = (extra: string[] = []) => [
    'setup',
    ...['--ldap-url', directory.url, '--ldap-base', directory.baseDn, '--bind-user', directory.serviceAccount.dn],
    ...['--password-file', '-', ...extra],
  ];

  it('checks ticket and directory and saves the password encrypted', async (t) => {
    const hub = await startTicketServer(t);
    writeFileSync(join(home, 'ticket'), `${hub.ticket}\r\n`);
    const done = await run(flags(['--ticket-file', join(home, 'ticket')]), { input: `${directory.serviceAccount.password}\n` });
    assert.equal(done.exitCode, 0, done.output);
    assert.match(done.stdout, /ticket: connection fabrikam-ad/);
    assert.match(done.stdout, /directory: .*Active Directory.*DC=/i);
    const { LDAP_BIND_CREDENTIALS, ...saved } = file();
    assert.equal(saved.PROVISIONING_TICKET, hub.ticket);
    assert.equal(saved.CONNECTION, INFO.connectionName);
    assert.equal(saved.LDAP_BIND_PASSWORD, undefined);
    const key = readFileSync(join(home, 'certs', 'cert.key'), 'utf8');
    assert.equal(decryptPassword(String(LDAP_BIND_CREDENTIALS), key), directory.serviceAccount.password);
    for (const name of ['config.json', 'certs/cert.key']) assert.equal(statSync(join(home, name)).mode & 0o777, 0o600, name);
    assert.doesNotMatch(done.output, new RegExp(`${SECRET}|${directory.serviceAccount.password}`));
    // A second setup changes one setting and keeps the others and the certificate.
    const again = await run(['setup', '--answers', '-', '--json'], { input: 'GROUP_PROPERTY=mail' });
    assert.equal(again.exitCode, 0, again.output);
    assert.deepEqual(JSON.parse(again.stdout), { changed: true, settings: ['GROUP_PROPERTY'], home, connection: INFO.connectionName });
    assert.equal(file().GROUP_PROPERTY, 'mail');
    assert.equal(file().LDAP_BIND_CREDENTIALS, LDAP_BIND_CREDENTIALS);
    assert.equal(readFileSync(join(home, 'certs', 'cert.key'), 'utf8'), key);
  });

  it('saves settings from the environment', async (t) => {
    const hub = await startTicketServer(t);
    const environment = {
      PROVISIONING_TICKET: hub.ticket,
      LDAP_URL: directory.url,
      LDAP_BIND_USER: directory.serviceAccount.dn,
      LDAP_BIND_PASSWORD: directory.serviceAccount.password,
    };
    const done = await run(['setup'], { environment });
    assert.equal(done.exitCode, 0, done.output);
    assert.deepEqual([file().LDAP_URL, file().LDAP_BIND_PASSWORD], [directory.url, undefined]);
    assert.equal((await run(['config', 'check'])).exitCode, 0);
  });

  it('lists all missing settings and saves nothing', async () => {
    const { exitCode, stderr } = await run(['setup', '--ldap-url', 'ldap://127.0.0.1']);
    assert.equal(exitCode, 1);
    for (const name of ['PROVISIONING_TICKET', 'LDAP_BIND_USER']) assert.match(stderr, new RegExp(`${name} is missing`));
    assert.equal(existsSync(join(home, 'config.json')), false);
  });

  it('saves nothing if a check fails, except with --save-anyway', async (t) => {
    const hub = await startTicketServer(t);
    hub.info = { status: 404 };
    const ticket = ['--ticket-file', join(home, 'ticket')];
    writeFileSync(join(home, 'ticket'), hub.ticket);
    const refused = await run(flags(ticket), { input: 'wrong-password' });
    assert.equal(refused.exitCode, 1);
    assert.match(refused.stdout, /failed: .*does not know the ticket/);
    assert.match(refused.stdout, /failed: .*(refused|invalid|credentials)/i);
    assert.match(refused.stderr, /--save-anyway/);
    assert.equal(existsSync(join(home, 'config.json')), false);
    assert.doesNotMatch(refused.output, new RegExp(`${SECRET}|wrong-password`));
    const saved = await run(flags([...ticket, '--save-anyway']), { input: 'wrong-password' });
    assert.equal(saved.exitCode, 0, saved.output);
    assert.equal(file().PROVISIONING_TICKET, hub.ticket);
    assert.equal(statSync(join(home, 'config.json')).mode & 0o777, 0o600);
  });

  it('needs no service account with LDAP_USER_DN', async (t) => {
    const hub = await startTicketServer(t);
    const alice = directory.users.find(({ name }) => name === 'alice');
    assert.ok(alice);
    const environment = {
      PROVISIONING_TICKET: hub.ticket,
      LDAP_URL: directory.url,
      LDAP_USER_DN: alice.dn.replace(alice.cn, '{0}'),
    };
    assert.equal((await run(['setup'], { environment })).exitCode, 0);
    const done = await run(['login', alice.cn], { input: alice.password });
    assert.match(done.stdout, /Signed in\./, done.output);
    assert.match(done.stdout, /"sAMAccountName": "alice"/);
    const search = await run(['user', alice.cn]);
    assert.match(search.stderr, /shows no attributes of .*landbridge-connector login/s);
  });

  it('reports a search base that does not exist', async (t) => {
    const hub = await startTicketServer(t);
    const environment = { PROVISIONING_TICKET: hub.ticket };
    const done = await run(flags(['--ldap-base', 'DC=nowhere']), { environment, input: directory.serviceAccount.password });
    assert.match(done.stdout, /failed: The search base DC=nowhere does not exist/);
    assert.equal(done.exitCode, 1);
  });

  it('with --hub, rejects a ticket, and requests a code only when all other settings are complete', async (t) => {
    const tickets = await startTicketServer(t);
    const hub = ['--hub', new URL(tickets.ticket).origin];
    const both = await run(['setup', ...hub], { environment: { PROVISIONING_TICKET: tickets.ticket } });
    assert.match(both.stderr, /cannot be combined/);
    const { exitCode, stderr } = await run(['setup', ...hub]);
    assert.equal(exitCode, 1);
    assert.match(stderr, /LDAP_URL is missing/);
    assert.doesNotMatch(stderr, /PROVISIONING_TICKET is missing/);
    assert.deepEqual(tickets.asked, []);
  });

  it('rejects two secrets from standard input', async () => {
    assert.match((await run(['setup', '--ticket-file', '-', '--password-file', '-'])).stderr, /cannot both/);
  });
});

describe('run', () => {
  it('in a folder that cannot be created ends with an error', { skip: process.platform !== 'linux' }, async () => {
    const { exitCode, stderr } = await startCommand(['run', '--home', '/proc/x']).ended;
    assert.equal(exitCode, 1);
    assert.match(stderr, /^error: The home \/proc\/x cannot be created.* \[HOME_UNUSABLE\]/);
  });

  it('connects, answers a sign-in, reveals no secret, and exits with 0 on SIGTERM', { timeout: 60_000 }, async (t) => {
    const tickets = await startTicketServer(t);
    const hub = await startFakeHub();
    t.after(() => hub.stop());
    tickets.info = { body: { ...INFO, adHub: hub.url } };
    const { publicKey } = await import('../../test/fake-hub.ts').then(({ HUB_RSA }) => HUB_RSA);
    tickets.registered = { body: { signingKey: publicKey.export({ type: 'spki', format: 'pem' }) } };
    const { dn, password } = directory.serviceAccount;
    write({
      PROVISIONING_TICKET: tickets.ticket,
      LDAP_URL: directory.url,
      LDAP_BIND_USER: dn,
      LDAP_BIND_PASSWORD: password,
      LOG_LEVEL: 'debug',
    });
    const connector = startCommand(['run', '--home', home]);
    t.after(() => connector.child.kill('SIGKILL'));
    const agent = await Promise.race([hub.nextAgent(), connector.ended.then(({ output }) => assert.fail(output))]);
    const user = directory.users.find(({ refusal }) => refusal === undefined);
    assert.ok(user);
    const correlationId = agent.ask('authenticate_user', { username: user.name, password: user.password });
    const answer = await agent.nextFrame();
    assert.equal(answer.n, `${correlationId}_result`);
    assert.match(JSON.stringify(answer.p), new RegExp(`"sAMAccountName":"${user.name}"`));
    assert.equal(file().LDAP_BIND_PASSWORD, undefined);
    connector.child.kill('SIGTERM');
    const { exitCode, output } = await connector.ended;
    assert.equal(exitCode, 0, output);
    assert.ok(!output.includes(password) && !output.includes(SECRET) && !output.includes(user.password), output);
  });

  it('starts when "setup" writes the settings that it waits for', { timeout: 60_000 }, async (t) => {
    const tickets = await startTicketServer(t);
    const hub = await startFakeHub();
    t.after(() => hub.stop());
    tickets.info = { body: { ...INFO, adHub: hub.url } };
    tickets.registered = { body: { signingKey: pemOf(HUB_RSA.publicKey) } };
    const connector = startCommand(['run', '--home', home], { environment: { CONSOLE_PORT: '0' } });
    t.after(() => connector.child.kill('SIGKILL'));
    await connector.printed(/Console: open/);
    const { dn, password } = directory.serviceAccount;
    const { exitCode, output } = await run(['setup', '--ldap-url', directory.url, '--bind-user', dn, '--password-file', '-'], {
      environment: { PROVISIONING_TICKET: tickets.ticket, CONSOLE_PORT: '0' },
      input: password,
    });
    assert.equal(exitCode, 0, output);
    await Promise.race([hub.nextAgent(), connector.ended.then((ended) => assert.fail(ended.output))]);
    connector.child.kill('SIGTERM');
    assert.equal((await connector.ended).exitCode, 0);
  });

  it('is ready while hub and directory answer, and "health" says so', { timeout: 60_000 }, async (t) => {
    const tickets = await startTicketServer(t);
    const hub = await startFakeHub();
    t.after(() => hub.stop());
    tickets.info = { body: { ...INFO, adHub: hub.url } };
    tickets.registered = { body: { signingKey: pemOf(HUB_RSA.publicKey) } };
    const { dn, password } = directory.serviceAccount;
    const HEALTH_PORT = await freePort();
    const settings = { LDAP_URL: directory.url, LDAP_BIND_USER: dn, LDAP_BIND_PASSWORD: password, HEALTH_PORT };
    write({ PROVISIONING_TICKET: tickets.ticket, ...settings });
    assert.match((await run(['health'])).stderr, /^error: .*ECONNREFUSED.* \[CONNECTOR_NOT_READY\]/);
    const connector = startCommand(['run', '--home', home]);
    t.after(() => connector.child.kill('SIGKILL'));
    await Promise.race([hub.nextAgent(), connector.ended.then(({ output }) => assert.fail(output))]);
    const url = `http://127.0.0.1:${HEALTH_PORT}`;
    while ((await fetch(`${url}/readyz`)).status !== 200) await delay(20);
    assert.deepEqual(await (await fetch(`${url}/readyz`)).json(), { ready: true, checks: { hub: 'connected', directory: 'connected' } });
    assert.equal((await run(['health'])).stdout, 'ready\n');
    await hub.stop();
    while ((await fetch(`${url}/readyz`)).status === 200) await delay(20);
    const { exitCode, stderr } = await run(['health']);
    assert.equal(exitCode, 1);
    assert.match(stderr, /^error: .* 503 .*"directory":"connected".* \[CONNECTOR_NOT_READY\]/);
    assert.deepEqual([(await fetch(`${url}/healthz`)).status, (await fetch(`${url}/`)).status], [200, 404]);
  });

  it('refuses to start if the port for health checks is in use', async (t) => {
    const { port } = new URL(directory.url);
    const environment = { CONSOLE_PORT: '0', HEALTH_PORT: port };
    const connector = startCommand(['run', '--home', home], { environment });
    t.after(() => connector.child.kill('SIGKILL'));
    const { exitCode, stderr } = await connector.ended;
    assert.equal(exitCode, 1);
    assert.match(stderr, /^error: .* \[HEALTH_NOT_OPENED\]\n {7}Correct HEALTH_PORT/m);
  });

  it('warns about settings that weaken security and about refused anonymous searches', async (t) => {
    const environment = {
      OVERRIDE_CONFIG: 'false',
      PROVISIONING_TICKET: 'https://127.0.0.1:9/p/ad/x',
      LDAP_URL: directory.url,
      ANONYMOUS_SEARCH_ENABLED: 'true',
      LDAP_INSECURE_NO_TLS: 'true',
    };
    const connector = startCommand(['run', '--home', home], { environment });
    t.after(() => connector.child.kill('SIGKILL'));
    await connector.printed(/LDAP_INSECURE_NO_TLS weakens security/);
    await connector.printed(/ANONYMOUS_SEARCH_REFUSED.*rejects anonymous searches below DC=fabrikam,DC=local/s);
  });

  for (const [name, value] of Object.entries({ SSL_CA_FILE: '/absent', PROFILE_MAPPER_FILE: '/absent', LDAP_SEARCH_QUERY: '((({0}' })) {
    it(`exits with 1 and an error about an unusable ${name}`, async () => {
      const environment = {
        OVERRIDE_CONFIG: 'false',
        PROVISIONING_TICKET: 'https://hub.example/p/ad/x',
        LDAP_URL: directory.url,
        ANONYMOUS_SEARCH_ENABLED: 'true',
      };
      const { exitCode, stderr } = await run(['run'], { environment: { ...environment, [name]: value } });
      assert.equal(exitCode, 1);
      assert.match(stderr, new RegExp(`^error: .*${name}`));
    });
  }
});
