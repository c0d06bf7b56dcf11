import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, Socket } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { createIpRanges } from '@landbridge/runtime';
import { type ClientContext, noteClientContext, type ProxyPolicy } from './client-context.ts';

const LOOPBACK = createIpRanges(['127.0.0.0/8']);
const UUID = /^[0-9a-f-]{36}$/;

/** @returns the context of one request with these headers, and the names of the headers that are left */
async function send(t: TestContext, headers: Record<string, string | string[]>, policy: ProxyPolicy) {
  let noted: { client: ClientContext; left: string[] } | undefined;
  const server = createServer((request, response) => {
    const client = noteClientContext(request, policy);
    const raw = request.rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
    assert.deepEqual([...new Set(raw)].sort(), Object.keys(request.headers).sort());
    noted = { client, left: raw };
    response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const lines = Object.entries(headers).flatMap(([name, values]) => [values].flat().map((value) => `${name}: ${value}\r\n`));
  const socket = new Socket().connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(`GET / HTTP/1.1\r\nHost: hub\r\nConnection: close\r\nAccept: */*\r\n${lines.join('')}\r\n`);
  await once(socket.resume(), 'close');
  assert.ok(noted !== undefined);
  return noted;
}

describe('headers of an untrusted client are ignored and removed', () => {
  const headers = {
    'X-Forwarded-For': '203.0.113.7',
    'x-forwarded-proto': 'https',
    'X-Forwarded-Host': 'evil.example',
    'X-Forwarded-User': 'admin',
    'X-IISNode-Logon_User': 'admin',
    Forwarded: 'for=203.0.113.7',
    'X-Real-IP': '203.0.113.7',
    'X-Request-Id': 'chosen-by-client',
  };
  for (const [name, ranges] of [
    ['without trusted proxies', []],
    ['with trusted proxies elsewhere', ['10.0.0.0/8', '2001:db8::/32']],
  ] as const) {
    it(name, async (t) => {
      const policy = { trusted: createIpRanges(ranges), acceptsRequestId: true, acceptsUser: true };
      const { client, left } = await send(t, headers, policy);
      const { id, ...others } = client;
      assert.match(id, UUID);
      assert.deepEqual(others, { address: '127.0.0.1', secure: false, throughUntrustedProxy: true, forwardedUser: undefined });
      assert.deepEqual(left, ['host', 'connection', 'accept']);
    });
  }
  it('a request without them passed no proxy', async (t) => {
    assert.equal((await send(t, {}, { trusted: LOOPBACK })).client.throughUntrustedProxy, false);
  });
});

describe('the client address is the rightmost one that is not a trusted proxy', () => {
  const rows: [string, string | string[], string][] = [
    ['one entry', '203.0.113.7', '203.0.113.7'],
    ['behind an entry that the client wrote', '1.2.3.4, 203.0.113.7', '203.0.113.7'],
    ['before another trusted proxy', '1.2.3.4, 203.0.113.7, 127.0.0.9', '203.0.113.7'],
    ['in a repeated header', ['1.2.3.4', '203.0.113.7'], '203.0.113.7'],
    ['IPv4 with a port', '203.0.113.7:4711', '203.0.113.7'],
    ['IPv6 with a port', '[2001:db8::7]:4711', '2001:db8::7'],
    ['IPv4-mapped IPv6', '::ffff:203.0.113.7', '203.0.113.7'],
    ['only trusted proxies', '127.0.0.5, 127.0.0.6', '127.0.0.5'],
    ['an entry that is unknown', '203.0.113.7, unknown', '127.0.0.1'],
    ['an empty entry', '203.0.113.7, ', '127.0.0.1'],
    ['markup', '<script>', '127.0.0.1'],
    ['400 trusted proxies', Array.from({ length: 400 }, () => '127.0.0.1').join(','), '127.0.0.1'],
  ];
  for (const [name, forwarded, expected] of rows) {
    it(name, async (t) => {
      const { client, left } = await send(t, { 'X-Forwarded-For': forwarded }, { trusted: LOOPBACK });
      assert.equal(client.address, expected);
      assert.equal(client.throughUntrustedProxy, false);
      assert.ok(!left.includes('x-forwarded-for'));
    });
  }
});

describe('a trusted proxy', () => {
  const policy = { trusted: LOOPBACK, acceptsRequestId: true, acceptsUser: true };
  it('reports whether the client used HTTPS', async (t) => {
    assert.equal((await send(t, { 'X-Forwarded-Proto': 'https' }, policy)).client.secure, true);
    assert.equal((await send(t, { 'X-Forwarded-Proto': 'https, http' }, policy)).client.secure, false);
  });
  it('sets the request id if it is well-formed', async (t) => {
    assert.equal((await send(t, { 'X-Request-Id': 'proxy:0123.abc' }, policy)).client.id, 'proxy:0123.abc');
    for (const id of ['short', 'with space and more', 'x'.repeat(129), 'forged" level="error']) {
      assert.match((await send(t, { 'X-Request-Id': id }, policy)).client.id, UUID, id);
    }
  });
  it('names the user, but not two of them', async (t) => {
    const userOf = async (user: string | string[]) => (await send(t, { 'X-Forwarded-User': user }, policy)).client.forwardedUser;
    assert.equal(await userOf('anna@FABRIKAM.LOCAL'), 'anna@FABRIKAM.LOCAL');
    assert.equal(await userOf(['admin', 'anna']), undefined);
    assert.equal(await userOf('admin, anna'), undefined);
  });
  it('sets neither id nor user unless the policy accepts them', async (t) => {
    const { client } = await send(t, { 'X-Request-Id': 'proxy:0123.abc', 'X-Forwarded-User': 'anna' }, { trusted: LOOPBACK });
    assert.match(client.id, UUID);
    assert.equal(client.forwardedUser, undefined);
  });
});
