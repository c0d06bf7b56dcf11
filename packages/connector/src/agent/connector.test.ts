/** Changes the settings of a running connector, between a real OpenLDAP and a fake hub, under a constant load of sign-ins. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createCertificateAuthority, type Slapd, startSlapd, whyNoSlapd } from '@landbridge/lab';
import { createLog } from '@landbridge/runtime';
import { startCommand } from '../../test/command-line.ts';
import { CONNECTION, type FakeAgent, type FakeHub, HUB_RSA, pemOf, REALM, startFakeHub } from '../../test/fake-hub.ts';
import { entry, result, startLdapServer } from '../../test/ldap-server.ts';
import { INFO, startTicketServer } from '../../test/ticket-server.ts';
import { request } from '../../test/users-on.ts';
import { decryptPassword } from '../config/credentials.ts';
import { findHome } from '../config/home.ts';
import { readHomeFiles } from '../config/home-files.ts';
import { loadConfigForStart } from '../config/load.ts';
import { createCertificate, createKey, saveCertificate } from '../setup/certificate.ts';
import { type RunningConnector, startConnector } from './connector.ts';

const LOGINS = 32;
const KEY = createKey();
const code = (expected: string) => (error: unknown) => error instanceof Error && 'code' in error && error.code === expected;

describe('a connector whose settings change while it runs', { skip: whyNoSlapd(), timeout: 480_000 }, () => {
  let slapd: Slapd;
  let hub: FakeHub;
  before(async () => {
    slapd = await startSlapd();
    hub = await startFakeHub();
  });
  after(async () => {
    await hub?.stop();
    await slapd?.[Symbol.asyncDispose]();
  });

  function homeOf(t: TestContext, settings: Record<string, unknown> = {}): string {
    const home = mkdtempSync(join(tmpdir(), 'reload-'));
    t.after(() => rmSync(home, { recursive: true, force: true }));
    saveCertificate(findHome(home), createCertificate(KEY, { connectionName: CONNECTION, connectionDomain: 'example.org' }));
    write(home, {
      AD_HUB: hub.url,
      CONNECTION,
      REALM,
      TENANT_SIGNING_KEY: pemOf(HUB_RSA.publicKey),
      LDAP_URL: slapd.ldapsUrl,
      CA_CERT: [slapd.ca],
      LDAP_BASE: slapd.baseDn,
      LDAP_BIND_USER: slapd.serviceAccount.dn,
      LDAP_BIND_PASSWORD: slapd.serviceAccount.password,
      // One for each concurrent sign-in, so that none is rejected as busy on a slow machine.
      LDAP_NUMBER_OF_PARALLEL_BINDS: LOGINS,
      LDAP_CONNECT_TIMEOUT_MS: 25_000,
      LDAP_OPERATION_TIMEOUT_MS: 60_000,
      ...settings,
    });
    return home;
  }
  const write = (home: string, settings: object) => writeFileSync(join(home, 'config.json'), JSON.stringify(settings), { mode: 0o600 });
  const file = (home: string): Record<string, unknown> => JSON.parse(readFileSync(join(home, 'config.json'), 'utf8'));

  async function start(
    t: TestContext,
    settings: Record<string, unknown> = {},
    environment: Record<string, string> = {},
  ): Promise<{ connector: RunningConnector; agent: FakeAgent; home: string; lines: string[] }> {
    const home = homeOf(t, settings);
    const lines: string[] = [];
    const { log, keepSecret } = createLog({ level: 'info', format: 'json', destination: { write: (line) => lines.push(line) } });
    const { config } = loadConfigForStart(home, environment);
    const keepSecrets = (_: unknown, value: string | undefined) => keepSecret(value);
    const connector = await startConnector({ config, environment, log, keepSecrets, agentVersion: '1.2.3', fileCheckMs: 50 });
    t.after(() => connector.close());
    return { connector, agent: await hub.nextAgent(), home, lines };
  }

  const userAt = (i: number) => slapd.users.ordinary[i % slapd.users.ordinary.length] ?? assert.fail('nobody');

  async function signIn(agent: FakeAgent, i = 0): Promise<Record<string, unknown>> {
    const { uid, password } = userAt(i);
    agent.ask('authenticate_user', { username: uid, password });
    const { p } = await agent.nextFrame();
    assert.ok('profile' in Object(p) && !('err' in Object(p)), JSON.stringify(p));
    return Object(p).profile;
  }

  /** Keeps LOGINS sign-ins in flight until stopped. @returns how many were answered, and every answer that is not a profile */
  function load(agent: FakeAgent): { stop(): Promise<{ asked: number; answered: number; lost: unknown[] }> } {
    let running = true;
    let asked = 0;
    let answered = 0;
    const lost: unknown[] = [];
    const ask = () => {
      const { uid, password } = userAt(asked++);
      agent.ask('authenticate_user', { username: uid, password });
    };
    for (let i = 0; i < LOGINS; i++) ask();
    const reading = (async () => {
      while (running || answered < asked) {
        const { p } = await agent.nextFrame();
        answered++;
        if (!('profile' in Object(p)) || 'err' in Object(p)) lost.push(p);
        if (running) ask();
      }
    })();
    return {
      async stop() {
        running = false;
        await reading;
        return { asked, answered, lost };
      },
    };
  }

  it('loses no sign-in while directory, users and mapper are swapped under load', async (t) => {
    const { connector, agent, home } = await start(t);
    const before = connector.directory();
    const under = load(agent);
    for (let i = 0; i < 3; i++) {
      const applied = await connector.apply({ GROUP_PROPERTY: i % 2 === 0 ? 'description' : 'cn', LDAP_SEARCH_CONNECTIONS: 1 + (i % 3) });
      assert.deepEqual([applied.directory, applied.hub], [true, false]);
    }
    await connector.replace({ ...readHomeFiles(findHome(home)), mapper: 'module.exports = (raw) => ({ id: raw.uid, mapped: 1 })' });
    const { asked, answered, lost } = await under.stop();
    assert.deepEqual(lost, []);
    assert.equal(answered, asked);
    assert.ok(asked > LOGINS);
    assert.notEqual(connector.directory(), before);
    assert.equal((await signIn(agent)).mapped, 1);
    assert.equal(before.status().connected, false);
  });

  it('reloads certificate authorities from a mounted folder of symbolic links', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'mounted-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const version = (name: string, text: string) => {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, 'ca.crt'), text);
      symlinkSync(name, join(folder, '..new'));
      renameSync(join(folder, '..new'), join(folder, '..data'));
    };
    version('..1', slapd.ca);
    symlinkSync('..data/ca.crt', join(folder, 'ca.crt'));
    const { connector } = await start(t, { CA_CERT: undefined, SSL_CA_PATH: folder, SSL_CA_FILE: '.+.(pem|crt|cer)$' });
    const before = connector.directory();
    const changed = once(connector.events, 'changed');
    const other = await createCertificateAuthority();
    version('..2', `${slapd.ca}\n${other.cert}`);
    const [applied] = await changed;
    assert.deepEqual([applied.directory, applied.hub, applied.remarks], [true, true, []]);
    assert.notEqual(connector.directory(), before);
    assert.equal((await signIn(await hub.nextAgent())).id, userAt(0).uid);
  });

  it('presents a renewed client certificate to the directory, and keeps the previous one while certificate and key do not match', async (t) => {
    const clients = await createCertificateAuthority('Client CA');
    const demanding = await startSlapd({ users: 5, clientAuthority: clients.cert });
    t.after(() => demanding[Symbol.asyncDispose]());
    const folder = mkdtempSync(join(tmpdir(), 'client-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const pair = () => clients.issue({ commonName: 'connector', clientAuth: true });
    const [certFile, keyFile] = [join(folder, 'client.crt'), join(folder, 'client.key')];
    const old = await pair();
    writeFileSync(certFile, old.cert);
    writeFileSync(keyFile, old.key, { mode: 0o600 });
    const { connector, agent, lines } = await start(t, {
      ...{ LDAP_URL: demanding.ldapsUrl, CA_CERT: [demanding.ca], LDAP_BASE: demanding.baseDn },
      ...{ LDAP_BIND_USER: undefined, LDAP_BIND_PASSWORD: undefined, LDAP_BIND_METHOD: 'external' },
      ...{ LDAP_CLIENT_CERT: certFile, LDAP_CLIENT_KEY: keyFile },
    });
    const signInAgain = async () => {
      const [user] = demanding.users.ordinary;
      assert.ok(user);
      agent.ask('authenticate_user', { username: user.uid, password: user.password });
      assert.ok('profile' in Object((await agent.nextFrame()).p));
    };
    await signInAgain();
    const before = connector.directory();
    const renewed = await pair();
    writeFileSync(certFile, renewed.cert);
    while (!lines.some((line) => line.includes('LDAP_CLIENT_KEY does not match'))) await delay(20);
    await signInAgain();
    assert.equal(connector.directory(), before);
    const changed = once(connector.events, 'changed');
    writeFileSync(keyFile, renewed.key, { mode: 0o600 });
    const [applied] = await changed;
    assert.deepEqual([applied.directory, applied.hub, applied.remarks], [true, false, []]);
    await signInAgain();
    assert.doesNotMatch(lines.join(''), /BEGIN (EC )?PRIVATE/);
  });

  it('answers requests in flight on the replaced link, and new requests on the new one', async (t) => {
    const { connector, agent } = await start(t);
    // Few enough for the new link to be ready in time on a slow machine.
    const logins = 8;
    for (let i = 0; i < logins; i++) agent.ask('authenticate_user', { username: userAt(i).uid, password: userAt(i).password });
    const applied = await connector.apply({ WS_RECONNECT_INTERVAL_MS: 5000 });
    assert.deepEqual([applied.directory, applied.hub, applied.changed], [false, true, ['WS_RECONNECT_INTERVAL_MS']]);
    const next = await hub.nextAgent();
    for (let i = 0; i < logins; i++) assert.ok('profile' in Object((await agent.nextFrame()).p));
    await agent.closed;
    await signIn(next);
    assert.equal(connector.hub().state, 'connected');
  });

  it('refuses a change that would not work, says why, and stays as it was', async (t) => {
    const { connector, agent, home } = await start(t);
    const before = file(home);
    const refusals: [Record<string, unknown>, string, RegExp][] = [
      [{ LDAP_URL: 'ldap://127.0.0.1:1' }, 'CHANGE_REFUSED', /127\.0\.0\.1/],
      [{ LDAP_BIND_PASSWORD: 'not-the-password' }, 'CHANGE_REFUSED', /service account/i],
      [{ LDAP_BASE: 'dc=nowhere' }, 'CHANGE_REFUSED', /dc=nowhere/],
      [{ CA_CERT: undefined }, 'CHANGE_REFUSED', /certificate/i],
      [{ AD_HUB: 'http://127.0.0.1:1/lo/hub' }, 'CHANGE_REFUSED', /hub/i],
      [{ PROVISIONING_TICKET: 'http://127.0.0.1:1/p/ad/secret-of-the-ticket' }, 'CHANGE_REFUSED', /hub/i],
      [{ LDAP_USER_BY_NAME: '(uid={0}' }, 'LDAP_FILTER_INVALID', /LDAP_USER_BY_NAME/],
      [{ LDAP_URL: undefined }, 'CONFIG_INVALID', /LDAP_URL/],
      [{ LDAP_OPERATION_TIMEOUT_MS: 'soon' }, 'CONFIG_INVALID', /LDAP_OPERATION_TIMEOUT_MS/],
      [{ PROFILE_MAPPER: 'module.exports = (' }, 'MAPPER_SYNTAX', /./],
      [{ CA_CERT: 'not a certificate' }, 'CA_UNUSABLE', /CA_CERT/],
    ];
    for (const [changes, expected, pattern] of refusals) {
      await t.test(
        JSON.stringify(changes, (_, value) => value ?? null),
        async () => {
          await assert.rejects(connector.apply(changes), (error: unknown) => {
            assert.ok(code(expected)(error) && error instanceof Error, String(error));
            assert.match(error.message, pattern);
            assert.doesNotMatch(error.message, /secret-of-the-ticket|not-the-password/);
            return true;
          });
          assert.deepEqual(file(home), before);
        },
      );
    }
    await signIn(agent);
    assert.equal(existsSync(join(home, 'last-good.json')), false);
  });

  it('applies a change that does not work yet if it is forced, undoes it, and undoes the undo', async (t) => {
    const { connector, agent, home } = await start(t);
    const good = file(home);
    const applied = await connector.apply({ LDAP_URL: 'ldap://127.0.0.1:1', GROUPS: false }, { force: true });
    assert.match(applied.remarks.join(), /127\.0\.0\.1/);
    const broken = await connector.users.authenticate({ pid: 'x', username: userAt(0).uid, password: 'x', escaped: false }, request());
    assert.equal('failure' in broken && broken.failure.wireName, undefined);
    await connector.undo();
    assert.deepEqual(file(home), good);
    await signIn(agent);
    await assert.rejects(connector.undo(), code('CHANGE_REFUSED'));
    await connector.undo({ force: true });
    assert.equal(file(home).GROUPS, false);
  });

  it('has nothing to undo before the first change', async (t) => {
    const { connector } = await start(t);
    await assert.rejects(connector.undo(), code('NOTHING_TO_UNDO'));
  });

  it('parses the configuration once for a change', async (t) => {
    let parsed = 0;
    // Each parse lists the environment once.
    const environment = new Proxy<Record<string, string>>(
      {},
      {
        ownKeys() {
          parsed++;
          return [];
        },
      },
    );
    const { connector } = await start(t, {}, environment);
    for (const changes of [{ GROUPS: false }, { LOG_LEVEL: 'warn' }, { WS_RECONNECT_INTERVAL_MS: 5000 }]) {
      parsed = 0;
      await connector.apply(changes);
      assert.equal(parsed, 1, JSON.stringify(changes));
    }
    await hub.nextAgent();
  });

  it('saves a new password encrypted, and keeps it out of the log', async (t) => {
    const { connector, agent, home, lines } = await start(t, {
      LDAP_BIND_USER: slapd.powerlessAccount.dn,
      LDAP_BIND_PASSWORD: 'wrong-at-first',
    });
    await connector.apply({ LDAP_BIND_USER: slapd.serviceAccount.dn, LDAP_BIND_PASSWORD: slapd.serviceAccount.password });
    const { LDAP_BIND_PASSWORD, LDAP_BIND_CREDENTIALS } = file(home);
    assert.equal(LDAP_BIND_PASSWORD, undefined);
    assert.equal(decryptPassword(String(LDAP_BIND_CREDENTIALS), KEY.privateKeyPem), slapd.serviceAccount.password);
    await signIn(agent);
    assert.doesNotMatch(lines.join(''), /wrong-at-first|service-Passw0rd/);
  });

  it('keeps the state that undo restores if a change changes nothing', async (t) => {
    const { connector, home } = await start(t);
    await connector.apply({ GROUPS: false });
    await connector.apply({ GROUPS: false });
    await connector.undo();
    assert.equal(file(home).GROUPS, undefined);
  });

  it('does not overwrite a new ticket in the file that is not applied yet', async (t) => {
    const tickets = await startTicketServer(t);
    tickets.info = {
      body: { ...INFO, adHub: hub.url, connectionName: CONNECTION, realm: { name: REALM, postTokenUrl: 'https://a.example' } },
    };
    tickets.registered = { body: { signingKey: pemOf(HUB_RSA.publicKey) } };
    const { agent, home, connector } = await start(t, { PROVISIONING_TICKET: tickets.ticket });
    assert.equal(connector.config().values.WSFED_ISSUER, INFO.connectionDomain);
    const edited = { ...file(home), PROVISIONING_TICKET: 'https://new.example/p/ad/new-ticket', WSFED_ISSUER: 'new.example' };
    write(home, edited);
    agent.socket.terminate();
    await signIn(await hub.nextAgent());
    assert.deepEqual(file(home), edited);
  });

  it('reports settings that need a restart, and refuses to change settings from the environment', async (t) => {
    const { connector, home } = await start(t, {}, { GROUP_PROPERTY: 'cn' });
    const applied = await connector.apply({ LOG_FORMAT: 'json', LOG_LEVEL: 'warn' });
    assert.deepEqual([applied.afterRestart, applied.directory, applied.hub], [['LOG_FORMAT'], false, false]);
    await assert.rejects(connector.apply({ GROUP_PROPERTY: 'description' }), code('SETTING_FROM_ENVIRONMENT'));
    assert.equal(file(home).GROUP_PROPERTY, undefined);
  });

  it('applies changes one after the other, and none while it is stopping', async (t) => {
    const { connector, home } = await start(t);
    const silent = createServer().listen(0, '127.0.0.1');
    t.after(() => silent.close());
    await once(silent, 'listening');
    await Promise.all([connector.apply({ GROUPS_CACHE_SECONDS: 1 }), connector.apply({ GROUPS_TIMEOUT_SECONDS: 7 })]);
    assert.deepEqual([file(home).GROUPS_CACHE_SECONDS, file(home).GROUPS_TIMEOUT_SECONDS], [1, 7]);
    const late = assert.rejects(connector.apply({ LDAP_URL: `ldap://127.0.0.1:${Object(silent.address()).port}` }), code('STOPPING'));
    await once(silent, 'connection');
    await connector.close();
    await late;
    assert.equal(file(home).LDAP_URL, slapd.ldapsUrl);
  });

  it('changes nothing if the file cannot be written', async (t) => {
    const { connector, agent, home } = await start(t);
    rmSync(join(home, 'config.json.bak'), { force: true });
    mkdirSync(join(home, 'config.json.bak'));
    await assert.rejects(connector.apply({ GROUPS: false }), code('CONFIG_NOT_WRITABLE'));
    await signIn(agent);
  });

  it('applies its files on SIGHUP, and stays as it was if they are invalid', { skip: process.platform === 'win32' }, async (t) => {
    const home = homeOf(t);
    const running = startCommand(['run', '--home', home]);
    t.after(() => running.child.kill('SIGKILL'));
    const agent = await hub.nextAgent();
    assert.equal((await signIn(agent)).mapped, undefined);
    write(home, { ...file(home), PROFILE_MAPPER: 'module.exports = (raw) => ({ id: raw.uid, mapped: 2 })' });
    running.child.kill('SIGHUP');
    await running.printed(/Settings changed/);
    assert.equal((await signIn(agent)).mapped, 2);
    writeFileSync(join(home, 'config.json'), '{ "LDAP_URL": ');
    running.child.kill('SIGHUP');
    await running.printed(/the configuration is unchanged.*CONFIG_NOT_JSON/);
    assert.equal((await signIn(agent)).mapped, 2);
    running.child.kill('SIGTERM');
    assert.equal((await running.ended).exitCode, 0);
    const log = readFileSync(join(home, 'logs', 'connector.log'), 'utf8');
    assert.match(log, /Signed in/);
    assert.doesNotMatch(log, /service-Passw0rd/);
  });
});

