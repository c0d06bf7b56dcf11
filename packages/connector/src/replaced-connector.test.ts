/**
 * A replaced connector is an installed Auth0 AD/LDAP Connector that Landbridge takes over from: it starts in that connector's home, with
 * its `config.json`, certificate, encrypted password and profile mapper, and the hub must not notice the difference.
 *
 * The connector runs as a process, between an independent fake of Auth0's hub and a directory that answers like Active Directory. Each
 * answer is compared with what an Auth0 connector sends for the same request.
 */
import assert from 'node:assert/strict';
import { createCipheriv, createHash, randomBytes, scryptSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { type DirectoryServer, startDirectory } from '@landbridge/directory';
import { createCertificateAuthority } from '@landbridge/lab';
import { type RunningCommand, startCommand } from '../test/command-line.ts';
import {
  AGENT_RSA,
  CONNECTION,
  type FakeAgent,
  type FakeHub,
  HUB_RSA,
  pemOf,
  REALM,
  STRANGER_RSA,
  signToken,
  startFakeHub,
} from '../test/fake-hub.ts';
import { selfSignedCertificate } from './setup/self-signed.ts';

const MAPPER = `
var unused = 1;
module.exports = function (raw_data, callback) {
  callback(null, { id: raw_data.objectGUID, nick: raw_data.sAMAccountName, groups: raw_data.groups, status: raw_data.ldapStatus, ous: raw_data.organizationUnits });
};`;

const KEY_PEM = String(AGENT_RSA.privateKey.export({ type: 'pkcs1', format: 'pem' }));
const CERT_PEM = `-----BEGIN CERTIFICATE-----\n${selfSignedCertificate(AGENT_RSA.privateKey, {
  commonName: CONNECTION,
  organizationalUnit: 'fabrikam.auth0.com',
  notBefore: new Date('2020-01-01'),
  notAfter: new Date('2040-01-01'),
})
  .toString('base64')
  .replace(/.{64}/g, '$&\n')
  .trimEnd()}\n-----END CERTIFICATE-----\n`;

/** Format 2, implemented independently of the connector's code. */
function v2(password: string): string {
  const [salt, iv] = [randomBytes(16), randomBytes(16)];
  const cipher = createCipheriv('aes-256-cbc', scryptSync(KEY_PEM, salt, 32), iv);
  return `$2$.${salt.toString('hex')}.${iv.toString('hex')}.${cipher.update(password, 'utf8', 'hex')}${cipher.final('hex')}`;
}

/** Format 1: key and IV by EVP_BytesToKey with MD5, one round, no salt. */
function v1(password: string): string {
  let material = Buffer.alloc(0);
  for (let block = Buffer.alloc(0); material.length < 48; material = Buffer.concat([material, block])) {
    block = createHash('md5').update(block).update(KEY_PEM).digest();
  }
  const cipher = createCipheriv('aes-256-cbc', material.subarray(0, 32), material.subarray(32, 48));
  return cipher.update(password, 'utf8', 'hex') + cipher.final('hex');
}

describe('in place of a replaced connector', () => {
  let directory: DirectoryServer;
  let hub: FakeHub;
  let ca: string;
  before(async () => {
    const authority = await createCertificateAuthority();
    ca = authority.cert;
    directory = await startDirectory({
      tls: await authority.issue({ commonName: 'localhost', dnsNames: ['localhost'], ips: ['127.0.0.1'] }),
    });
    hub = await startFakeHub();
  });
  after(async () => {
    await hub?.stop();
    await directory?.stop();
  });

  async function start(
    t: TestContext,
    files: Record<string, string>,
    settings: Record<string, unknown>,
  ): Promise<{ agent: FakeAgent; home: string; running: RunningCommand }> {
    const home = await mkdtemp(join(tmpdir(), 'landbridge-replaced-'));
    const config = {
      AD_HUB: hub.url,
      CONNECTION,
      REALM,
      WSFED_ISSUER: 'fabrikam.auth0.com',
      TENANT_SIGNING_KEY: pemOf(HUB_RSA.publicKey),
      LAST_SENT_THUMBPRINT: 'ab'.repeat(20),
      AGENT_MODE: true,
      LDAP_URL: directory.ldapsUrl,
      CA_CERT: [ca],
      LDAP_BASE: directory.baseDn,
      LDAP_BIND_USER: directory.serviceAccount.dn,
      [REALM]: 'https://fabrikam.auth0.com/login/callback',
      'an unknown key': { kept: true },
      ...settings,
    };
    const configFile = 'data/config.json' in files ? 'data/config.json' : 'config.json';
    const certs = configFile === 'data/config.json' ? 'data/certs' : 'certs';
    const all = { ...files, [configFile]: JSON.stringify(config), [`${certs}/cert.pem`]: CERT_PEM, [`${certs}/cert.key`]: KEY_PEM };
    for (const [name, content] of Object.entries(all)) {
      await mkdir(dirname(join(home, name)), { recursive: true });
      await writeFile(join(home, name), content, { mode: 0o600 });
    }
    const running = startCommand(['run', '--home', home]);
    t.after(async () => {
      running.child.kill('SIGTERM');
      await running.ended;
      await rm(home, { recursive: true, force: true });
    });
    const agent = await Promise.race([hub.nextAgent(), running.ended.then(({ output }) => Promise.reject(new Error(output)))]);
    return { agent, home, running };
  }

  /** @returns the answer to a request */
  async function answerTo(agent: FakeAgent, name: string, claims: Record<string, unknown>): Promise<{ n: string; p: unknown }> {
    const pid = agent.ask(name, claims);
    const frame = await agent.nextFrame();
    assert.ok(frame.n.startsWith(`${pid}_`), `${frame.n} is not the answer to ${pid}`);
    return { n: frame.n.slice(pid.length), p: frame.p };
  }
  const login = (agent: FakeAgent, username: unknown, password: unknown, more = {}) =>
    answerTo(agent, 'authenticate_user', { username, password, ...more });

  for (const [layout, files] of [
    ['config.json, lib/ and a password of format 1', { 'lib/profileMapper.js': MAPPER }],
    ['data/ and a password of format 2', { 'data/config.json': '', 'data/profileMapper/custom.js': MAPPER }],
  ] as const) {
    it(`uses its files unchanged: ${layout}`, async (t) => {
      const encrypt = 'data/config.json' in files ? v2 : v1;
      const { agent, home } = await start(t, files, { LDAP_BIND_CREDENTIALS: encrypt(directory.serviceAccount.password) });
      const { n, p } = await login(agent, 'alice', 'Passw0rd!');
      assert.equal(n, '_result');
      const alice = directory.users.find(({ name }) => name === 'alice');
      assert.deepEqual(Object.keys(Object(p)), ['profile']);
      const { profile } = Object(p);
      assert.match(profile.id, /^[0-9a-f-]{36}$/);
      assert.deepEqual(
        { ...profile, id: '' },
        {
          id: '',
          nick: 'alice',
          groups: ['nest-1', 'Domain Users', 'nest-2', 'nest-3', 'nest-4', 'circle-a', 'circle-b'],
          status: 'active',
          ous: alice?.dn,
        },
      );
      const kept = JSON.parse(await readFile(join(home, 'data/config.json' in files ? 'data/config.json' : 'config.json'), 'utf8'));
      assert.deepEqual(kept['an unknown key'], { kept: true });
      assert.equal(kept.ORGANIZATION_UNITS_AS_DN, true);
      const [certs, other] = 'data/config.json' in files ? ['data/certs', 'certs'] : ['certs', 'data/certs'];
      assert.equal(await readFile(join(home, certs, 'cert.key'), 'utf8'), KEY_PEM);
      assert.equal(existsSync(join(home, other)), false);
    });
  }

  it('answers every request exactly like an Auth0 connector', async (t) => {
    const { agent } = await start(
      t,
      {},
      {
        LDAP_BIND_PASSWORD: directory.serviceAccount.password,
        ENABLE_WRITE_BACK: 'true',
        ENABLE_ACTIVE_DIRECTORY_UNICODE_PASSWORD: 'true',
      },
    );
    const { p: good } = await login(agent, 'alice', 'Passw0rd!');
    assert.equal(Object(good).profile.nickname, 'alice');

    const named: [string, string, string, string][] = [
      ['alice', 'wrong', 'WrongPassword', 'Wrong password'],
      ['alice', '', 'WrongPassword', 'Wrong password'],
      ['pwd-expired', 'Passw0rd!', 'PasswordExpired', 'Password expired'],
      ['disabled', 'Passw0rd!', 'AccountDisabled', 'Account disabled'],
      ['acct-expired', 'Passw0rd!', 'AccountExpired', 'Account expired'],
      ['must-change', 'Passw0rd!', 'PasswordChangeRequired', 'Password change required'],
      ['locked', 'Passw0rd!', 'AccountLocked', 'Account locked'],
    ];
    for (const [username, password, name, message] of named) {
      await t.test(`${name} for ${username} with the password ${JSON.stringify(password)}`, async () => {
        const { n, p } = await login(agent, username, password);
        const { err, profile } = Object(p);
        assert.deepEqual([n, err.name, err.message, profile.sAMAccountName], ['_result', name, message, username]);
        assert.deepEqual(err, { message, profile, name });
        // As in the profile of a sign-in.
        if (username === 'alice') assert.deepEqual(profile.groups, Object(good).profile.groups);
        assert.ok(Array.isArray(profile.groups));
      });
    }
    for (const password of [undefined, null]) assert.equal(Object((await login(agent, 'alice', password)).p).err.name, 'WrongPassword');
    assert.deepEqual((await login(agent, 'nobody', 'x')).p, {
      err: { message: 'Wrong username', username: 'nobody', name: 'WrongUsername' },
      profile: { username: 'nobody' },
    });
    for (const username of ['', '*', '*)(sAMAccountName=*', '\0', 'x'.repeat(65_536), undefined, {}, ['alice'], false, 4711]) {
      await t.test(`WrongUsername for ${String(JSON.stringify(username)).slice(0, 30)}`, async () => {
        assert.equal(Object((await login(agent, username, 'x')).p).err.name, 'WrongUsername');
      });
    }
    for (const password of [123456, { a: 1 }, ['x'], true, false]) {
      await t.test(`WrongPassword for the password ${JSON.stringify(password)}`, async () => {
        const { err, profile } = Object((await login(agent, 'alice', password)).p);
        assert.deepEqual([err.name, err.message, profile.sAMAccountName], ['WrongPassword', 'Wrong password', 'alice']);
      });
    }
    const large = Object((await login(agent, 'x'.repeat(2_000_000), 'x')).p);
    assert.deepEqual([large.err.message, large.err.inner.code], ['Unexpected Error', 'REQUEST_TOO_LARGE']);
    assert.equal(Object((await login(agent, 'ali\\63e', 'Passw0rd!', { escaped: true })).p).profile.nickname, 'alice');
    assert.equal(Object((await login(agent, 'ali\\zz', 'Passw0rd!', { escaped: true })).p).err.name, 'WrongUsername');

    const found = await answerTo(agent, 'search_users', { search: 'jmueller', limit: 3 });
    assert.deepEqual([found.n, Object(found.p).users.length, Object(found.p).users[0].nickname], ['_search_users_result', 1, 'jmueller']);
    for (const limit of [-1, 0, 1, undefined]) assert.ok(Object((await answerTo(agent, 'search_users', { limit })).p).users.length > 0);
    const groups = await answerTo(agent, 'list_groups', { limit: 2 });
    assert.deepEqual([groups.n, Object(groups.p).groups.length], ['_list_groups_result', 2]);

    const unknown = await answerTo(agent, 'change_password', { username: 'nobody', password: 'N3w-Passw0rd!' });
    assert.deepEqual([unknown.n, Object(unknown.p).err.name], ['_change_password_result', 'WrongUsername']);
    const weak = await answerTo(agent, 'change_password', { username: 'bob', password: 'x' });
    const { err, profile } = Object(weak.p);
    assert.deepEqual(err, { message: 'Password doesn’t meet minimum requirements', profile, name: 'PasswordComplexityError' });
    const changed = await answerTo(agent, 'change_password', { username: 'bob', password: 'N3w-Passw0rd!' });
    assert.deepEqual([Object.keys(Object(changed.p)), Object(changed.p).profile.nickname], [['profile'], 'bob']);
    assert.equal(Object((await login(agent, 'bob', 'N3w-Passw0rd!')).p).profile.nickname, 'bob');
    await answerTo(agent, 'change_password', { username: 'bob', password: 'Passw0rd!' });
  });

  it('reports that the service account may not change passwords', async (t) => {
    const { agent } = await start(
      t,
      {},
      {
        LDAP_BIND_USER: 'alice@fabrikam.local',
        LDAP_BIND_PASSWORD: 'Passw0rd!',
        ENABLE_WRITE_BACK: true,
        ENABLE_ACTIVE_DIRECTORY_UNICODE_PASSWORD: true,
      },
    );
    const { p } = await answerTo(agent, 'change_password', { username: 'bob', password: 'N3w-Passw0rd!' });
    const { err, profile } = Object(p);
    assert.deepEqual(err, { message: 'Service Account has Insufficient Access Rights', profile, name: 'InsufficientAccessRightsError' });
  });

  it('changes no password if ENABLE_WRITE_BACK is "false" as text', async (t) => {
    const { agent } = await start(t, {}, { LDAP_BIND_PASSWORD: directory.serviceAccount.password, ENABLE_WRITE_BACK: 'false' });
    const { p } = await answerTo(agent, 'change_password', { username: 'bob', password: 'N3w-Passw0rd!' });
    assert.equal(Object(p).err.message, 'Unexpected Error');
    assert.equal(Object((await login(agent, 'bob', 'Passw0rd!')).p).profile.nickname, 'bob');
  });

  it('ignores unverified requests and malformed frames, and answers the next request', async (t) => {
    const { agent } = await start(t, {}, { LDAP_BIND_PASSWORD: directory.serviceAccount.password });
    directory.operations.reset();
    const claims = { username: 'alice', password: 'wrong' };
    agent.ask('authenticate_user', claims, { key: STRANGER_RSA.privateKey });
    agent.ask('authenticate_user', claims, { alg: 'none' });
    agent.ask('authenticate_user', claims, { alg: 'HS256', key: HUB_RSA.publicKey });
    agent.ask('authenticate_user', { ...claims, exp: Math.floor(Date.now() / 1000) - 60 });
    for (const n of ['close', 'error', '__proto__', 'message', 'constructor', 'authenticated', 'nonsense']) agent.send(n, {});
    for (const text of ['', 'garbage', '{"n":', '[]', 'null', `{"n":"authenticate_user","p":${'['.repeat(300_000)}${']'.repeat(300_000)}}`])
      agent.socket.send(text);
    agent.socket.send(Buffer.alloc(1000, 0xff));
    agent.socket.send(JSON.stringify({ n: 'authenticate_user', p: { jwt: 'x'.repeat(10 * 1024 * 1024) } }));
    agent.send('authenticate_user', { jwt: 5 });
    const once = signToken({ pid: 'once', username: 'alice', password: 'Passw0rd!' });
    for (let i = 0; i < 3; i++) agent.send('authenticate_user', { jwt: once });
    assert.equal((await agent.nextFrame()).n, 'once_result');
    agent.send('authenticate_user');
    // Only this request is answered.
    assert.equal(Object((await login(agent, 'alice', 'Passw0rd!')).p).profile.nickname, 'alice');
    assert.equal(directory.badPwdCount('alice'), 0);
    assert.deepEqual(agent.frames, []);
  });
});
