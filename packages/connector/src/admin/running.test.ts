/** The console of a running connector: hostile mappers, hostile directory content, settings that would not work. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { type Slapd, startSlapd, whyNoSlapd } from '@landbridge/lab';
import { createLog } from '@landbridge/runtime';
import { type ConsoleClient, openConsoleForTest } from '../../test/console-client.ts';
import { CONNECTION, type FakeHub, HUB_RSA, pemOf, REALM, startFakeHub } from '../../test/fake-hub.ts';
import { type RunningConnector, startConnector } from '../agent/connector.ts';
import { findHome } from '../config/home.ts';
import { loadConfigForStart } from '../config/load.ts';
import { createCertificate, createKey, saveCertificate } from '../setup/certificate.ts';

const SCRIPT = '<script>alert(1)</script>';
const ESCAPED = '&lt;script&gt;';

/** A keytab with one key: version 2 of MIT's format, big-endian. */
function keytabOf(realm: string, components: readonly string[]): Buffer {
  const counted = (bytes: Buffer) => Buffer.concat([uint(bytes.length, 2), bytes]);
  const entry = Buffer.concat([
    uint(components.length, 2),
    ...[realm, ...components].map((text) => counted(Buffer.from(text))),
    uint(1, 4),
    uint(1_700_000_000, 4),
    uint(3, 1),
    uint(18, 2),
    counted(Buffer.alloc(32, 7)),
  ]);
  return Buffer.concat([uint(0x0502, 2), uint(entry.length, 4), entry]);
}

function uint(value: number, bytes: number): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, 0, bytes);
  return buffer;
}

