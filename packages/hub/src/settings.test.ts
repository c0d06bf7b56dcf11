import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { CodedError } from '@landbridge/runtime';
import { readSettings } from './settings.ts';

test('settings come from the environment, else from hub.json; problems name the setting', (t) => {
  const home = mkdtempSync(join(tmpdir(), 'landbridge-settings-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const file = (text: string) => writeFileSync(join(home, 'hub.json'), text);
  assert.equal(readSettings(home, {}).portIsSet, false);

  file('{"PORT": 1234, "LOG_LEVEL": "debug", "PROT": 1}');
  const { settings, portIsSet, unknownKeys } = readSettings(home, { PORT: '4321' });
  assert.deepEqual([settings.PORT, settings.LOG_LEVEL, portIsSet, unknownKeys], [4321, 'debug', true, ['PROT']]);

  const fails = (environment: Record<string, string>, code: string, message: RegExp) =>
    assert.throws(
      () => readSettings(home, environment),
      (error: unknown) => error instanceof CodedError && error.code === code && message.test(error.message),
    );
  fails({ PORT: '99999', LOG_LEVEL: 'loud' }, 'SETTINGS_INVALID', /PORT.*LOG_LEVEL/);
  for (const url of ['ftp://x', 'https://x/path', 'https://user:secret@x', 'nonsense'])
    fails({ PUBLIC_URL: url }, 'SETTINGS_INVALID', /PUBLIC_URL/);
  fails({ TLS_CERT_FILE: 'hub.pem' }, 'SETTINGS_INVALID', /both/);
  fails({ STOP_READY_DELAY_MS: '11000' }, 'SETTINGS_INVALID', /together/);
  for (const networks of ['10.0.0.0/33', 'proxy.example', '10.0.0.1 10.0.0.2']) {
    fails({ TRUSTED_PROXIES: networks }, 'SETTINGS_INVALID', /TRUSTED_PROXIES/);
  }
  assert.deepEqual(readSettings(home, { TRUSTED_PROXIES: '10.1.2.3/8, ::ffff:192.0.2.1' }).settings.TRUSTED_PROXIES, [
    '10.0.0.0/8',
    '192.0.2.1/32',
  ]);
  for (const text of ['{', '[]', 'null', '7']) {
    file(text);
    fails({}, 'SETTINGS_UNREADABLE', /hub\.json/);
  }
});