describe('a connector that starts before its directory has answered', () => {
  async function startBeside(t: TestContext, directory: { url: string }) {
    const hub = await startFakeHub();
    hub.authenticatedPayload = { capabilities: ['health'] };
    const home = mkdtempSync(join(tmpdir(), 'early-'));
    t.after(() => rmSync(home, { recursive: true, force: true }));
    saveCertificate(findHome(home), createCertificate(KEY, { connectionName: CONNECTION, connectionDomain: 'example.org' }));
    const settings = {
      AD_HUB: hub.url,
      CONNECTION,
      REALM,
      TENANT_SIGNING_KEY: pemOf(HUB_RSA.publicKey),
      LDAP_URL: directory.url,
      LDAP_STARTTLS: false,
      LDAP_BASE: 'dc=x',
      LDAP_BIND_USER: 'cn=service',
      LDAP_BIND_PASSWORD: 'service-password',
    };
    writeFileSync(join(home, 'config.json'), JSON.stringify(settings), { mode: 0o600 });
    const { log } = createLog({ level: 'error', format: 'json', destination: { write() {} } });
    const { config } = loadConfigForStart(home, {});
    const connector = await startConnector({ config, environment: {}, log, agentVersion: '1.0.0', keepSecrets() {} });
    t.after(async () => {
      await connector.close();
      await hub.stop();
    });
    return { agent: await hub.nextAgent(), connector };
  }

  it('does not report a directory as down because its first answer is late', async (t) => {
    const allowed = Promise.withResolvers<void>();
    const directory = await startLdapServer(({ messageId, operation, socket }) => {
      if (operation === 0x60) void allowed.promise.then(() => socket.write(result(messageId, 0x61)));
      else if (operation === 0x63) socket.write(Buffer.concat([entry(messageId, ''), result(messageId, 0x65)]));
    });
    t.after(() => directory.close());
    const { agent, connector } = await startBeside(t, directory);
    while (connector.hub().state !== 'connected') await once(connector.events, 'hub');
    // Twice the interval at which the state is looked at.
    setTimeout(allowed.resolve, 600);
    assert.deepEqual(await agent.nextFrame(), { n: 'health', p: { directory: 'up' } });
  });

  it('reports a directory that refuses connections, or accepts them and never answers, as down within seconds', async (t) => {
    const silent = await startLdapServer(() => {});
    t.after(() => silent.close());
    for (const directory of [{ url: 'ldap://127.0.0.1:1' }, silent]) {
      const from = performance.now();
      const { agent } = await startBeside(t, directory);
      assert.deepEqual(await agent.nextFrame(), { n: 'health', p: { directory: 'down' } });
      assert.ok(performance.now() - from < 10_000, `${performance.now() - from} ms`);
    }
  });
});
