import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type Environment, loadConfig, loadConfigForStart, withEntered } from './load.ts';
import { profileMapperSource } from './profile-mapper-source.ts';
import { configWarnings } from './warnings.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'load-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const TICKET = 'https://hub.example/p/ad/ticket-secret';
const COMPLETE = { PROVISIONING_TICKET: TICKET, LDAP_URL: 'ldaps://dc.example', LDAP_BIND_USER: 'CN=r', LDAP_BIND_PASSWORD: 'pw-secret' };
const write = (content: object, name = 'config.json') => {
  mkdirSync(join(home, name, '..'), { recursive: true });
  writeFileSync(join(home, name), JSON.stringify(content), { mode: 0o600 });
};
const put = (name: string, text: string) => {
  mkdirSync(join(home, name, '..'), { recursive: true });
  writeFileSync(join(home, name), text, { mode: 0o600 });
};
const read = (name = 'config.json'): Record<string, unknown> => JSON.parse(readFileSync(join(home, name), 'utf8'));
const namesOf = (list: readonly { name: string }[]) => list.map(({ name }) => name).sort();
const load = (file: object, environment: Environment = {}) => {
  write(file);
  return loadConfig(home, environment);
};

describe('values', () => {
  it('come from the environment, else the file, else the default, and have an origin', () => {
    const { values, origins, problems } = load(
      { ...COMPLETE, GROUPS: 'false', PORT: '5000', LDAP_BASE: '' },
      { PORT: '6000', 'GROUP_PROPERTIES||0': 'cn', 'GROUP_PROPERTIES||1': 'mail' },
    );
    assert.deepEqual(problems, []);
    assert.equal(values.PORT, 6000);
    assert.equal(origins.PORT, 'environment');
    assert.equal(values.GROUPS, false);
    assert.equal(origins.GROUPS, 'file');
    assert.deepEqual(values.GROUP_PROPERTIES, ['cn', 'mail']);
    assert.equal(values.GROUPS_CACHE_SECONDS, 600);
    assert.equal(origins.GROUPS_CACHE_SECONDS, 'default');
    assert.equal(values.LDAP_BASE, undefined);
    assert.deepEqual(values.LDAP_URL, ['ldaps://dc.example']);
  });

  it('of secrets come from the files that the environment names, and entered ones override those', () => {
    put('secret', 'from the file\n');
    const environment = { LDAP_BIND_PASSWORD_FILE: join(home, 'secret'), OVERRIDE_CONFIG: 'false' };
    const config = loadConfig(home, environment);
    assert.equal(config.values.LDAP_BIND_PASSWORD, 'from the file');
    assert.equal(withEntered(config, { LDAP_BIND_PASSWORD: 'entered' }, environment).values.LDAP_BIND_PASSWORD, 'entered');
  });

  it('LDAP_URL separates servers, but not at a comma within a DN', async (t) => {
    const urls = (text: string) => load({ ...COMPLETE, LDAP_URL: text }).values.LDAP_URL;
    assert.deepEqual(urls('ldaps:///DC=fabrikam,DC=local, ldaps://dc1.fabrikam.local ldap://10.0.0.1:389/'), [
      'ldaps:///DC=fabrikam,DC=local',
      'ldaps://dc1.fabrikam.local',
      'ldap://10.0.0.1:389/',
    ]);
    for (const wrong of ['ldaps:///', 'ldaps:///OU=x,DC=y', 'ldaps://dc1/DC=x', 'ldaps://a:b@dc1', 'ldaps://dc1,dc2']) {
      await t.test(`rejects ${wrong}`, () => {
        assert.deepEqual(namesOf(load({ ...COMPLETE, LDAP_URL: wrong }).problems), ['LDAP_URL']);
      });
    }
    assert.deepEqual(load({ ...COMPLETE, LDAP_DNS_SERVERS: '10.0.0.10, 10.0.0.11:5353 [fd00::1]:53' }).values.LDAP_DNS_SERVERS?.length, 3);
    assert.deepEqual(namesOf(load({ ...COMPLETE, LDAP_DNS_SERVERS: 'dc1.fabrikam.local' }).problems), ['LDAP_DNS_SERVERS']);
  });

  it('are unset for filters that depend on the directory', () => {
    const { values } = load(COMPLETE);
    for (const name of ['LDAP_USER_BY_NAME', 'LDAP_SEARCH_QUERY', 'LDAP_SEARCH_GROUPS', 'LDAP_HEARTBEAT_SEARCH_QUERY'] as const) {
      assert.equal(values[name], undefined, name);
    }
  });

  it('accept a proxy whose user or password is not percent-encoded', () => {
    for (const [user, password] of [
      ['CORP\\svc', 'p@ss:word'],
      ['svc', 'a/b?c#d'],
    ]) {
      const proxy = load(COMPLETE, { HTTP_PROXY: `http://${user}:${password}@proxy.example:3128` }).values.HTTP_PROXY ?? '';
      const url = new URL(proxy);
      assert.deepEqual(
        [url.host, decodeURIComponent(url.username), decodeURIComponent(url.password)],
        ['proxy.example:3128', user, password],
      );
    }
    assert.equal(load(COMPLETE, { HTTP_PROXY: 'http://a%5Cb:c%40d@e:1' }).values.HTTP_PROXY, 'http://a%5Cb:c%40d@e:1');
  });

  it('come from lower-case proxy variables too, of which an empty one means unset', () => {
    assert.equal(load(COMPLETE, { http_proxy: 'http://a:1' }).values.HTTP_PROXY, 'http://a:1');
    assert.equal(load(COMPLETE, { http_proxy: 'http://a:1', HTTP_PROXY: 'http://b:1' }).values.HTTP_PROXY, 'http://b:1');
    assert.equal(load(COMPLETE, { https_proxy: 'c:3128', no_proxy: 'x, .y' }).values.HTTPS_PROXY, 'http://c:3128');
    assert.deepEqual(load(COMPLETE, { no_proxy: 'x, .y' }).values.NO_PROXY, ['x', '.y']);
    assert.deepEqual(load(COMPLETE, { HTTP_PROXY: '' }).problems, []);
  });
});

