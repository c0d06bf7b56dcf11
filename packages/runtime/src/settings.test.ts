import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { loadSettings, setting, settingsReference } from './settings.ts';

const LIST = {
  PORT: { type: setting.integer(0, 65535), default: 4000, description: 'Where to listen.', group: 'Server' },
  GROUPS: { type: setting.boolean(), default: true, description: 'Groups.', group: 'Groups' },
  GROUP_PROPERTIES: { type: setting.list(), default: [] as string[], description: 'Names | more.', group: 'Groups' },
  LDAP_URL: { type: setting.url('ldap', 'ldaps'), description: 'The server.', group: 'Directory' },
  LDAP_BIND_PASSWORD: { type: setting.text(), description: 'Typed.', group: 'Directory', secret: true },
  CA_CERT: { type: setting.pem(), description: 'Authorities.', group: 'Directory' },
} as const;

const load = (file: Record<string, unknown>, environment: Record<string, string> = {}) => loadSettings(LIST, { file, environment });

describe('settings', () => {
  it('come from the environment, else the file, else their default', () => {
    const { values, origins, problems } = load({ PORT: 1, GROUPS: false }, { PORT: '2' });
    assert.deepEqual(problems, []);
    assert.deepEqual([values.PORT, values.GROUPS, values.LDAP_URL, values.GROUP_PROPERTIES], [2, false, undefined, []]);
    assert.deepEqual(
      [origins.PORT, origins.GROUPS, origins.LDAP_URL, origins.GROUP_PROPERTIES],
      ['environment', 'file', 'unset', 'default'],
    );
  });

  it('convert text to their type: "false" is not true', () => {
    for (const text of ['false', 'False', '0', 'no', 'off']) assert.equal(load({}, { GROUPS: text }).values.GROUPS, false, text);
    for (const text of ['true', 'TRUE', '1', 'yes', 'on']) assert.equal(load({ GROUPS: text }).values.GROUPS, true, text);
    assert.deepEqual(load({ PORT: '80' }).values.PORT, 80);
    assert.deepEqual(load({}, { GROUP_PROPERTIES: 'cn, dn' }).values.GROUP_PROPERTIES, ['cn', 'dn']);
    assert.deepEqual(load({}, { CA_CERT: 'a\\nb' }).values.CA_CERT, ['a\nb']);
    const oneLine = '-----BEGIN CERTIFICATE----- MIIB AAAA -----END CERTIFICATE-----';
    assert.deepEqual(load({}, { CA_CERT: oneLine }).values.CA_CERT, ['-----BEGIN CERTIFICATE-----\nMIIB\nAAAA\n-----END CERTIFICATE-----']);
  });

  it('can be list items, with || in the name of a variable', () => {
    const { values } = load({}, { 'GROUP_PROPERTIES||1': 'dn', 'GROUP_PROPERTIES||0': 'cn' });
    assert.deepEqual(values.GROUP_PROPERTIES, ['cn', 'dn']);
  });

  it('report all problems at once, by name and without secrets', () => {
    const { problems } = load({ PORT: 70_000, LDAP_URL: 'http://x', LDAP_BIND_PASSWORD: { hunter2: 1 } }, { GROUPS: 'perhaps' });
    assert.deepEqual(problems.map(({ name }) => name).sort(), ['GROUPS', 'LDAP_BIND_PASSWORD', 'LDAP_URL', 'PORT']);
    for (const { name, message } of problems) assert.ok(message.startsWith(name));
    assert.doesNotMatch(JSON.stringify(problems), /hunter2/);
    const url = load({ LDAP_URL: 'http://cn=reader:hunter2@dc.example' }).problems;
    assert.match(JSON.stringify(url), /dc\.example/);
    assert.doesNotMatch(JSON.stringify(url), /hunter2/);
  });

  it('lose quotation marks that make a value invalid, but never those of a text', () => {
    const { values, problems } = load({}, { PORT: '"8443"', GROUPS: "'false'", LDAP_BIND_PASSWORD: '"secret"', LDAP_URL: '"ldap://dc1' });
    assert.deepEqual([values.PORT, values.GROUPS, values.LDAP_BIND_PASSWORD], [8443, false, '"secret"']);
    assert.deepEqual(
      problems.map(({ name }) => name),
      ['LDAP_URL'],
    );
  });

  it('treat null and an empty field as unset', () => {
    assert.equal(load({ PORT: null }).values.PORT, 4000);
    assert.equal(load({ LDAP_URL: '' }).values.LDAP_URL, undefined);
  });

  it('yield a reference that lists each of them', () => {
    const reference = settingsReference(LIST);
    for (const name of Object.keys(LIST)) assert.match(reference, new RegExp(`\\| \`${name}\` \\|`));
    assert.match(reference, /Names \\\| more/);
  });
});
