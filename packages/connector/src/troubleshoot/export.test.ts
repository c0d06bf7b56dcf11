/** The support package, made by the command: its contents, and that it holds no secret. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { strFromU8, unzipSync } from 'fflate';
import { startCommand } from '../../test/command-line.ts';
import { createCertificate, createKey } from '../setup/certificate.ts';
import { createRedactor } from './redact.ts';
import { homeWith } from './test/run-in.ts';

const TICKET = 'https://127.0.0.1:1/p/ad/t1cket-secret';
const TOKEN = 'eyJhbGciOiJSUzI1NiJ9.eyJwYXNzd29yZCI6Ing.c2lnbmF0dXJl';

describe('the support package', { timeout: 120_000 }, () => {
  it('has the file names of the replaced connector, and no secret', async (t) => {
    const key = createKey();
    const home = homeWith(t, {
      PROVISIONING_TICKET: TICKET,
      LDAP_URL: 'ldaps://127.0.0.1:1',
      LDAP_BIND_USER: 'CN=svc,DC=fabrikam',
      LDAP_BIND_PASSWORD: 'bind"Passw0rd',
      LDAP_BIND_PASWORD: 'mistyped-Passw0rd',
      HTTP_PROXY: 'http://user:proxy-Passw0rd@127.0.0.1:1',
      SESSION_SECRET: 'session-secret-value',
      GROUPS: false,
    });
    mkdirSync(join(home, 'certs'));
    mkdirSync(join(home, 'lib'));
    mkdirSync(join(home, 'logs'));
    writeFileSync(join(home, 'certs/cert.key'), key.privateKeyPem, { mode: 0o600 });
    writeFileSync(
      join(home, 'certs/cert.pem'),
      createCertificate(key, { connectionName: 'a', connectionDomain: 'b' }).certificate.toString(),
    );
    writeFileSync(join(home, 'lib/profileMapper.js'), 'module.exports = (raw) => ({ id: raw.uid }); // bind"Passw0rd');
    const log = [
      'bound with bind"Passw0rd',
      `{"url":"https://old.example/p/ad/earlier-ticket/info","jwt":"${TOKEN}"}`,
      'password=from-an-old-config next',
      'http://a:old-proxy-Passw0rd@proxy.corp:3128',
      key.privateKeyPem,
      'alice signed in',
    ];
    writeFileSync(join(home, 'logs/connector.log'), log.join('\n'));
    const file = join(home, 'support.zip');

    const asked = await startCommand(['--home', home, 'troubleshoot', '--export', file]).ended;
    assert.equal(asked.exitCode, 2);
    assert.match(asked.stderr, /test-results\.log \(\d+ bytes\)[\s\S]*CONFIRMATION_REQUIRED/);
    assert.equal(existsSync(file), false);

    const made = await startCommand(['--home', home, 'troubleshoot', '--export', file, '--yes', '--json']).ended;
    assert.equal(made.exitCode, 1, 'checks fail here');
    const results: { id: string; status: string }[] = JSON.parse(made.stdout);
    assert.ok(results.some(({ id, status }) => id === 'hub-reach' && status === 'fail'));
    assert.equal(statSync(file).mode & 0o777, 0o600);

    const parts = new Map(Object.entries(unzipSync(readFileSync(file))).map(([name, bytes]) => [name, strFromU8(bytes)]));
    assert.deepEqual([...parts.keys()].sort(), [
      'config.json',
      'lib/profileMapper.js',
      'logs/connector.log',
      'settings.json',
      'test-results.json',
      'test-results.log',
    ]);
    const everything = [...parts.values(), asked.output, made.output].join('\n');
    for (const secret of [
      't1cket-secret',
      'Passw0rd',
      'session-secret-value',
      'PRIVATE KEY',
      TOKEN,
      'earlier-ticket',
      'from-an-old-config',
    ]) {
      assert.equal(everything.includes(secret), false, `${secret} is in it`);
    }
    const config: Record<string, unknown> = JSON.parse(parts.get('config.json') ?? '');
    assert.deepEqual(
      [config.LDAP_BIND_USER, config.GROUPS, config.PROVISIONING_TICKET, config.LDAP_BIND_PASWORD],
      ['CN=svc,DC=fabrikam', false, '[secret]', '[secret]'],
    );
    assert.match(parts.get('logs/connector.log') ?? '', /alice signed in/);
    assert.match(parts.get('test-results.log') ?? '', /^landbridge-connector \d.*\n\d+ ok, \d+ warnings?, \d+ failed, \d+ skipped\n/);
  });

  it('is made even if the configuration cannot be read', async (t) => {
    const home = homeWith(t, {});
    writeFileSync(join(home, 'config.json'), '{ "LDAP_BIND_PASSWORD": "hidden-Passw0rd" ', { mode: 0o600 });
    const file = join(home, 'support.zip');
    await startCommand(['--home', home, 'troubleshoot', '--export', file, '--yes']).ended;
    const names = Object.keys(unzipSync(readFileSync(file)));
    assert.deepEqual(names.sort(), ['test-results.json', 'test-results.log']);
  });
});

describe('redaction', () => {
  it('masks secrets in each of their spellings', () => {
    const { keepSecret, redact, redactLog } = createRedactor(undefined);
    keepSecret('a"b/c d');
    assert.equal(redact('a"b/c d, a\\"b/c d, a%22b%2Fc%20d'), '[secret], [secret], [secret]');
    assert.equal(redactLog('Authorization: Bearer abc.def and {"password":"x y"}'), 'Authorization: [secret] and {"password":[secret]}');
    for (const link of [
      'http://127.0.0.1:8357/link?code=AbCdEf_-0',
      'https://hub/dashboard/invitation?x=1&code=AbCdEf_-0',
      'u=%2Flink%3Fcode%3DAbCdEf_-0',
    ]) {
      assert.doesNotMatch(redactLog(`open ${link} within 60 minutes`), /AbCdEf/);
    }
    assert.match(redactLog('failed  code=ECONNREFUSED'), /code=ECONNREFUSED/);
    assert.equal(redact('password: shown here only if unknown'), 'password: shown here only if unknown');
  });
});