it('values that mean "none" or "no limit" to replaced connectors are accepted', () => {
  const { values, problems } = load({ ...COMPLETE, SSL_CA_PATH: false, LDAP_HEARTBEAT_SECONDS: 0, GROUPS_TIMEOUT_SECONDS: '0' });
  assert.deepEqual(problems, []);
  assert.deepEqual([values.SSL_CA_PATH, values.LDAP_HEARTBEAT_SECONDS, values.GROUPS_TIMEOUT_SECONDS], [undefined, 0, 25]);
  assert.equal(load(COMPLETE, { SSL_CA_PATH: 'false' }).values.SSL_CA_PATH, undefined);
});

describe('problems', () => {
  it('are reported all at once, with the setting and without a secret', () => {
    const { problems } = load({
      LDAP_URL: 'dc.example',
      LDAP_BIND_USER: 'CN=r',
      PORT: 'many',
      LDAP_USER_BY_NAME: '(uid=x)',
      PROVISIONING_TICKET: 'ticket-secret',
      HTTP_PROXY: 'http://user:proxy-secret@proxy.example/proxy.pac',
      GROUPS: 'perhaps',
    });
    assert.deepEqual(namesOf(problems), [
      'GROUPS',
      'HTTP_PROXY',
      'LDAP_BIND_PASSWORD',
      'LDAP_URL',
      'LDAP_USER_BY_NAME',
      'PORT',
      'PROVISIONING_TICKET',
    ]);
    for (const { name, message } of problems) assert.ok(message.startsWith(name), message);
    assert.match(problems.find(({ name }) => name === 'HTTP_PROXY')?.message ?? '', /\.pac/);
    assert.doesNotMatch(JSON.stringify(problems), /secret/);
  });

  it('name a missing setting', () => {
    assert.deepEqual(namesOf(load({}).problems), ['LDAP_BIND_USER', 'LDAP_URL', 'PROVISIONING_TICKET']);
    assert.deepEqual(load({ PROVISIONING_TICKET: TICKET, LDAP_URL: 'ldap://localhost', ANONYMOUS_SEARCH_ENABLED: 'true' }).problems, []);
    const byDn = { PROVISIONING_TICKET: TICKET, LDAP_URL: 'ldap://localhost', LDAP_USER_DN: 'uid={0},dc=example' };
    assert.deepEqual(load(byDn).problems, []);
    assert.deepEqual(namesOf(load({ ...byDn, LDAP_BIND_USER: 'CN=r' }).problems), ['LDAP_BIND_PASSWORD']);
    assert.deepEqual(namesOf(load({ ...COMPLETE, LDAP_USER_DN: 'uid=alice,dc=example' }).problems), ['LDAP_USER_DN']);
    const known = { AD_HUB: 'https://hub.example/lo/hub', CONNECTION: 'c', REALM: 'urn:x', ...COMPLETE, PROVISIONING_TICKET: undefined };
    assert.deepEqual(load(known).problems, []);
  });

  it('include a remote hub without TLS, unless that is allowed', async (t) => {
    const plain = { ...COMPLETE, PROVISIONING_TICKET: 'http://hub.example/p/ad/x' };
    assert.deepEqual(namesOf(load(plain).problems), ['PROVISIONING_TICKET']);
    assert.deepEqual(namesOf(load({ ...COMPLETE, AD_HUB: 'ws://hub.example/' }).problems), ['AD_HUB']);
    for (const [host, problems] of [
      ...['localhost:8080', '127.0.0.1:8080', '[::1]:8080'].map((local) => [local, 0] as const),
      ...['localhost.example', '127.0.0.1.example', '128.0.0.1'].map((remote) => [remote, 1] as const),
    ]) {
      await t.test(`${host} is ${problems === 0 ? 'local' : 'remote'}`, () => {
        assert.equal(load({ ...COMPLETE, PROVISIONING_TICKET: `http://${host}/p/ad/x` }).problems.length, problems);
      });
    }
    const allowed = load({ ...plain, HUB_INSECURE_NO_TLS: true });
    assert.deepEqual(allowed.problems, []);
    assert.deepEqual(namesOf(configWarnings(allowed)), ['HUB_INSECURE_NO_TLS']);
  });

  it('include a remote directory without TLS, unless that is allowed', () => {
    const settings = { ...COMPLETE, LDAP_URL: 'ldap://dc.example', LDAP_STARTTLS: false };
    assert.deepEqual(namesOf(load(settings).problems), ['LDAP_STARTTLS']);
    assert.deepEqual(load({ ...settings, LDAP_INSECURE_NO_TLS: true }).problems, []);
    assert.deepEqual(load({ ...settings, LDAP_URL: 'ldap://localhost' }).problems, []);
  });

  it('include a certificate without its key, and StartTLS with ldaps', () => {
    assert.deepEqual(namesOf(load({ ...COMPLETE, AUTH_CERT: 'x' }).problems), ['AUTH_CERT_KEY']);
    assert.deepEqual(namesOf(load({ ...COMPLETE, LDAP_STARTTLS: true }).problems), ['LDAP_STARTTLS']);
  });
});

