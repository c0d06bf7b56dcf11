/** Exports of replaced connectors and of ours, imported into another connector as an administrator does it. */
import assert from 'node:assert/strict';
import { createCipheriv, createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, it, type TestContext } from 'node:test';
import { type DirectoryServer, startDirectory } from '@landbridge/directory';
import { createCertificateAuthority } from '@landbridge/lab';
import { createLog } from '@landbridge/runtime';
import { unzipSync, zipSync } from 'fflate';
import { startCommand } from '../../test/command-line.ts';
import { CONNECTION, type FakeAgent, type FakeHub, HUB_RSA, pemOf, REALM, startFakeHub } from '../../test/fake-hub.ts';
import { decryptPassword, encryptPassword } from '../config/credentials.ts';
import { type Environment, loadConfig } from '../config/load.ts';
import { createCertificate, createKey, thumbprint } from '../setup/certificate.ts';
import { createExport } from './export.ts';
import { applyImport, type Import, readImport, undoImport } from './import.ts';

const MAPPER = 'module.exports = function (raw, callback) { callback(null, { id: raw.objectGUID, nick: raw.sAMAccountName }); };';
const PASSPHRASE = 'correct horse battery staple';
const OURS = createCertificate(createKey(), { connectionName: CONNECTION, connectionDomain: 'fabrikam.example' });
const KEY = OURS.privateKeyPem;
const CERT = OURS.certificate.toString();
const { log } = createLog({ level: 'error', format: 'text', destination: { write: () => {} } });
const code = (expected: string) => (error: unknown) => error instanceof Error && 'code' in error && error.code === expected;

/** Format 1: key and IV by EVP_BytesToKey with MD5, one round, no salt. */
function v1(password: string): string {
  let material = Buffer.alloc(0);
  for (let block = Buffer.alloc(0); material.length < 48; material = Buffer.concat([material, block])) {
    block = createHash('md5').update(block).update(KEY).digest();
  }
  const cipher = createCipheriv('aes-256-cbc', material.subarray(0, 32), material.subarray(32, 48));
  return cipher.update(password, 'utf8', 'hex') + cipher.final('hex');
}

