import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createLog } from '@landbridge/runtime';
import { type Config, loadConfig } from '../config/load.ts';
import { REOPENED_PARTS, type RunningPart } from '../config/parts.ts';
import { type ConnectorSettings, isSettingName, SETTING_NAMES, SETTINGS, type SettingName } from '../config/settings.ts';
import { createConnectorSignInEvents } from '../users/sign-in-events.ts';
import { affectedParts, reopens } from './affected-parts.ts';
import { openDirectoryParts } from './directory-parts.ts';
import { openHubPart } from './hub-part.ts';

const config = loadConfig('/nonexistent', {
  OVERRIDE_CONFIG: 'false',
  PROVISIONING_TICKET: 'https://127.0.0.1:1/p/ad/ticket',
  LDAP_URL: 'ldaps://127.0.0.1:1',
  LDAP_BIND_USER: 'CN=svc',
  LDAP_BIND_PASSWORD: 'password',
});
const { log } = createLog({ level: 'error', format: 'text', destination: { write: () => {} } });

/** @returns the configuration, and the names of the settings that are read from it */
function recorded(): { config: Config; read: Set<SettingName> } {
  const read = new Set<SettingName>();
  const values: ConnectorSettings = new Proxy(config.values, {
    get(target, name) {
      if (typeof name === 'string' && isSettingName(name)) read.add(name);
      return Reflect.get(target, name);
    },
  });
  return { config: { ...config, values }, read };
}

const missing = (read: ReadonlySet<SettingName>, part: RunningPart) => [...read].filter((name) => !reopens(name, part));

describe('affected parts', () => {
  for (const name of SETTING_NAMES) {
    const { part } = SETTINGS[name];
    const expected: readonly RunningPart[] = REOPENED_PARTS[part];
    it(`a change of ${name} reopens ${expected.join(', ') || `nothing (${part})`}`, () => {
      const after = { values: { ...config.values, [name]: 'another value' } };
      assert.deepEqual(affectedParts(config, after), {
        changed: [name],
        directory: expected.includes('directory'),
        hub: expected.includes('hub'),
        afterRestart: part === 'restart' ? [name] : [],
      });
    });
  }

  it('an unchanged configuration reopens nothing', () => {
    assert.deepEqual(affectedParts(config, config), { changed: [], directory: false, hub: false, afterRestart: [] });
  });

  it('a change of every setting that the directory and its users read reopens the directory', async () => {
    const { config, read } = recorded();
    const parts = await openDirectoryParts(config, 'password', log);
    await parts.close();
    assert.ok(read.has('LDAP_URL') && read.size > 20);
    assert.deepEqual(missing(read, 'directory'), []);
  });

  it('a change of every setting that the link to the hub reads reopens the link', async () => {
    const { users, close } = await openDirectoryParts(config, 'password', log);
    const { config: recording, read } = recorded();
    const part = openHubPart({ config: recording, signIns: createConnectorSignInEvents(log), log, agentVersion: '1.2.3' });
    part.start(users, () => false);
    await part.close();
    await close();
    assert.ok(read.has('PROVISIONING_TICKET') && read.has('ENABLE_WRITE_BACK'));
    // Written by the hub itself, and the password is compared decrypted.
    const own = ['KERBEROS_AUTH', 'CLIENT_CERT_AUTH', 'WSFED_ISSUER', 'LDAP_BIND_PASSWORD'];
    assert.deepEqual(
      missing(read, 'hub').filter((name) => !own.includes(name)),
      [],
    );
  });
});