describe('warnings', () => {
  it('last as long as a setting weakens security', () => {
    assert.deepEqual(namesOf(configWarnings(load({ ...COMPLETE, LDAP_INSECURE_SKIP_TLS_VERIFY: 'true' }))), [
      'LDAP_INSECURE_SKIP_TLS_VERIFY',
    ]);
    const inClear = load({ ...COMPLETE, LDAP_URL: 'ldap://dc.example', LDAP_INSECURE_NO_TLS: true });
    assert.deepEqual(namesOf(configWarnings(inClear)), ['LDAP_INSECURE_NO_TLS', 'LDAP_URL']);
    assert.deepEqual(inClear.problems, []);
    for (const settings of [
      { LDAP_URL: 'ldap://dc.example' },
      { LDAP_URL: 'ldap://dc.example', LDAP_STARTTLS: true },
      { LDAP_URL: 'ldap://127.0.0.1' },
    ]) {
      assert.deepEqual(configWarnings(load({ ...COMPLETE, ...settings })), []);
    }
  });

  it('suggest the intended setting, without the value', () => {
    const typos = { LDAP_BIND_PASWORD: 'pw-secret', 'ldap-base': 'x', 'urn:auth0:fabrikam': 'x', COMMENT: 'x' };
    const warnings = configWarnings(load({ ...COMPLETE, ...typos }));
    assert.deepEqual(namesOf(warnings), ['LDAP_BIND_PASWORD', 'ldap-base']);
    assert.match(warnings[0]?.message ?? '', /LDAP_BIND_PASSWORD meant\?/);
    assert.doesNotMatch(JSON.stringify(warnings), /pw-secret/);
  });

  it('name the settings whose values are in quotation marks', () => {
    const warnings = configWarnings(load(COMPLETE, { LDAP_BIND_PASSWORD: '"svc-pw"', LDAP_BASE: "'dc=example,dc=org'" }));
    assert.deepEqual(namesOf(warnings).sort(), ['LDAP_BASE', 'LDAP_BIND_PASSWORD']);
    assert.doesNotMatch(JSON.stringify(warnings), /svc-pw/);
  });

  it('name settings without effect', () => {
    const warned = (settings: object) => namesOf(configWarnings(load({ ...COMPLETE, ...settings })));
    assert.deepEqual(warned({ ANONYMOUS_SEARCH_ENABLED: true }), ['ANONYMOUS_SEARCH_ENABLED']);
    assert.deepEqual(warned({ ANONYMOUS_SEARCH_ENABLED: true, LDAP_BIND_PASSWORD: undefined }), ['LDAP_BIND_USER']);
    assert.deepEqual(warned({ LDAP_USER_DN: 'uid={0},dc=x' }), []);
    assert.deepEqual(warned({ LDAP_USER_DN: 'uid={0},dc=x', LDAP_USER_BY_NAME: '(uid={0})', LDAP_USER_BY_MAIL: true }), [
      'LDAP_USER_BY_MAIL',
      'LDAP_USER_BY_NAME',
    ]);
  });

  it('name a file that other users can read', { skip: process.platform === 'win32' }, () => {
    writeFileSync(join(home, 'config.json'), JSON.stringify(COMPLETE), { mode: 0o644 });
    assert.deepEqual(namesOf(configWarnings(loadConfig(home, {}))), [join(home, 'config.json')]);
  });
});