describe('the console of a running connector', { skip: whyNoSlapd(), timeout: 240_000 }, () => {
  let slapd: Slapd;
  let hub: FakeHub;
  before(async () => {
    slapd = await startSlapd({
      users: 5,
      entries: [
        {
          dn: 'uid=mallory,ou=people,dc=example,dc=org',
          attributes: {
            objectClass: ['inetOrgPerson'],
            uid: ['mallory'],
            cn: [SCRIPT],
            sn: ['"><img src=x>'],
            description: [`${SCRIPT}\u0007`],
          },
        },
      ],
    });
    hub = await startFakeHub();
  });
  after(async () => {
    await hub?.stop();
    await slapd?.[Symbol.asyncDispose]();
  });

  async function open(
    t: TestContext,
    environment: Record<string, string> = {},
    platform: NodeJS.Platform = 'linux',
  ): Promise<{ client: ConsoleClient; connector: RunningConnector; token: string }> {
    const home = mkdtempSync(join(tmpdir(), 'console-'));
    saveCertificate(findHome(home), createCertificate(createKey(), { connectionName: CONNECTION, connectionDomain: 'example.org' }));
    const settings = {
      AD_HUB: hub.url,
      CONNECTION,
      REALM,
      TENANT_SIGNING_KEY: pemOf(HUB_RSA.publicKey),
      LDAP_URL: slapd.ldapsUrl,
      CA_CERT: [slapd.ca],
      LDAP_BASE: slapd.baseDn,
      LDAP_BIND_USER: slapd.serviceAccount.dn,
      LDAP_BIND_PASSWORD: slapd.serviceAccount.password,
    };
    writeFileSync(join(home, 'config.json'), JSON.stringify(settings), { mode: 0o600 });
    const { log } = createLog({ level: 'error', format: 'json', destination: { write: () => {} } });
    const { config } = loadConfigForStart(home, environment);
    const connector = await startConnector({ config, environment, log, keepSecrets: () => {}, agentVersion: '1.2.3' });
    t.after(async () => {
      await connector.close();
      rmSync(home, { recursive: true, force: true });
    });
    await hub.nextAgent();
    const client = await openConsoleForTest(t, { home, platform, connector: () => connector });
    await client.signIn();
    return { client, connector, token: await client.token('/settings') };
  }

  it('stops mappers that loop, use up memory, never return or try to escape, and does not save them', async (t) => {
    const { client, token } = await open(t);
    const hostile: [string, string, RegExp][] = [
      ['loops', 'module.exports = () => { for (;;); }', /ms|time/],
      ['loops while it loads', 'for (;;);', /ms|time/],
      ['allocates', 'module.exports = () => { const all = []; for (;;) all.push(new Array(100000).fill(1)); }', /memory|MB|ms/],
      ['never answers', 'module.exports = () => new Promise(() => {})', /neither returned/],
      ['reads files', "module.exports = () => ({ id: require('fs').readFileSync('/etc/passwd', 'utf8') })", /require/],
      ['breaks out', "module.exports = (raw) => raw.constructor.constructor('return process')().mainModule.require('fs')", /undefined/],
      ['closes the function around it', '}); process.exit(1); (function () {', /./],
    ];
    for (const [what, source, expected] of hostile) {
      const preview = await client.post('/mapper/preview', { token, user: 'mallory', source });
      assert.equal(preview.status, 200, what);
      assert.match(preview.text, /The mapper failed/, what);
      assert.match(/<p>([^<]*)<\/p>/.exec(preview.text)?.[1] ?? '', expected, what);
    }
    const [, neverAnswers] = hostile[3] ?? [];
    const saved = await client.post('/mapper', { token, user: 'mallory', source: neverAnswers ?? '', do: 'save' });
    assert.match(saved.text, /Not saved/);
    assert.throws(() => readFileSync(join(client.home, 'lib', 'profileMapper.js')));
  });

  it('shows the newest version that the hub announced, and the command that installs it', async (t) => {
    const { client, connector } = await open(t);
    assert.match((await client.get('/update')).text, /The hub has not announced a version/);
    for (const [newest, expected] of [
      ['1.10.0', /Version 1\.10\.0 is available/],
      ['1.2.3', /The hub offers no newer version/],
    ] as const) {
      const told = await openConsoleForTest(t, { connector: () => ({ ...connector, newestVersion: () => newest }), platform: 'linux' });
      await told.signIn();
      const { text } = await told.get('/update');
      assert.match(text, expected);
      assert.match(text, /sudo landbridge-connector update/);
    }
  });

  it('shows the claims of a profile and the dropped values, and names the line that uses something the sandbox does not offer', async (t) => {
    const { client, token } = await open(t);
    const preview = (source: string) => client.post('/mapper/preview', { token, user: 'mallory', source });
    const shown = await preview(
      'module.exports = (raw) => ({ id: 1, emails: ["m@x.example"], name: "Mallory M", nickname: true, displayName: { a: 1 } })',
    );
    assert.match(shown.text, /&quot;email&quot;: &quot;m@x\.example&quot;/);
    assert.match(shown.text, /&quot;preferred_username&quot;: &quot;mallory&quot;/);
    assert.match(shown.text, /<li>nickname: a boolean is not a text<\/li>/);
    const source = "module.exports = function (raw) {\n  return require('lodash').pick(raw, 'uid');\n};";
    assert.match((await preview(source)).text, /require\(&#39;lodash&#39;\): a mapper has no files, network or packages.*\(line 2\)/);
    const saved = await client.post('/mapper', { token, user: '', source, do: 'save' });
    assert.match(saved.text, /Not saved: .*\(line 2\)/);
    assert.throws(() => readFileSync(join(client.home, 'lib', 'profileMapper.js')));
  });

  it('says that a file with a known default mapper is not executed', async (t) => {
    const { client, token } = await open(t);
    const source = readFileSync(new URL('./assets/default-mapper.js', import.meta.url), 'utf8').replaceAll('  ', '\t');
    await client.post('/mapper', { token, user: '', source, do: 'save' });
    assert.match((await client.get('/mapper')).text, /unmodified default mapper of an Auth0 connector/);
  });

  it('stores a keytab and lists its keys; a rejected one keeps the previous one', async (t) => {
    const { client, token } = await open(t);
    const upload = (to: ConsoleClient, formToken: string, bytes: Buffer) => {
      const form = new FormData();
      form.set('token', formToken);
      form.set('keytab', new Blob([bytes]), 'connector.keytab');
      return to.post('/server/keytab', form);
    };
    const path = join(client.home, 'kerberos.keytab');
    const good = keytabOf('EXAMPLE.ORG', ['HTTP', 'sso.example.org']);
    assert.equal((await upload(client, token, good)).status, 303);
    assert.match((await client.get('/server')).text, /HTTP\/sso\.example\.org@EXAMPLE\.ORG \(version 3, AES-256\)/);
    assert.deepEqual(readFileSync(path), good);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.equal(JSON.parse(readFileSync(join(client.home, 'config.json'), 'utf8')).KERBEROS_KEYTAB, path);
    assert.match((await upload(client, token, Buffer.from('noise'))).text, /Invalid or empty keytab/);
    assert.deepEqual(readFileSync(path), good);

    // The environment takes precedence, so this page cannot change the setting.
    const fixed = await open(t, { KERBEROS_KEYTAB: '/etc/krb5.keytab' });
    assert.match((await upload(fixed.client, fixed.token, good)).text, /environment/);
    assert.equal(existsSync(join(fixed.client.home, 'kerberos.keytab')), false);
  });

  it('asks for no keytab on Windows, and names the service principal name that the account needs', async (t) => {
    const { client } = await open(t, { SERVER_URL: 'https://sso.example.org' }, 'win32');
    const { text } = await client.get('/server');
    assert.match(text, /Not needed.*<code>setspn -Q HTTP\/sso\.example\.org<\/code>/);
    assert.doesNotMatch(text, /action="\/server\/keytab"/);
  });

  it('escapes values from the directory', async (t) => {
    const { client } = await open(t);
    const paths = [
      '/search?kind=login&for=mallory',
      '/search?kind=list&for=mallory',
      '/search?kind=filter&for=(uid=mallory)',
      '/mapper?user=mallory',
    ];
    for (const path of [...paths, `/search?kind=login&for=${encodeURIComponent(SCRIPT)}`, `/logs?user=${encodeURIComponent(SCRIPT)}`]) {
      const { status, text } = await client.get(path);
      assert.equal(status, 200, path);
      assert.ok(!text.includes(SCRIPT) && !text.includes('<img'), path);
      assert.ok(text.includes(ESCAPED), path);
    }
  });

  it('explains an invalid filter, and shows no secret attributes', async (t) => {
    const { client } = await open(t);
    const bad = await client.get(`/search?kind=filter&for=${encodeURIComponent('(&(uid=*)(')}`);
    assert.match(bad.text, /Invalid filter/);
    const { text } = await client.get(`/search?kind=filter&for=${encodeURIComponent('(uid=user00000)')}`);
    assert.match(text, /1 found/);
    assert.doesNotMatch(text, /userPassword/i);
  });

  it('keeps a typed secret of a rejected form without showing it, until the form is opened again', async (t) => {
    const { client, connector, token } = await open(t);
    const address = '/settings?group=Hub&show=all';
    const proxy = 'http://anna:secret-of-the-proxy@127.0.0.1:1';
    const wrong = await client.post(address, { token, HTTPS_PROXY: proxy, CLOCK_SKEW_LIMIT_SECONDS: 'x' });
    assert.equal(wrong.status, 400);
    assert.match(wrong.text, /name="HTTPS_PROXY"[^>]*placeholder="entered; not saved yet"/);
    assert.ok(!wrong.text.includes('secret-of-the-proxy'));
    const saved = await client.post(address, { token, HTTPS_PROXY: '', CLOCK_SKEW_LIMIT_SECONDS: '30', NO_PROXY: '127.0.0.1' });
    assert.equal(saved.status, 303, saved.text);
    assert.equal(connector.config().values.HTTPS_PROXY, proxy);

    await client.post(address, { token, HTTPS_PROXY: 'http://other:forgotten@127.0.0.1:1', CLOCK_SKEW_LIMIT_SECONDS: 'x' });
    await client.get(address);
    await client.post(address, { token, HTTPS_PROXY: '', CLOCK_SKEW_LIMIT_SECONDS: '31' });
    assert.equal(connector.config().values.HTTPS_PROXY, proxy);
  });

  it('finds settings by label, name, description and value, but not by a secret', async (t) => {
    const { client } = await open(t);
    const found = async (text: string) => {
      const page = (await client.get(`/settings?q=${encodeURIComponent(text)}`)).text;
      return [...page.matchAll(/id="([A-Z0-9_]+)-hint"/g)].map(([, name = '']) => name);
    };
    assert.deepEqual(await found('log level'), ['LOG_LEVEL']);
    assert.deepEqual(await found('ldap_base_groups filter'), []);
    assert.ok((await found('LDAP_BASE_GROUPS')).includes('LDAP_BASE_GROUPS'));
    assert.ok((await found(slapd.serviceAccount.dn)).includes('LDAP_BIND_USER'));
    assert.deepEqual(await found(slapd.serviceAccount.password), []);
  });

  it('rejects a setting that would not work, applies one that does, and shows no secret', async (t) => {
    const { client, connector, token } = await open(t);
    const refused = await client.post('/settings?group=Directory', { token, LDAP_URL: 'ldaps://127.0.0.1:1' });
    assert.equal(refused.status, 400);
    assert.match(refused.text, /would not work/);
    assert.match(refused.text, /name="force"/);
    const wrong = await client.post('/settings?group=Directory', { token, LDAP_CONNECT_TIMEOUT_MS: 'soon' });
    assert.match(wrong.text, /id="LDAP_CONNECT_TIMEOUT_MS-problem">LDAP_CONNECT_TIMEOUT_MS must be a whole number/);
    assert.match(wrong.text, /name="LDAP_CONNECT_TIMEOUT_MS" value="soon"[^>]*aria-invalid="true"/);
    assert.deepEqual(connector.config().values.LDAP_URL, [slapd.ldapsUrl]);

    const page = (await client.get('/settings?group=Directory')).text;
    assert.ok(!page.includes(slapd.serviceAccount.password));
    const values = [...page.matchAll(/<input id="([A-Z_]+)" name="\1" value="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]);
    const done = await client.post('/settings?group=Directory', { token, ...Object.fromEntries(values), LDAP_CONNECT_TIMEOUT_MS: '1234' });
    assert.equal(done.status, 303, done.text);
    assert.equal(connector.config().values.LDAP_CONNECT_TIMEOUT_MS, 1234);
    assert.equal(connector.config().values.LDAP_BIND_USER, slapd.serviceAccount.dn);
    assert.equal(JSON.parse(readFileSync(join(client.home, 'config.json'), 'utf8')).LDAP_CONNECT_TIMEOUT_MS, 1234);

    // The page reports settings that take effect after a restart.
    await client.post('/settings?group=Log+and+console', { token, LOG_FORMAT: 'json' });
    assert.match((await client.get('/')).text, /Restart the connector: LOG_FORMAT takes effect/);
  });
});
