import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { connect as connectTls, type PeerCertificate, type TLSSocket } from 'node:tls';
import { type CertificateAuthority, createCertificateAuthority, type KeyPair } from '@landbridge/lab';
import { CodedError, createLog } from '@landbridge/runtime';
import { WebSocket } from 'ws';
import { startHubForTest } from '../../test/hub-under-test.ts';
import { readCertificate, watchCertificate } from './tls.ts';

const DAY_MS = 24 * 60 * 60_000;

async function certificateFiles(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'landbridge-tls-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const authority = await createCertificateAuthority();
  const files = { certFile: join(folder, 'hub.pem'), keyFile: join(folder, 'hub.key') };
  const put = (pair: Partial<KeyPair>) => {
    if (pair.cert !== undefined) writeFileSync(files.certFile, pair.cert);
    if (pair.key !== undefined) writeFileSync(files.keyFile, pair.key, { mode: 0o600 });
  };
  return { authority, files, put };
}

function issue(authority: CertificateAuthority, notAfter?: Date): Promise<KeyPair> {
  return authority.issue({
    commonName: 'hub',
    dnsNames: ['localhost'],
    ips: ['127.0.0.1'],
    ...(notAfter === undefined ? {} : { notAfter }),
  });
}

function logInMemory() {
  const lines: Record<string, unknown>[] = [];
  const { log } = createLog({ level: 'debug', format: 'json', destination: { write: (line: string) => lines.push(JSON.parse(line)) } });
  return { log, lines };
}

/** Asks over a socket of its own. */
function get(url: string, ca: string): Promise<{ status: number | undefined; hsts: unknown; certificate: PeerCertificate }> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { ca, agent: false }, (response) => {
      const certificate = (response.socket as TLSSocket).getPeerCertificate();
      response
        .resume()
        .on('end', () => resolve({ status: response.statusCode, hsts: response.headers['strict-transport-security'], certificate }));
    });
    asked.on('error', reject).end();
  });
}

test('with a certificate, the hub serves HTTPS with TLS 1.2 or later and sends HSTS', async (t) => {
  const { authority, files, put } = await certificateFiles(t);
  put(await issue(authority));
  const { hub } = await startHubForTest(t, { TLS_CERT_FILE: files.certFile, TLS_KEY_FILE: files.keyFile });
  assert.match(hub.url, /^https:\/\/127\.0\.0\.1:/);
  assert.match(hub.publicUrl, /^https:\/\/localhost:/);
  const { status, hsts } = await get(`${hub.url}/healthz`, authority.cert);
  assert.equal(status, 200);
  assert.equal(hsts, 'max-age=31536000');
  await assert.rejects(get(`${hub.url}/healthz`, (await createCertificateAuthority()).cert));

  const socket = new WebSocket(`${hub.url.replace('https', 'wss')}/lo/hub`, { ca: authority.cert });
  await once(socket, 'open');
  socket.send('{"n":"authenticate","p":{"jwt":"none"}}');
  assert.match(String((await once(socket, 'message'))[0]), /authentication_failure/);
  socket.terminate();

  const port = Number(new URL(hub.url).port);
  const oldest = connectTls({ port, ca: authority.cert, minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' });
  await assert.rejects(new Promise((resolve, reject) => oldest.on('secureConnect', resolve).on('error', reject)));
  await assert.rejects(fetch(`http://127.0.0.1:${port}/healthz`));
  assert.equal((await get(`${hub.url}/healthz`, authority.cert)).status, 200);
});

test('uses a renewed certificate once both files match', async (t) => {
  const { authority, files, put } = await certificateFiles(t);
  const first = await issue(authority);
  put(first);
  const { log, lines } = logInMemory();
  const used: string[] = [];
  const watch = watchCertificate({ files, warningDays: 0, log, use: ({ cert }) => used.push(cert) });
  t.after(watch.stop);
  watch.check();
  assert.deepEqual(used, [first.cert]);

  const second = await issue(authority);
  // The two files are rarely replaced at the same moment.
  put({ cert: second.cert });
  watch.check();
  watch.check();
  assert.deepEqual(used, [first.cert]);
  const errors = lines.filter(({ level }) => level === 'error');
  assert.equal(errors.length, 1);
  assert.match(JSON.stringify(errors), /"code":"TLS_KEY_MISMATCH"/);
  put({ key: second.key });
  watch.check();
  assert.deepEqual(used, [first.cert, second.cert]);
  assert.equal(watch.current().cert, second.cert);
  rmSync(files.certFile);
  watch.check();
  assert.deepEqual(used, [first.cert, second.cert]);
});

test('a renewal keeps open sockets', async (t) => {
  const { authority, files, put } = await certificateFiles(t);
  put(await issue(authority));
  const { createHubServer } = await import('./server.ts');
  const { createMetrics } = await import('./metrics.ts');
  const { loadSettings } = await import('@landbridge/runtime');
  const { HUB_SETTINGS } = await import('../settings.ts');
  const environment = { PORT: '0', TLS_CERT_FILE: files.certFile, TLS_KEY_FILE: files.keyFile };
  const { values: settings } = loadSettings(HUB_SETTINGS, { file: {}, environment });
  const { log } = logInMemory();
  const server = createHubServer({ settings, log, metrics: createMetrics(), answer: (_, response) => response.end('here') });
  const port = await server.listen();
  t.after(async () => {
    await server.finishRequests();
    await server.end();
  });
  const open = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ca: authority.cert });
  const ask = () =>
    new Promise<string>((resolve, reject) => {
      open.once('data', (data) => resolve(String(data))).once('error', reject);
      open.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
    });
  assert.match(await ask(), /200 OK/);
  const before = open.getPeerCertificate().fingerprint256;
  put(await issue(authority));
  server.certificate?.check();
  const { certificate } = await get(`https://127.0.0.1:${port}/`, authority.cert);
  assert.notEqual(certificate.fingerprint256, before);
  assert.match(await ask(), /200 OK/);
  open.destroy();
});