describe('the layout of Auth0 connectors since 7.0', () => {
  it('is recognized and kept', () => {
    write({ ...COMPLETE, PORT: 7000 }, 'data/config.json');
    write({ PORT: 6000 });
    const { config } = loadConfigForStart(home, {});
    assert.equal(config.values.PORT, 7000);
    assert.deepEqual(namesOf(configWarnings(config)), [join(home, 'config.json')]);
    assert.equal(read('data/config.json').CONFIG_VERSION, 1);
    assert.deepEqual(read(), { PORT: 6000 });
  });

  it('includes a profile mapper', () => {
    write(COMPLETE, 'data/config.json');
    mkdirSync(join(home, 'data', 'profileMapper'));
    writeFileSync(join(home, 'data', 'profileMapper', 'custom.js'), 'custom');
    assert.equal(profileMapperSource(loadConfig(home, {})), 'custom');
    assert.equal(profileMapperSource(loadConfig(home, { PROFILE_MAPPER: 'text', PROFILE_MAPPER_FILE: 'x.js' })), 'custom');
  });

  it('keeps its certificate in data/certs, and falls back to one in the older layout', () => {
    write(COMPLETE, 'data/config.json');
    assert.equal(loadConfig(home, {}).home.keyFile, join(home, 'data', 'certs', 'cert.key'));
    put('certs/cert.pem', 'older');
    assert.equal(loadConfig(home, {}).home.keyFile, join(home, 'certs', 'cert.key'));
    // An incomplete pair must be repaired, and no other created beside it.
    put('data/certs/cert.key', 'newer');
    const { certFile, keyFile } = loadConfig(home, {}).home;
    assert.deepEqual([certFile, keyFile], [join(home, 'data', 'certs', 'cert.pem'), join(home, 'data', 'certs', 'cert.key')]);
  });

  it('says that the password is in the key store, and how to move it', () => {
    write({ ...COMPLETE, AGENT_MODE: true, LDAP_BIND_PASSWORD: undefined }, 'data/config.json');
    const { problems } = loadConfig(home, {});
    assert.deepEqual(namesOf(problems), ['LDAP_BIND_PASSWORD']);
    assert.match(problems[0]?.message ?? '', /key store.*landbridge-connector setup/);
  });
});

