import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const PROGRAM = join(import.meta.dirname, '..', '..', 'bin', 'landbridge-hub');

test('commands register, list and delete clients and replace their secrets', (t) => {
  const home = mkdtempSync(join(tmpdir(), 'landbridge-hub-client-'));
  t.after(() => rmSync(home, { recursive: true, force: true }));
  const hub = (...args: string[]) => {
    const options = { encoding: 'utf8', env: { PATH: process.env.PATH, LANDBRIDGE_HOME: home } } as const;
    const { stdout, stderr, status } = spawnSync(PROGRAM, ['client', ...args], options);
    return { stdout: stdout.trim(), stderr: stderr.trim(), status };
  };
  const created = hub(
    'create',
    'Billing',
    '--redirect-uri',
    'https://a.example/cb',
    '--redirect-uri',
    'http://localhost/cb',
    '--refresh-tokens',
  );
  const [, id = '', secret = ''] =
    /^issuer {9}http:\/\/localhost:4100\/oidc\nclient_id {6}(\w+)\nclient_secret {2}(\S+)$/.exec(created.stdout) ?? [];
  assert.ok(id && secret, created.stdout + created.stderr);
  assert.match(
    hub('list').stdout,
    new RegExp(`^ID .*\\n${id}  Billing  confidential  openid,profile,email  https://a.example/cb http://localhost/cb$`),
  );
  assert.equal(
    hub('change', id, '--name', 'Payroll', '--scope', 'groups', '--scope', 'email', '--redirect-uri', 'https://b.example/').status,
    0,
  );
  assert.match(hub('list').stdout, new RegExp(`^ID .*\\n${id}  Payroll  confidential  openid,email,groups  https://b.example/$`));
  assert.match(hub('change', id, '--scope', 'phone').stderr, /"scopes".*CLIENT_INVALID/);
  const renewed = hub('secret', id, '--yes');
  assert.match(renewed.stdout, /^lbs_/);
  assert.notEqual(renewed.stdout, secret);
  assert.doesNotMatch(hub('create', 'App', '--public', '--redirect-uri', 'http://localhost/cb').stdout, /secret/);
  const refused = hub('create', 'Evil', '--redirect-uri', 'http://evil.example/');
  assert.deepEqual([refused.status, refused.stdout], [1, '']);
  assert.match(refused.stderr, /allowed for this machine only/);
  assert.match(hub('create', 'Nobody').stderr, /"redirectUris".*CLIENT_INVALID/);
  assert.equal(hub('rotate-keys').status, 0);
  assert.equal(hub('delete', id, '--yes').status, 0);
  assert.match(hub('delete', id, '--yes').stderr, /No client/);
});
