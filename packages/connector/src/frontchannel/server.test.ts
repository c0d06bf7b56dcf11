/** The front channel's server: slow senders, renewed certificates, trusted and other proxies. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { createCertificateAuthority, parseWithXmldom } from '@landbridge/lab';
import { namedFailure } from '@landbridge/protocol';
import { CodedError, createIpRanges, createLog } from '@landbridge/runtime';
import { actionOf, type FrontChannelOn, fieldsOf, frontChannelOn, REPLY_TO } from '../../test/front-channel-on.ts';
import type { FrontUsers } from './routes.ts';
import { startFrontServer } from './server.ts';

const users: FrontUsers = {
  authenticate: async ({ username }) => ({ profile: { id: username }, subject: `${username}-uuid` }),
  signInVerified: async ({ name }) => ({ profile: { id: name } }),
  searchUsers: async () => ({ users: [] }),
};

async function opened(
  t: TestContext,
  ...options: [Record<string, unknown>, Parameters<typeof frontChannelOn>[2]]
): Promise<FrontChannelOn> {
  const front = await frontChannelOn(users, ...options);
  t.after(() => front.close());
  return front;
}

test('uses a renewed certificate without a restart, and ignores a damaged one', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'landbridge-server-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const authority = await createCertificateAuthority();
  const issue = async (commonName: string) => {
    const { cert, key } = await authority.issue({ commonName, ips: ['127.0.0.1'] });
    writeFileSync(join(folder, 'cert.pem'), cert);
    writeFileSync(join(folder, 'key.pem'), key);
  };
  await issue('first');
  const front = await opened(t, { SSL_CERT: 'cert.pem', SSL_KEY: 'key.pem' }, { folder });
  const served = async () => {
    const socket = connectTls({ port: front.front.port, host: '127.0.0.1', ca: authority.cert });
    await once(socket, 'secureConnect');
    const { subject } = socket.getPeerCertificate();
    const protocol = socket.getProtocol();
    socket.destroy();
    return [subject.CN, protocol];
  };
  assert.deepEqual(await served(), ['first', 'TLSv1.3']);
  await issue('second');
  front.front.renew();
  assert.deepEqual(await served(), ['second', 'TLSv1.3']);
  writeFileSync(join(folder, 'key.pem'), 'no key');
  front.front.renew();
  assert.deepEqual(await served(), ['second', 'TLSv1.3']);
  assert.match(front.lines.join(''), /SERVER_CERTIFICATE_UNUSABLE/);
  const old = connectTls({ port: front.front.port, host: '127.0.0.1', ca: authority.cert, maxVersion: 'TLSv1.1', minVersion: 'TLSv1' });
  const [error] = await once(old, 'error').catch((reason: unknown) => [reason]);
  assert.ok(error instanceof Error);
});

test('names the setting of an unusable certificate, without quoting it', async () => {
  const { cert, key } = await (await createCertificateAuthority()).issue({ commonName: 'a' });
  const other = await (await createCertificateAuthority()).issue({ commonName: 'b' });
  for (const [settings, said] of [
    [{ SSL_CERT: cert, SSL_KEY: other.key }, /SSL_CERT|SSL_KEY/],
    [{ SSL_CERT: cert, SSL_KEY: '' }, /together/],
    [{ SSL_CERT: 'there-is-none.pem', SSL_KEY: key }, /SSL_CERT/],
    [{ SSL_CERT: '', SSL_KEY: '', SSL_PFX: 'no base 64!' }, /SSL_PFX is not base64/],
    [{ SSL_CERT: '', SSL_KEY: '', SSL_PFX: 'AAAA' }, /SSL_PFX/],
  ] as const) {
    await assert.rejects(frontChannelOn(users, settings), (error: unknown) => {
      assert.ok(error instanceof CodedError && error.code === 'SERVER_CERTIFICATE_UNUSABLE');
      assert.match(error.message, said);
      assert.doesNotMatch(error.message, /BEGIN|there-is-none/);
      return true;
    });
  }
});

test('closes the sockets of slow senders', async (t) => {
  const { log } = createLog({ level: 'error', format: 'json', destination: { write: () => {} } });
  const server = await startFrontServer({
    port: 0,
    address: '127.0.0.1',
    maxHeaderBytes: 16_384,
    proxies: createIpRanges([]),
    hasProxies: false,
    material: undefined,
    answer: (request, response) => {
      request.resume().on('end', () => response.end());
    },
    log,
    limits: { requestTimeout: 300, headersTimeout: 200, connectionsCheckingInterval: 50 },
  });
  t.after(() => server.close(0));
  for (const start of ['POST /wsfed HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nuser', 'GET /wsfed HTTP/1.1\r\nHo']) {
    const socket = connect(server.port, '127.0.0.1');
    socket.write(start);
    assert.match(await text(socket), /^HTTP\/1\.1 408 /);
  }
});

test('only a trusted proxy may name the user and the scheme, and not two users', async (t) => {
  const settings = { WITH_KERBEROS_PROXY_FRONTEND: true, TRUSTED_PROXIES: '127.0.0.1', KERBEROS_REALMS: 'FABRIKAM.LOCAL' };
  const named = await opened(t, settings, { tls: false });
  const nameIdentifier = (page: { text: string }) =>
    parseWithXmldom(fieldsOf(page.text).wresult ?? '').getElementsByTagName('saml:NameIdentifier')[0]?.textContent;
  for (const header of ['anna@FABRIKAM.LOCAL', 'FABRIKAM.LOCAL\\anna', 'anna']) {
    const page = await named.begin({}, { headers: { 'X-Forwarded-User': header } });
    assert.equal(actionOf(page.text), REPLY_TO, header);
    assert.equal(nameIdentifier(page), 'anna');
  }
  for (const header of ['anna@ELSEWHERE', '(null)', 'anna@FABRIKAM.LOCAL, admin@FABRIKAM.LOCAL']) {
    assert.match((await named.begin({}, { headers: { 'X-Forwarded-User': header } })).text, /name="password"/, header);
  }
  // The first may be the client's own and the second the proxy's.
  const twice = connect(named.front.port, '127.0.0.1');
  twice.end(
    'GET /wsfed?wa=wsignin1.0 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Forwarded-User: admin\r\nX-Forwarded-User: anna\r\n\r\n',
  );
  assert.match(await text(twice), /name="password"/);

  const cookieOf = async (headers: Record<string, string>) =>
    String((await named.fillIn(await named.begin(), { username: 'a', password: 'b' }, { headers })).headers['set-cookie']);
  assert.match(await cookieOf({ 'X-Forwarded-Proto': 'https' }), /^__Host-landbridge=.*; Secure; SameSite=Lax$/);
  assert.doesNotMatch(await cookieOf({}), /Secure|__Host-/);

  const stranger = await opened(t, { ...settings, TRUSTED_PROXIES: '10.0.0.0/8' }, { tls: false });
  const forged = await stranger.begin({}, { headers: { 'X-Forwarded-User': 'anna', 'X-Forwarded-For': '10.0.0.1' } });
  assert.match(forged.text, /name="password"/);
  assert.ok(stranger.lines.every((line) => !line.includes('10.0.0.1')));
});

test('counts attempts for the client address from a trusted proxy', async (t) => {
  const refusing: FrontUsers = { ...users, authenticate: async () => ({ failure: namedFailure('WrongPassword', {}) }) };
  const front = await frontChannelOn(refusing, { WITH_KERBEROS_PROXY_FRONTEND: true, TRUSTED_PROXIES: '127.0.0.0/8' }, { tls: false });
  t.after(() => front.close());
  await front.fillIn(
    await front.begin(),
    { username: 'a', password: 'b' },
    { headers: { 'X-Forwarded-For': '6.6.6.6, 203.0.113.9, 127.0.0.8' } },
  );
  // The client may have written everything before the last address that is not a proxy.
  assert.ok(front.lines.some((line) => line.includes('"address":"203.0.113.9"')));
  assert.ok(!front.lines.some((line) => line.includes('6.6.6.6')));
});