describe('the profile mapper', () => {
  it('is PROFILE_MAPPER, else PROFILE_MAPPER_FILE, else lib/profileMapper.js, else the default', () => {
    assert.equal(profileMapperSource(load(COMPLETE)), undefined);
    mkdirSync(join(home, 'lib'));
    writeFileSync(join(home, 'lib', 'profileMapper.js'), 'lib');
    assert.equal(profileMapperSource(load(COMPLETE)), 'lib');
    writeFileSync(join(home, 'other.js'), 'other');
    assert.equal(profileMapperSource(load({ ...COMPLETE, PROFILE_MAPPER_FILE: 'other.js' })), 'other');
    assert.equal(profileMapperSource(load({ ...COMPLETE, PROFILE_MAPPER_FILE: 'other.js', PROFILE_MAPPER: 'text' })), 'text');
  });

  it('causes an error if its file does not exist', () => {
    const config = load({ ...COMPLETE, PROFILE_MAPPER_FILE: 'absent.js' });
    assert.throws(() => profileMapperSource(config), { code: 'PROFILE_MAPPER_UNREADABLE', message: /^PROFILE_MAPPER_FILE.*absent\.js/ });
  });
});

describe('the first start', () => {
  it('creates a session secret and keeps it', () => {
    write(COMPLETE);
    const first = loadConfigForStart(home, {});
    assert.ok((first.config.values.SESSION_SECRET ?? '').length >= 32);
    assert.equal(first.takenOver, false);
    const second = loadConfigForStart(home, {});
    assert.equal(second.config.values.SESSION_SECRET, first.config.values.SESSION_SECRET);
    assert.equal(second.config.values.ORGANIZATION_UNITS_AS_DN, false);
  });

  it('takes over the configuration of a replaced connector once', () => {
    write({ ...COMPLETE, TENANT_SIGNING_KEY: 'PEM', 'urn:auth0:fabrikam': 'https://x', UNKNOWN: { kept: true } });
    const first = loadConfigForStart(home, {});
    assert.equal(first.takenOver, true);
    assert.equal(first.config.values.ORGANIZATION_UNITS_AS_DN, true);
    assert.deepEqual(read().UNKNOWN, { kept: true });
    // Later decisions of the administrator are kept.
    write({ ...read(), ORGANIZATION_UNITS_AS_DN: false });
    const second = loadConfigForStart(home, {});
    assert.equal(second.takenOver, false);
    assert.equal(second.config.values.ORGANIZATION_UNITS_AS_DN, false);
  });

  it('does not mistake its own configuration for that of a replaced connector', () => {
    write(COMPLETE);
    loadConfigForStart(home, {});
    write({ ...read(), LAST_SENT_THUMBPRINT: 'x', TENANT_SIGNING_KEY: 'x', WSFED_ISSUER: 'x' });
    const { config, takenOver } = loadConfigForStart(home, {});
    assert.equal(takenOver, false);
    assert.equal(config.values.ORGANIZATION_UNITS_AS_DN, false);
  });

  for (const [url, expected] of [
    ['ldap://dc.example', true],
    ['ldaps://dc.example', false],
    ['ldap://127.0.0.1', false],
  ] as const) {
    it(`keeps a replaced connector's ${url} as it is${expected ? ', with a warning' : ''}`, () => {
      write({ ...COMPLETE, AGENT_MODE: true, LDAP_URL: url });
      const { config } = loadConfigForStart(home, {});
      const { values, problems } = config;
      assert.equal(values.LDAP_INSECURE_NO_TLS, expected);
      assert.deepEqual(problems, []);
      // At each start, as long as it is on.
      const permanent = expected ? ['LDAP_INSECURE_NO_TLS', 'LDAP_URL'] : [];
      assert.deepEqual(namesOf(configWarnings(config)), permanent);
      assert.deepEqual(namesOf(configWarnings(loadConfigForStart(home, {}).config)), permanent);
    });
  }

  it('keeps explicit values of a replaced connector', () => {
    write({ ...COMPLETE, AGENT_MODE: true, ORGANIZATION_UNITS_AS_DN: false });
    assert.equal(loadConfigForStart(home, {}).config.values.ORGANIZATION_UNITS_AS_DN, false);
  });

  it('writes nothing if there are problems', () => {
    write({ LDAP_URL: 'ldap://x' });
    assert.ok(loadConfigForStart(home, {}).config.problems.length > 0);
    assert.deepEqual(read(), { LDAP_URL: 'ldap://x' });
  });
});

