import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { inspect } from 'node:util';
import { CodedError } from '@landbridge/runtime';
import { readSettings } from './settings.ts';

function newHome(t: TestContext) {
  const home = mkdtempSync(join(tmpdir(), 'landbridge-settings-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  return { home, write: (text: string | Buffer) => writeFileSync(join(home, 'hub.json'), text) };
}

const isProblem = (code: string, message: RegExp) => (error: unknown) =>
  error instanceof CodedError && error.code === code && message.test(error.message);

test('reads settings from the environment, else from hub.json', (t) => {
  const { home, write } = newHome(t);
  assert.equal(readSettings(home, {}).portIsSet, false);

  write('{"PORT": 1234, "LOG_LEVEL": "debug", "PROT": 1}');
  const { settings, portIsSet, unknownKeys } = readSettings(home, { PORT: '4321' });
  assert.deepEqual([settings.PORT, settings.LOG_LEVEL, portIsSet, unknownKeys], [4321, 'debug', true, ['PROT']]);
  assert.deepEqual(readSettings(home, { TRUSTED_PROXIES: '10.1.2.3/8, ::ffff:192.0.2.1' }).settings.TRUSTED_PROXIES, [
    '10.0.0.0/8',
    '192.0.2.1/32',
  ]);
});

for (const [environment, message] of [
  [{ PORT: '99999', LOG_LEVEL: 'loud' }, /PORT.*LOG_LEVEL/],
  ...['ftp://x', 'https://x/path', 'https://user:secret@x', 'nonsense'].map((url) => [{ PUBLIC_URL: url }, /PUBLIC_URL/] as const),
  [{ TLS_CERT_FILE: 'hub.pem' }, /both/],
  [{ ADMIN_OIDC_ISSUER: 'https://login.example' }, /ADMIN_OIDC_CLIENT_ID/],
  [{ ADMIN_OIDC_ISSUER: 'http://login.example', ADMIN_OIDC_CLIENT_ID: 'hub' }, /https/],
  [{ ADMIN_OIDC_REQUIRED: 'true' }, /ADMIN_OIDC_ISSUER/],
  [{ STOP_READY_DELAY_MS: '11000' }, /the sum of/],
  ...['tls://', 'tls://x/path', 'https://x', 'tls://user@x'].map((url) => [{ AUDIT_SYSLOG_URL: url }, /AUDIT_SYSLOG_URL/] as const),
  [{ AUDIT_HTTP_URL: 'https://user:secret@x' }, /AUDIT_HTTP_URL must not contain/],
  [{ AUDIT_HTTP_URL: 'http://siem.example', AUDIT_HTTP_TOKEN_FILE: 'token' }, /must use https/],
  [{ ALERT_WEBHOOK_URL: 'http://hooks.example', ALERT_WEBHOOK_SECRET: 'x'.repeat(16) }, /must use https/],
  [{ ALERT_WEBHOOK_URL: 'https://hooks.example', ALERT_WEBHOOK_SECRET: 'short' }, /at least 16 characters/],
  [{ ALERT_WEBHOOK_URL: 'https://user:secret@hooks.example', ALERT_WEBHOOK_SECRET: 'x'.repeat(16) }, /ALERT_WEBHOOK_URL must not contain/],
  [{ ALERT_SMTP_URL: 'smtp://mail.example' }, /ALERT_MAIL_FROM and ALERT_MAIL_TO/],
  [{ ALERT_SMTP_USER: 'hub' }, /ALERT_SMTP_PASSWORD/],
  ...['10.0.0.0/33', 'proxy.example', '10.0.0.1 10.0.0.2'].map((list) => [{ TRUSTED_PROXIES: list }, /TRUSTED_PROXIES/] as const),
] as const) {
  test(`rejects ${JSON.stringify(environment)}`, (t) => {
    const { home } = newHome(t);
    assert.throws(() => readSettings(home, environment), isProblem('SETTINGS_INVALID', message));
  });
}

test('reads a hub.json with a byte order mark, CRLF and comments, and one in UTF-16', (t) => {
  const { home, write } = newHome(t);
  const text = '\uFEFF{\r\n  // behind the proxy\r\n  "PORT": 4199\r\n}\r\n';
  for (const bytes of [text, Buffer.from(text, 'utf16le')]) {
    write(bytes);
    assert.equal(readSettings(home, {}).settings.PORT, 4199);
  }
});

test('an error about hub.json names the position and quotes nothing from the file', (t) => {
  const { home, write } = newHome(t);
  write('{"METRICS_TOKEN": "hush-hush" "PORT": 1}');
  assert.throws(
    () => readSettings(home, {}),
    (error) => {
      assert.ok(error instanceof CodedError);
      assert.match(error.message, /hub\.json is not valid JSON: line 1, column 31$/);
      assert.doesNotMatch(inspect(error), /hush/);
      return true;
    },
  );
});

for (const text of ['{', '[]', 'null', '7']) {
  test(`rejects a hub.json that contains ${text}`, (t) => {
    const { home, write } = newHome(t);
    write(text);
    assert.throws(() => readSettings(home, {}), isProblem('SETTINGS_UNREADABLE', /hub\.json/));
  });
}
