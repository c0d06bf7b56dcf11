import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { type Environment, loadConfig, loadConfigForStart } from './load.ts';
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
const read = (name = 'config.json'): Record<string, unknown> => JSON.parse(readFileSync(join(home, name), 'utf8'));
const namesOf = (list: readonly { name: string }[]) => list.map(({ name }) => name).sort();
const load = (file: object, environment: Environment = {}) => {
  write(file);
  return loadConfig(home, environment);
};

describe('values', () => {
  it('come from the environment, else the file, else the default, and each says from where', () => {
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

  it('tells the servers of LDAP_URL apart, and a comma inside of a DN from one between them', () => {
    const urls = (text: string) => load({ ...COMPLETE, LDAP_URL: text }).values.LDAP_URL;
    assert.deepEqual(urls('ldaps:///DC=fabrikam,DC=local, ldaps://dc1.fabrikam.local ldap://10.0.0.1:389/'), [
      'ldaps:///DC=fabrikam,DC=local',
      'ldaps://dc1.fabrikam.local',
      'ldap://10.0.0.1:389/',
    ]);
    for (const wrong of ['ldaps:///', 'ldaps:///OU=x,DC=y', 'ldaps://dc1/DC=x', 'ldaps://a:b@dc1', 'ldaps://dc1,dc2']) {
      assert.deepEqual(namesOf(load({ ...COMPLETE, LDAP_URL: wrong }).problems), ['LDAP_URL'], wrong);
    }
    assert.deepEqual(load({ ...COMPLETE, LDAP_DNS_SERVERS: '10.0.0.10, 10.0.0.11:5353 [fd00::1]:53' }).values.LDAP_DNS_SERVERS?.length, 3);
    assert.deepEqual(namesOf(load({ ...COMPLETE, LDAP_DNS_SERVERS: 'dc1.fabrikam.local' }).problems), ['LDAP_DNS_SERVERS']);
  });

  it('leave queries unset that depend on the directory', () => {
    const { values } = load(COMPLETE);
    for (const name of ['LDAP_USER_BY_NAME', 'LDAP_SEARCH_QUERY', 'LDAP_SEARCH_GROUPS', 'LDAP_HEARTBEAT_SEARCH_QUERY'] as const) {
      assert.equal(values[name], undefined, name);
    }
  });

  it('take the lower-case proxy variables of other programs, and an empty one for none', () => {
    assert.equal(load(COMPLETE, { http_proxy: 'http://a:1' }).values.HTTP_PROXY, 'http://a:1');
    assert.equal(load(COMPLETE, { http_proxy: 'http://a:1', HTTP_PROXY: 'http://b:1' }).values.HTTP_PROXY, 'http://b:1');
    assert.equal(load(COMPLETE, { https_proxy: 'c:3128', no_proxy: 'x, .y' }).values.HTTPS_PROXY, 'http://c:3128');
    assert.deepEqual(load(COMPLETE, { no_proxy: 'x, .y' }).values.NO_PROXY, ['x', '.y']);
    assert.deepEqual(load(COMPLETE, { HTTP_PROXY: '' }).problems, []);
  });
});

describe('problems', () => {
  it('come all at once, each naming its setting, and without a secret', () => {
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

  it('say what is missing', () => {
    assert.deepEqual(namesOf(load({}).problems), ['LDAP_BIND_USER', 'LDAP_URL', 'PROVISIONING_TICKET']);
    assert.deepEqual(load({ PROVISIONING_TICKET: TICKET, LDAP_URL: 'ldap://localhost', ANONYMOUS_SEARCH_ENABLED: 'true' }).problems, []);
    const byDn = { PROVISIONING_TICKET: TICKET, LDAP_URL: 'ldap://localhost', LDAP_USER_DN: 'uid={0},dc=example' };
    assert.deepEqual(load(byDn).problems, []);
    assert.deepEqual(namesOf(load({ ...byDn, LDAP_BIND_USER: 'CN=r' }).problems), ['LDAP_BIND_PASSWORD']);
    assert.deepEqual(namesOf(load({ ...COMPLETE, LDAP_USER_DN: 'uid=alice,dc=example' }).problems), ['LDAP_USER_DN']);
    const known = { AD_HUB: 'https://hub.example/lo/hub', CONNECTION: 'c', REALM: 'urn:x', ...COMPLETE, PROVISIONING_TICKET: undefined };
    assert.deepEqual(load(known).problems, []);
  });

  it('include a hub without TLS on another machine, unless that is allowed', () => {
    const plain = { ...COMPLETE, PROVISIONING_TICKET: 'http://hub.example/p/ad/x' };
    assert.deepEqual(namesOf(load(plain).problems), ['PROVISIONING_TICKET']);
    assert.deepEqual(namesOf(load({ ...COMPLETE, AD_HUB: 'ws://hub.example/' }).problems), ['AD_HUB']);
    for (const host of ['localhost:8080', '127.0.0.1:8080', '[::1]:8080']) {
      assert.deepEqual(load({ ...COMPLETE, PROVISIONING_TICKET: `http://${host}/p/ad/x` }).problems, [], host);
    }
    for (const host of ['localhost.example', '127.0.0.1.example', '128.0.0.1']) {
      assert.equal(load({ ...COMPLETE, PROVISIONING_TICKET: `http://${host}/p/ad/x` }).problems.length, 1, host);
    }
    const allowed = load({ ...plain, HUB_INSECURE_NO_TLS: true });
    assert.deepEqual(allowed.problems, []);
    assert.deepEqual(namesOf(configWarnings(allowed)), ['HUB_INSECURE_NO_TLS']);
  });

  it('include a directory on another machine without TLS, unless that is allowed', () => {
    const settings = { ...COMPLETE, LDAP_URL: 'ldap://dc.example', LDAP_STARTTLS: false };
    assert.deepEqual(namesOf(load(settings).problems), ['LDAP_STARTTLS']);
    assert.deepEqual(load({ ...settings, LDAP_INSECURE_NO_TLS: true }).problems, []);
    assert.deepEqual(load({ ...settings, LDAP_URL: 'ldap://localhost' }).problems, []);
  });

  it('include half a certificate and TLS twice', () => {
    assert.deepEqual(namesOf(load({ ...COMPLETE, AUTH_CERT: 'x' }).problems), ['AUTH_CERT_KEY']);
    assert.deepEqual(namesOf(load({ ...COMPLETE, LDAP_STARTTLS: true }).problems), ['LDAP_STARTTLS']);
  });
});

describe('warnings', () => {
  it('stand while a setting weakens security', () => {
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

  it('name the setting that was probably meant, and do not show the value', () => {
    const typos = { LDAP_BIND_PASWORD: 'pw-secret', 'ldap-base': 'x', 'urn:auth0:fabrikam': 'x', COMMENT: 'x' };
    const warnings = configWarnings(load({ ...COMPLETE, ...typos }));
    assert.deepEqual(namesOf(warnings), ['LDAP_BIND_PASWORD', 'ldap-base']);
    assert.match(warnings[0]?.message ?? '', /LDAP_BIND_PASSWORD meant\?/);
    assert.doesNotMatch(JSON.stringify(warnings), /pw-secret/);
  });

  it('name what has no effect beside another setting', () => {
    const warned = (settings: object) => namesOf(configWarnings(load({ ...COMPLETE, ...settings })));
    assert.deepEqual(warned({ ANONYMOUS_SEARCH_ENABLED: true }), ['ANONYMOUS_SEARCH_ENABLED']);
    assert.deepEqual(warned({ ANONYMOUS_SEARCH_ENABLED: true, LDAP_BIND_PASSWORD: undefined }), ['LDAP_BIND_USER']);
    assert.deepEqual(warned({ LDAP_USER_DN: 'uid={0},dc=x' }), []);
    assert.deepEqual(warned({ LDAP_USER_DN: 'uid={0},dc=x', LDAP_USER_BY_NAME: '(uid={0})', LDAP_USER_BY_MAIL: true }), [
      'LDAP_USER_BY_MAIL',
      'LDAP_USER_BY_NAME',
    ]);
  });

  it('name a file that others may read', { skip: process.platform === 'win32' }, () => {
    writeFileSync(join(home, 'config.json'), JSON.stringify(COMPLETE), { mode: 0o644 });
    assert.deepEqual(namesOf(configWarnings(loadConfig(home, {}))), [join(home, 'config.json')]);
  });
});

describe('the layout of installed connectors since 7.0', () => {
  it('is found, and written where it was found', () => {
    write({ ...COMPLETE, PORT: 7000 }, 'data/config.json');
    write({ PORT: 6000 });
    const { config } = loadConfigForStart(home, {});
    assert.equal(config.values.PORT, 7000);
    assert.deepEqual(namesOf(configWarnings(config)), [join(home, 'config.json')]);
    assert.equal(read('data/config.json').CONFIG_VERSION, 1);
    assert.deepEqual(read(), { PORT: 6000 });
  });

  it('has its profile mapper', () => {
    write(COMPLETE, 'data/config.json');
    mkdirSync(join(home, 'data', 'profileMapper'));
    writeFileSync(join(home, 'data', 'profileMapper', 'custom.js'), 'custom');
    assert.equal(profileMapperSource(loadConfig(home, {})), 'custom');
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

  it('that is configured and not there is an error', () => {
    const config = load({ ...COMPLETE, PROFILE_MAPPER_FILE: 'absent.js' });
    assert.throws(() => profileMapperSource(config), { code: 'PROFILE_MAPPER_UNREADABLE', message: /^PROFILE_MAPPER_FILE.*absent\.js/ });
  });
});

describe('the first start', () => {
  it('makes a session secret and keeps it', () => {
    write(COMPLETE);
    const first = loadConfigForStart(home, {});
    assert.ok((first.config.values.SESSION_SECRET ?? '').length >= 32);
    assert.equal(first.takenOver, false);
    const second = loadConfigForStart(home, {});
    assert.equal(second.config.values.SESSION_SECRET, first.config.values.SESSION_SECRET);
    assert.equal(second.config.values.ORGANIZATION_UNITS_AS_DN, false);
  });

  it('takes over the configuration of an installed connector, once', () => {
    write({ ...COMPLETE, TENANT_SIGNING_KEY: 'PEM', 'urn:auth0:fabrikam': 'https://x', UNKNOWN: { kept: true } });
    const first = loadConfigForStart(home, {});
    assert.equal(first.takenOver, true);
    assert.equal(first.config.values.ORGANIZATION_UNITS_AS_DN, true);
    assert.deepEqual(read().UNKNOWN, { kept: true });
    // What the administrator then decides is not changed back.
    write({ ...read(), ORGANIZATION_UNITS_AS_DN: false });
    const second = loadConfigForStart(home, {});
    assert.equal(second.takenOver, false);
    assert.equal(second.config.values.ORGANIZATION_UNITS_AS_DN, false);
  });

  it('does not take a configuration for an installed one because this connector wrote it', () => {
    write(COMPLETE);
    loadConfigForStart(home, {});
    write({ ...read(), LAST_SENT_THUMBPRINT: 'x', TENANT_SIGNING_KEY: 'x', WSFED_ISSUER: 'x' });
    const { config, takenOver } = loadConfigForStart(home, {});
    assert.equal(takenOver, false);
    assert.equal(config.values.ORGANIZATION_UNITS_AS_DN, false);
  });

  it('lets an installed configuration go on in clear, knowingly', () => {
    for (const [url, expected] of [
      ['ldap://dc.example', true],
      ['ldaps://dc.example', false],
      ['ldap://127.0.0.1', false],
    ] as const) {
      write({ ...COMPLETE, AGENT_MODE: true, LDAP_URL: url });
      const { config } = loadConfigForStart(home, {});
      const { values, problems } = config;
      assert.equal(values.LDAP_INSECURE_NO_TLS, expected, url);
      assert.deepEqual(problems, []);
      // At this start and at every later one, for as long as it is on.
      const standing = expected ? ['LDAP_INSECURE_NO_TLS', 'LDAP_URL'] : [];
      assert.deepEqual(namesOf(configWarnings(config)), standing, url);
      assert.deepEqual(namesOf(configWarnings(loadConfigForStart(home, {}).config)), standing, url);
    }
  });

  it('leaves an explicit value of an installed configuration', () => {
    write({ ...COMPLETE, AGENT_MODE: true, ORGANIZATION_UNITS_AS_DN: false });
    assert.equal(loadConfigForStart(home, {}).config.values.ORGANIZATION_UNITS_AS_DN, false);
  });

  it('writes nothing where there are problems', () => {
    write({ LDAP_URL: 'ldap://x' });
    assert.ok(loadConfigForStart(home, {}).config.problems.length > 0);
    assert.deepEqual(read(), { LDAP_URL: 'ldap://x' });
  });
});

it('OVERRIDE_CONFIG=false reads and writes no file', () => {
  writeFileSync(join(home, 'config.json'), '{ broken');
  const { config } = loadConfigForStart(home, { ...COMPLETE, OVERRIDE_CONFIG: 'false' });
  assert.deepEqual(config.problems, []);
  assert.equal(config.environmentOnly, true);
  assert.equal(readFileSync(join(home, 'config.json'), 'utf8'), '{ broken');
  assert.equal(existsSync(join(home, 'config.json.bak')), false);
});