describe('an export', { timeout: 240_000 }, () => {
  let directory: DirectoryServer;
  let hub: FakeHub;
  let ca: string;
  let home: string;
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
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'transfer-'));
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  function newHome(t: TestContext): string {
    const folder = mkdtempSync(join(tmpdir(), 'transfer-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    return folder;
  }
  const installed = (credentials: string, more: Record<string, unknown> = {}) => ({
    AD_HUB: hub.url,
    CONNECTION,
    REALM,
    WSFED_ISSUER: 'fabrikam.example',
    TENANT_SIGNING_KEY: pemOf(HUB_RSA.publicKey),
    LAST_SENT_THUMBPRINT: thumbprint(OURS.certificate),
    LDAP_URL: directory.ldapsUrl,
    CA_CERT: [ca],
    LDAP_BASE: directory.baseDn,
    LDAP_BIND_USER: directory.serviceAccount.dn,
    LDAP_BIND_CREDENTIALS: credentials,
    [REALM]: 'https://fabrikam.example/login/callback',
    'an unknown key': 'hunter2',
    ...more,
  });
  const zipOf = (files: Record<string, string>) =>
    Buffer.from(zipSync(Object.fromEntries(Object.entries(files).map(([name, content]) => [name, Buffer.from(content)]))));
  const rootZip = (settings: object, more: Record<string, string> = { 'lib/profileMapper.js': MAPPER }) =>
    zipOf({ 'config.json': JSON.stringify(settings), 'certs/cert.pem': CERT, 'certs/cert.key': KEY, ...more });
  const read = (bytes: Buffer, passphrase?: string, environment: Environment = {}): Promise<Import> =>
    readImport({ source: bytes, passphrase, config: loadConfig(home, environment), environment, log });
  function write(files: Record<string, string>): void {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(home, name)), { recursive: true });
      writeFileSync(join(home, name), content, { mode: 0o600 });
    }
  }
  const run = (args: string[], input?: string, folder = home) =>
    startCommand([...args, '--home', folder], { ...(input !== undefined && { input }) }).ended;

  async function connected(t: TestContext, folder = home): Promise<FakeAgent> {
    const running = startCommand(['run', '--home', folder]);
    t.after(async () => {
      running.child.kill('SIGTERM');
      await running.ended;
    });
    return await Promise.race([hub.nextAgent(), running.ended.then(({ output }) => Promise.reject(new Error(output)))]);
  }
  async function signIn(agent: FakeAgent): Promise<Record<string, unknown>> {
    agent.ask('authenticate_user', { username: 'alice', password: 'Passw0rd!' });
    const { p } = await agent.nextFrame();
    assert.ok('profile' in Object(p) && !('err' in Object(p)), JSON.stringify(p));
    return Object(p).profile;
  }

  describe('of a replaced connector', () => {
    it('signs users in without further steps', async (t) => {
      const credentials = v1(directory.serviceAccount.password);
      const path = join(home, 'from-there.zip');
      writeFileSync(path, rootZip(installed(credentials)));
      const { exitCode, output } = await run(['import', path, '--yes']);
      assert.equal(exitCode, 0, output);
      assert.doesNotMatch(output, /hunter2|BEGIN RSA/);
      assert.ok(!output.includes(credentials));
      assert.match(output, new RegExp(`new: none -> ${thumbprint(OURS.certificate)}`));
      assert.match(output, /added {4}ORGANIZATION_UNITS_AS_DN {2}true/);
      assert.match(output, /added {4}LDAP_BIND_CREDENTIALS {2}\[secret\]/);
      assert.match(output, /added {4}an unknown key {2}\[not a setting\]/);
      assert.match(output, /\| module\.exports/);
      for (const name of ['config.json', 'lib/profileMapper.js', 'certs/cert.key', 'certs/cert.pem']) {
        assert.equal(statSync(join(home, name)).mode & 0o777, 0o600, name);
      }
      assert.equal((await signIn(await connected(t))).nick, 'alice');
    });

    it('works if it is of 7.x, packed with its folder, in a home of the older layout', async (t) => {
      const zip = zipOf({
        'AD LDAP Connector/data/config.json': JSON.stringify(installed(encryptPassword(directory.serviceAccount.password, KEY))),
        'AD LDAP Connector/data/profileMapper/custom.js': MAPPER,
        'AD LDAP Connector/certs/cert.pem': CERT,
        'AD LDAP Connector/certs/cert.key': KEY,
        'AD LDAP Connector/lib/profileMapper.js': 'the older one, left behind',
        'AD LDAP Connector/server.js': 'evil()',
      });
      const there = await read(zip);
      assert.deepEqual([there.summary.layout, there.summary.problems, there.files.mapper], ['data', [], MAPPER]);
      assert.ok(there.summary.warnings.some((warning) => warning.includes('server.js')));
      applyImport(loadConfig(home, {}), there);
      assert.equal(existsSync(join(home, 'server.js')), false);
      assert.equal((await signIn(await connected(t))).nick, 'alice');
    });

    it('transfers the certificate and mapper of 7.x, whose mapper takes precedence over PROFILE_MAPPER', async () => {
      const other = createKey().privateKeyPem;
      const zip = zipOf({
        'data/config.json': JSON.stringify(installed(v1('x'), { PROFILE_MAPPER: 'module.exports = () => ({ id: "setting" })' })),
        'data/profileMapper/custom.js': MAPPER,
        'data/certs/cert.pem': CERT,
        'data/certs/cert.key': KEY,
        'certs/cert.key': other,
      });
      const { files, summary } = await read(zip);
      assert.deepEqual(
        [files.certificate, files.mapper, files.settings.PROFILE_MAPPER],
        [{ certificatePem: CERT, privateKeyPem: KEY }, MAPPER, undefined],
      );
      assert.deepEqual([summary.problems, summary.certificate.change], [[], 'new']);
    });

    it('says that the password of 7.x is in the key store', async () => {
      const settings = { ...installed(''), LDAP_BIND_CREDENTIALS: undefined };
      const { summary } = await read(
        zipOf({ 'data/config.json': JSON.stringify(settings), 'data/certs/cert.pem': CERT, 'data/certs/cert.key': KEY }),
      );
      assert.equal(summary.problems.length, 1);
      assert.match(summary.problems[0] ?? '', /LDAP_BIND_PASSWORD is missing.*key store.*setup/);
    });

    it('shows what it would change, and changes nothing', async () => {
      write({
        'config.json': JSON.stringify({
          LDAP_URL: 'ldaps://old.example',
          GROUPS: false,
          LDAP_BIND_PASSWORD: 'old-password',
          SITE_NAME: 'same',
          CONFIG_VERSION: 1,
        }),
        'lib/profileMapper.js': 'module.exports = () => ({ id: 1 })',
      });
      const { summary } = await read(
        rootZip(
          installed(v1('x'), {
            SITE_NAME: 'same',
            LDAP_URL: 'ldaps://new.example',
            HTTP_PROXY: 'http://u:pw-of-proxy@p:1',
            AD_HUB: 'https://u:pw-of-proxy@hub.example',
          }),
        ),
      );
      const change = (name: string) => summary.settings.find((one) => one.name === name);
      assert.deepEqual(change('LDAP_URL'), {
        name: 'LDAP_URL',
        change: 'changed',
        before: 'ldaps://old.example',
        after: 'ldaps://new.example',
      });
      assert.deepEqual(change('GROUPS'), { name: 'GROUPS', change: 'removed', before: false });
      assert.deepEqual(change('LDAP_BIND_PASSWORD'), { name: 'LDAP_BIND_PASSWORD', change: 'removed', hidden: 'secret' });
      assert.deepEqual(change('HTTP_PROXY'), { name: 'HTTP_PROXY', change: 'added', hidden: 'secret' });
      assert.deepEqual(change(REALM), { name: REALM, change: 'added', after: 'https://fabrikam.example/login/callback' });
      assert.equal(change('SITE_NAME'), undefined);
      assert.deepEqual(summary.certificate, { change: 'new', thumbprintAfter: thumbprint(OURS.certificate) });
      assert.deepEqual(summary.mapper, { change: 'other', firstLines: [MAPPER] });
      assert.doesNotMatch(JSON.stringify(summary), /old-password|pw-of-proxy|hunter2|PRIVATE KEY/);
      assert.deepEqual(Object.keys(JSON.parse(readFileSync(join(home, 'config.json'), 'utf8'))).length, 5);
    });

    it('is applied only by force if it would not work, and says why', async () => {
      const cases: [Buffer, RegExp][] = [
        [rootZip(installed(v1('x').replace(/^../, '00'))), /LDAP_BIND_CREDENTIALS cannot be decrypted/],
        [rootZip(installed(v1('x'), { LDAP_URL: 'https://dc' })), /LDAP_URL/],
        [rootZip(installed(v1('x'), { LDAP_USER_BY_NAME: '(uid={0}' })), /LDAP_USER_BY_NAME/],
        [rootZip(installed(v1('x')), { 'lib/profileMapper.js': 'module.exports = (' }), /mapper/i],
        [rootZip(installed(v1('x')), { 'certs/cert.pem': 'not a certificate' }), /cert\.pem is not a PEM certificate/],
        [rootZip(installed(v1('x')), { 'certs/cert.key': createKey().privateKeyPem }), /do not match/],
        // 7.x stores the password elsewhere.
        [rootZip({ ...installed(''), LDAP_BIND_CREDENTIALS: undefined }), /LDAP_BIND_PASSWORD is missing/],
      ];
      for (const [zip, pattern] of cases) {
        const there = await read(zip);
        assert.match(there.summary.problems.join('\n'), pattern);
        assert.throws(() => applyImport(loadConfig(home, {}), there), code('IMPORT_INVALID'));
        assert.equal(existsSync(join(home, 'config.json')), false);
      }
      const path = join(home, 'x.zip');
      writeFileSync(path, cases[1]?.[0] ?? '');
      const { exitCode, stdout } = await run(['import', path, '--yes']);
      assert.equal(exitCode, 1);
      assert.match(stdout, /problem: LDAP_URL[\s\S]*--anyway/);
      assert.equal((await run(['import', path, '--yes', '--anyway'])).exitCode, 0);
      assert.equal(existsSync(join(home, 'config.json')), true);
    });

    it('is refused if it is incomplete or not settings', async () => {
      const settings = JSON.stringify(installed(v1('x')));
      await assert.rejects(read(zipOf({ 'certs/cert.key': KEY, 'certs/cert.pem': CERT })), code('IMPORT_INCOMPLETE'));
      await assert.rejects(read(zipOf({ 'config.json': settings, 'certs/cert.key': KEY })), code('IMPORT_INCOMPLETE'));
      await assert.rejects(read(zipOf({ 'config.json': '{ "LDAP_BIND_PASSWORD": "hunter2", ' })), (error: unknown) => {
        assert.ok(code('CONFIG_NOT_JSON')(error));
        return !/hunter2/.test(String(error));
      });
      await assert.rejects(read(zipOf({ 'config.json': '[]' })), code('CONFIG_NOT_JSON'));
      await assert.rejects(read(zipOf({ 'config.json': `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}` })), code('IMPORT_REFUSED'));
      await assert.rejects(
        readImport({ source: zipOf({}), config: loadConfig(home, { OVERRIDE_CONFIG: 'false' }), environment: {}, log }),
        code('CONFIG_ENVIRONMENT_ONLY'),
      );
    });

    it('can be undone, and the undo too', async () => {
      write({ 'config.json': '{"SITE_NAME":"before"}', 'lib/profileMapper.js': 'before' });
      applyImport(loadConfig(home, {}), await read(rootZip(installed(v1(directory.serviceAccount.password)), {})));
      assert.equal(existsSync(join(home, 'lib/profileMapper.js')), false);
      const after = readFileSync(join(home, 'config.json'), 'utf8');
      const { exitCode } = await run(['import', '--undo', '--yes']);
      assert.equal(exitCode, 0);
      assert.equal(readFileSync(join(home, 'lib/profileMapper.js'), 'utf8'), 'before');
      assert.deepEqual(JSON.parse(readFileSync(join(home, 'config.json'), 'utf8')), { SITE_NAME: 'before' });
      undoImport(loadConfig(home, {}));
      assert.equal(readFileSync(join(home, 'config.json'), 'utf8'), after);
    });

    it('warns about missing files and about settings in the environment', async () => {
      const { summary } = await read(
        zipOf({ 'config.json': JSON.stringify(installed(v1('x'), { SSL_CA_FILE: '/etc/there.pem' })) }),
        undefined,
        { LDAP_URL: 'ldaps://here.example' },
      );
      const all = summary.warnings.join('\n');
      assert.match(all, /SSL_CA_FILE names a file/);
      assert.match(all, /LDAP_URL is set in the environment/);
      assert.match(all, /has no certificate/);
      assert.match(summary.problems.join(), /SSL_CA_FILE/);
    });
  });

  describe('of our connector', () => {
    it('makes a second machine another instance of the same connector', async (t) => {
      write({
        'config.json': JSON.stringify(installed(encryptPassword(directory.serviceAccount.password, KEY))),
        'lib/profileMapper.js': MAPPER,
        'certs/cert.pem': CERT,
        'certs/cert.key': KEY,
      });
      const first = await connected(t);
      await signIn(first);
      const file = join(home, 'this.landbridge');
      const exported = await run(['export', file, '--passphrase-file', '-'], `${PASSPHRASE}\n`);
      assert.equal(exported.exitCode, 0, exported.output);
      assert.equal(statSync(file).mode & 0o777, 0o600);
      assert.equal((await run(['export', file, '--passphrase-file', '-'], PASSPHRASE)).exitCode, 1, 'nothing is overwritten');

      const other = newHome(t);
      const wrong = await run(['import', file, '--yes', '--passphrase-file', '-'], 'another passphrase', other);
      assert.match(wrong.stderr, /passphrase is wrong/);
      assert.deepEqual([wrong.exitCode, existsSync(join(other, 'config.json'))], [1, false]);
      const imported = await run(['import', file, '--yes', '--passphrase-file', '-'], PASSPHRASE, other);
      assert.equal(imported.exitCode, 0, imported.output);
      const second = await connected(t, other);
      assert.equal((await signIn(second)).nick, 'alice');
      // At the same time.
      await signIn(first);
      assert.equal(readFileSync(join(other, 'certs/cert.key'), 'utf8'), KEY);
      assert.notEqual(readFileSync(join(other, 'instance-id'), 'utf8'), readFileSync(join(home, 'instance-id'), 'utf8'));
    });

    it('is, without encryption, a zip with the replaced connector’s file names, and says what it contains', async () => {
      write({
        'config.json': JSON.stringify(installed('', { LDAP_BIND_CREDENTIALS: undefined, LDAP_BIND_PASSWORD: 'typed-just-now' })),
        'lib/profileMapper.js': MAPPER,
        'certs/cert.pem': CERT,
        'certs/cert.key': KEY,
      });
      const file = join(home, 'plain.zip');
      const { exitCode, stdout } = await run(['export', file, '--plain']);
      assert.equal(exitCode, 0);
      assert.match(stdout, /warning: .*private key/);
      const files = unzipSync(readFileSync(file));
      assert.deepEqual(Object.keys(files).sort(), ['certs/cert.key', 'certs/cert.pem', 'config.json', 'lib/profileMapper.js']);
      const settings = JSON.parse(Buffer.from(files['config.json'] ?? []).toString());
      assert.equal(settings.LDAP_BIND_PASSWORD, undefined);
      assert.equal(decryptPassword(settings.LDAP_BIND_CREDENTIALS, KEY), 'typed-just-now');
      assert.equal(settings['an unknown key'], 'hunter2');
    });

    it('includes files from elsewhere on this machine, and leaves out what belongs to this machine', async () => {
      write({
        'config.json': JSON.stringify(
          installed(encryptPassword('pw', KEY), {
            CA_CERT: [],
            SSL_CA_FILE: join(home, 'ca.pem'),
            PROFILE_MAPPER_FILE: 'mine.js',
            AUTH_CERT: 'here.pem',
            AUTH_CERT_KEY: 'here.key',
          }),
        ),
        'mine.js': MAPPER,
        'ca.pem': ca,
        'here.pem': CERT,
        'here.key': KEY,
      });
      const { bytes, remarks } = await createExport(loadConfig(home, { LOG_LEVEL: 'debug' }), undefined);
      assert.match(remarks.join(), /LOG_LEVEL/);
      const files = unzipSync(bytes);
      const settings = JSON.parse(Buffer.from(files['config.json'] ?? []).toString());
      for (const name of ['SSL_CA_FILE', 'PROFILE_MAPPER_FILE', 'AUTH_CERT', 'AUTH_CERT_KEY'])
        assert.equal(settings[name], undefined, name);
      assert.equal(settings.CA_CERT.join('').trim(), ca.trim());
      assert.equal(Buffer.from(files['lib/profileMapper.js'] ?? []).toString(), MAPPER);
      assert.equal(Buffer.from(files['certs/cert.key'] ?? []).toString(), KEY);
    });

    it('requires a passphrase at both ends unless --plain is used', async () => {
      write({ 'config.json': JSON.stringify(installed(encryptPassword('pw', KEY))), 'certs/cert.pem': CERT, 'certs/cert.key': KEY });
      const { exitCode, stderr } = await run(['export', join(home, 'x.landbridge')]);
      assert.equal(exitCode, 1);
      assert.match(stderr, /--passphrase-file/);
      const short = await run(['export', join(home, 'x.landbridge'), '--passphrase-file', '-'], 'short');
      assert.match(short.stderr, /12 to 1024 characters/);
      assert.equal(existsSync(join(home, 'x.landbridge')), false);
      const { bytes } = await createExport(loadConfig(home, {}), PASSPHRASE);
      await assert.rejects(read(bytes), code('IMPORT_PASSPHRASE'));
      assert.deepEqual((await read(bytes, PASSPHRASE)).summary.certificate.change, 'same');
    });

    it('is refused if there is no configuration yet', async () => {
      await assert.rejects(createExport(loadConfig(home, {}), undefined), code('EXPORT_INCOMPLETE'));
    });
  });
});
