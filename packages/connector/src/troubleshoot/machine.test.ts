/** The checks of the machine and of the front channel, and how checks depend on one another. */
import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { createCertificateAuthority, startOcspResponder, whyNoOcspResponder } from '@landbridge/lab';
import { readKeytab } from '../frontchannel/kerberos/keytab.ts';
import { type Check, type CheckResult, pass, skipped } from './check.ts';
import { runChecks } from './run-checks.ts';
import { homeWith, runIn } from './test/run-in.ts';
import { createTroubleshooter } from './troubleshooter.ts';

describe('files', { skip: process.platform === 'win32' }, () => {
  it('reports files that other accounts can read', async (t) => {
    const home = homeWith(t, {});
    chmodSync(join(home, 'config.json'), 0o644);
    const results = await createTroubleshooter().run({ home, environment: {} });
    const files = results.find(({ id }) => id === 'files');
    assert.equal(files?.status, 'fail');
    assert.match(files?.found ?? '', /config\.json can be read or written by others \(644\)/);
    assert.match(files?.action ?? '', /^chmod 600 /);
  });

  it('runs only the machine checks if config.json is not JSON', async (t) => {
    const home = homeWith(t, {});
    writeFileSync(join(home, 'config.json'), '{"LDAP_BIND_PASSWORD": "hidden-Passw0rd",}', { mode: 0o600 });
    const results = await createTroubleshooter().run({ home, environment: {} });
    assert.equal(results[0]?.id, 'configuration');
    assert.match(results[0]?.found ?? '', /^CONFIG_NOT_JSON.*line 1/);
    assert.deepEqual(results.map(({ id }) => id).sort(), ['configuration', 'disk', 'files', 'windows-account', 'windows-domain']);
    assert.doesNotMatch(JSON.stringify(results), /hidden-Passw0rd/);
  });
});

it('reports a full disk', { skip: process.platform !== 'linux' }, async () => {
  // A file system on which nothing is ever free.
  const results = await createTroubleshooter().run({ home: '/proc', environment: { OVERRIDE_CONFIG: 'false' } });
  const disk = results.find(({ id }) => id === 'disk');
  assert.equal(disk?.status, 'fail');
  assert.match(disk?.found ?? '', /^0 MB free/);
});

it('reports the line at which a profile mapper does not load', async (t) => {
  const { of, failed } = await runIn(t, { PROFILE_MAPPER: 'module.exports = function (raw) {\n  return {;\n};' });
  assert.deepEqual(failed, ['configuration', 'profile-mapper']);
  assert.match(of('profile-mapper').found, /^MAPPER_SYNTAX.*2/);
});

describe('the front channel', () => {
  it('is skipped while it is off', async (t) => {
    assert.equal((await runIn(t, {})).of('front-channel').status, 'skipped');
  });

  it('tells a closed port from one that answers', async (t) => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const SERVER_URL = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
    const open = await runIn(t, { CLIENT_CERT_AUTH: true, SERVER_URL });
    assert.match(open.of('front-channel').found, /answers without TLS/);
    await new Promise((resolve) => server.close(resolve));
    const closed = await runIn(t, { CLIENT_CERT_AUTH: true, SERVER_URL });
    assert.equal(closed.of('front-channel').status, 'fail');
    assert.match(closed.of('front-channel').found, /No answer.*ECONNREFUSED/);
  });
});

describe('the OCSP responder', { skip: whyNoOcspResponder() }, () => {
  it('is asked once per authority, and skipped if none is set', async (t) => {
    const [users, guests] = await Promise.all(['People', 'Guests'].map((name) => createCertificateAuthority(name)));
    assert.ok(users !== undefined && guests !== undefined);
    await using responder = await startOcspResponder(users);
    const on = { CLIENT_CERT_AUTH: true, CLIENT_CERT_OCSP: true };
    assert.equal((await runIn(t, {})).of('ocsp-responder').status, 'skipped');
    assert.equal((await runIn(t, on)).of('ocsp-responder').status, 'skipped');
    const settings = { ...on, CLIENT_CERT_OCSP_URL: responder.url };
    const answers = await runIn(t, { ...settings, CLIENT_CERT_CA: guests.cert + users.cert });
    assert.equal(answers.of('ocsp-responder').found, 'Answers for CN=People');
    const stranger = (await runIn(t, { ...settings, CLIENT_CERT_CA: guests.cert })).of('ocsp-responder');
    assert.equal(stranger.status, 'fail');
    assert.match(stranger.found, /^OCSP_ANSWER_REFUSED: /);
    await responder.kill();
    assert.match(
      (await runIn(t, { ...settings, CLIENT_CERT_CA: users.cert })).of('ocsp-responder').found,
      /^OCSP_UNREACHABLE: .*ECONNREFUSED/,
    );
  });
});