test('unusable files fail with a code, and the message does not quote them', async (t) => {
  const { authority, files, put } = await certificateFiles(t);
  const good = await issue(authority);
  const encrypted = createPrivateKey(good.key).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' }).toString();
  const cases: [string, Partial<KeyPair>][] = [
    ['TLS_CERTIFICATE_INVALID', { cert: 'no certificate' }],
    ['TLS_CERTIFICATE_INVALID', { cert: `${good.cert}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n` }],
    ['TLS_KEY_INVALID', { key: 'no key' }],
    ['TLS_KEY_INVALID', { key: encrypted }],
    ['TLS_KEY_MISMATCH', { key: (await issue(authority)).key }],
    ['TLS_CERTIFICATE_EXPIRED', await issue(authority, new Date(Date.now() - DAY_MS / 2))],
  ];
  for (const [code, wrong] of cases) {
    put({ ...good, ...wrong });
    assert.throws(
      () => readCertificate(files),
      (error: unknown) => {
        assert.ok(error instanceof CodedError);
        assert.equal(error.code, code);
        assert.ok(error.action);
        assert.ok(!error.message.includes('BEGIN'));
        return true;
      },
    );
  }
  assert.throws(() => readCertificate({ ...files, keyFile: `${files.keyFile}.missing` }), { code: 'TLS_FILE_UNREADABLE' });
});

test('warns once a day before the certificate expires, and logs an error after that', async (t) => {
  const { authority, files, put } = await certificateFiles(t);
  const notAfter = new Date(Date.now() + 20 * DAY_MS);
  put(await issue(authority, notAfter));
  chmodSync(files.keyFile, 0o644);
  const { log, lines } = logInMemory();
  let now = new Date();
  const watch = watchCertificate({ files, warningDays: 14, log, use: () => {}, now: () => now });
  t.after(watch.stop);
  assert.match(String(lines[0]?.msg), /All users of this machine can read the key/);
  const said = () => lines.splice(0).map(({ level, msg }) => `${level} ${msg}`);
  said();
  now = new Date(notAfter.getTime() - 10.5 * DAY_MS);
  for (let n = 0; n < 3; n++) watch.check();
  assert.deepEqual(said(), ['warn The certificate expires in 10 days']);
  now = new Date(notAfter.getTime() - 9.5 * DAY_MS);
  watch.check();
  assert.deepEqual(said(), ['warn The certificate expires in 9 days']);
  now = new Date(notAfter.getTime() + DAY_MS);
  watch.check();
  assert.ok(said().some((line) => line.startsWith('error The certificate has expired')));
});