it('starts from a read-only configuration of a replaced connector just as from a writable one', () => {
  write({ ...COMPLETE, AGENT_MODE: true, LDAP_URL: 'ldap://dc.example' });
  // Stops root too.
  mkdirSync(join(home, 'config.json.bak', 'x'), { recursive: true });
  const { config, takenOver, notSaved } = loadConfigForStart(home, {});
  assert.match(String(notSaved), /config\.json cannot be written/);
  assert.equal(takenOver, true);
  // As `config check` and a reload see it.
  for (const { values, problems } of [config, loadConfig(home, {})]) {
    assert.deepEqual(problems, []);
    assert.deepEqual([values.ORGANIZATION_UNITS_AS_DN, values.LDAP_INSECURE_NO_TLS], [true, true]);
  }
});

it('OVERRIDE_CONFIG=false uses certificate and mapper of either layout in the home', () => {
  const environment = { ...COMPLETE, OVERRIDE_CONFIG: 'false' };
  put('lib/profileMapper.js', 'lib');
  put('certs/cert.key', 'key');
  const { home: root, ...config } = loadConfig(home, environment);
  assert.deepEqual([profileMapperSource({ ...config, home: root }), root.keyFile], ['lib', join(home, 'certs', 'cert.key')]);
  put('data/profileMapper/custom.js', 'custom');
  const data = loadConfig(home, environment);
  assert.deepEqual([profileMapperSource(data), data.home.keyFile], ['custom', join(home, 'certs', 'cert.key')]);
});

it('OVERRIDE_CONFIG=false reads and writes no settings in files', () => {
  writeFileSync(join(home, 'config.json'), '{ broken');
  const { config } = loadConfigForStart(home, { ...COMPLETE, OVERRIDE_CONFIG: 'false' });
  assert.deepEqual(config.problems, []);
  assert.equal(config.environmentOnly, true);
  assert.equal(readFileSync(join(home, 'config.json'), 'utf8'), '{ broken');
  assert.equal(existsSync(join(home, 'config.json.bak')), false);
});