describe('checks', () => {
  const options = { signal: new AbortController().signal, redact: (text: string) => text };

  it('wait for the checks they need, and are skipped if one of those did not pass', async () => {
    const order: string[] = [];
    const first: Check = { id: 'disk', run: () => skipped('no reason') };
    const second: Check = { id: 'files', needs: [first], run: () => pass('never') };
    const third: Check = { id: 'ticket', needs: [second], run: () => pass('never') };
    const any: Check = {
      id: 'hub-keys',
      needsAny: [first, { id: 'hub-clock', run: () => pass('one of them') }],
      run: () => pass('there'),
    };
    const results = await runChecks([third, second, first, any], { ...options, onResult: ({ id }) => order.push(id) });
    assert.deepEqual(
      results.map(({ id, status, because }) => [id, status, because?.id]),
      [
        ['ticket', 'skipped', 'files'],
        ['files', 'skipped', 'disk'],
        ['disk', 'skipped', undefined],
        ['hub-keys', 'pass', undefined],
      ],
    );
    assert.ok(order.indexOf('disk') < order.indexOf('files') && order.indexOf('files') < order.indexOf('ticket'));
  });

  it('give a result if they hang, throw, or show a secret', async () => {
    const results = await runChecks(
      [
        { id: 'disk', timeoutMs: 20, run: () => new Promise(() => {}) },
        {
          id: 'files',
          run: () => {
            throw new Error('the password is s3cret');
          },
        },
      ],
      { ...options, redact: (text) => text.replaceAll('s3cret', '[secret]') },
    );
    assert.deepEqual(
      results.map(({ status, found }) => [status, found]),
      [
        ['fail', 'No result within 0.02 s'],
        ['fail', 'the password is [secret]'],
      ],
    );
  });

  it('report results one by one, and end when the run is cancelled', async () => {
    const reported: CheckResult[] = [];
    const controller = new AbortController();
    let aborted = false;
    const waiting: Check = {
      id: 'ticket',
      run: (signal) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => {
            aborted = true;
            resolve(pass('too late'));
          });
          controller.abort();
        }),
    };
    const results = await runChecks([waiting, { id: 'hub-clock', needs: [waiting], run: () => pass('never') }], {
      ...options,
      signal: controller.signal,
      onResult: (result) => reported.push(result),
    });
    assert.deepEqual(reported, results);
    assert.deepEqual(
      results.map(({ status }) => status),
      ['skipped', 'skipped'],
    );
    assert.ok(aborted);
  });
});

it('needs no keytab on Windows, and names the account that needs the service principal name', async (t) => {
  const settings = { KERBEROS_AUTH: true, SERVER_URL: 'https://sso.example.org', KERBEROS_KEYTAB: 'none' };
  const keytab = (await runIn(t, settings, { platform: 'win32' })).of('kerberos-keytab');
  assert.equal(keytab.status, 'pass');
  assert.match(keytab.found, /^Windows uses the key of the service’s account instead of a keytab.*"setspn -Q HTTP\/sso\.example\.org"/);
  assert.equal((await runIn(t, settings, { platform: 'linux' })).of('kerberos-keytab').status, 'fail');
  assert.equal((await runIn(t, { ...settings, KERBEROS_AUTH: false }, { platform: 'win32' })).of('kerberos-keytab').status, 'skipped');
});

describe('a keytab', () => {
  // HTTP/a@R, version 3 in eight bits and 300 in 32, AES-256; then a hole.
  const entry = Buffer.concat([
    Buffer.from([0, 2, 0, 1, 0x52, 0, 4]),
    Buffer.from('HTTP'),
    Buffer.from([0, 1, 0x61, 0, 0, 0, 1, 0, 0, 0, 0, 3, 0, 18, 0, 2, 0xaa, 0xbb, 0, 0, 1, 0x2c]),
  ]);
  const sized = (size: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(size);
    return bytes;
  };
  const whole = Buffer.concat([Buffer.from([5, 2]), sized(entry.length), entry, sized(-4), Buffer.alloc(4)]);

  it('yields principals and versions', () => {
    assert.deepEqual(readKeytab(whole), [{ principal: 'HTTP/a@R', keyVersion: 300, encryptionType: 18 }]);
  });

  it('is rejected if it is truncated anywhere, or claims to be longer than it is', () => {
    for (let length = 0; length < whole.length; length++) {
      const read = readKeytab(whole.subarray(0, length));
      assert.ok(read === undefined || read.length <= 1);
    }
    const lying = Buffer.from(whole);
    lying.writeInt32BE(0x7fffffff, 2);
    assert.equal(readKeytab(lying), undefined);
    lying.writeInt32BE(-0x80000000, 2);
    assert.equal(readKeytab(lying), undefined);
    assert.equal(readKeytab(Buffer.from('-----BEGIN')), undefined);
  });
});
