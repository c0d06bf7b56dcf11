import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { WebSocket } from 'ws';
import { agentToken } from '../../test/foreign-connector.ts';
import { startHubForTest } from '../../test/hub-under-test.ts';
import { type Arrival, noteArrival } from './arrival.ts';

/** Asks a server that notes arrivals. @returns what it noted, and the headers that are left */
async function arrive(t: TestContext, headers: Record<string, string | string[]>, trustedProxies: string[]) {
  let noted: { arrival: Arrival; left: string[] } | undefined;
  const server = createServer((request, response) => {
    const arrival = noteArrival(request, trustedProxies);
    const raw = request.rawHeaders.filter((_, index) => index % 2 === 0).map((name) => name.toLowerCase());
    assert.deepEqual([...new Set(raw)].sort(), Object.keys(request.headers).sort());
    noted = { arrival, left: raw };
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

const HERE = ['127.0.0.0/8'];

test('from strangers nothing that proxies say is believed, or left for anybody to believe', async (t) => {
  const headers = {
    'X-Forwarded-For': '203.0.113.7',
    'x-forwarded-proto': 'https',
    'X-Forwarded-Host': 'evil.example',
    Forwarded: 'for=203.0.113.7',
    'X-Real-IP': '203.0.113.7',
    'X-Request-Id': 'chosen-by-stranger',
  };
  for (const trusted of [[], ['10.0.0.0/8', '2001:db8::/32']]) {
    const { arrival, left } = await arrive(t, headers, trusted);
    assert.equal(arrival.remoteAddress, '127.0.0.1');
    assert.equal(arrival.secure, false);
    assert.equal(arrival.throughStranger, true);
    assert.match(arrival.id, /^[0-9a-f-]{36}$/);
    assert.deepEqual(left, ['host', 'connection', 'accept']);
  }
  assert.equal((await arrive(t, {}, [])).arrival.throughStranger, false);
});

test('through trusted proxies it is the right-most address that is none of theirs', async (t) => {
  const cases: [string | string[], string][] = [
    ['203.0.113.7', '203.0.113.7'],
    // What a client sends itself stands left of what the proxy appends.
    ['1.2.3.4, 203.0.113.7', '203.0.113.7'],
    ['1.2.3.4, 203.0.113.7, 127.0.0.9', '203.0.113.7'],
    [['1.2.3.4', '203.0.113.7'], '203.0.113.7'],
    ['203.0.113.7:4711', '203.0.113.7'],
    ['[2001:db8::7]:4711', '2001:db8::7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    // All of them trusted: the first.
    ['127.0.0.5, 127.0.0.6', '127.0.0.5'],
    // Behind what says nothing stands nothing that a trusted proxy has said.
    ['203.0.113.7, unknown', '127.0.0.1'],
    ['203.0.113.7, ', '127.0.0.1'],
    ['<script>', '127.0.0.1'],
    [Array.from({ length: 400 }, () => '127.0.0.1').join(','), '127.0.0.1'],
  ];
  for (const [forwarded, expected] of cases) {
    const { arrival, left } = await arrive(t, { 'X-Forwarded-For': forwarded }, HERE);
    assert.equal(arrival.remoteAddress, expected, String(forwarded));
    assert.equal(arrival.throughStranger, false);
    assert.ok(!left.includes('x-forwarded-for'));
  }
});

test('a trusted proxy says whether the way to it was encrypted, and names the request', async (t) => {
  const named = await arrive(t, { 'X-Forwarded-Proto': 'https', 'X-Request-Id': 'proxy:0123.abc' }, HERE);
  assert.equal(named.arrival.secure, true);
  assert.equal(named.arrival.id, 'proxy:0123.abc');
  assert.equal((await arrive(t, { 'X-Forwarded-Proto': 'https, http' }, HERE)).arrival.secure, false);
  for (const id of ['short', 'with space and more', `${'x'.repeat(129)}`, 'forged" level="error']) {
    assert.match((await arrive(t, { 'X-Request-Id': id }, HERE)).arrival.id, /^[0-9a-f-]{36}$/, id);
  }
});

test('the address that a trusted proxy names is the one that counts: for limits, for the audit log, for connectors', async (t) => {
  const { hub, api, provisioned, apiKey, store } = await startHubForTest(t, { TRUSTED_PROXIES: '127.0.0.1' });
  const headers = { Authorization: `Bearer ${apiKey}`, 'X-Forwarded-For': '6.6.6.6, 203.0.113.7' };
  assert.equal((await fetch(`${hub.url}/api/connections`, { method: 'POST', headers, body: '{"name":"proxied"}' })).status, 201);
  const [record] = await store.auditRecords({ action: 'connection.create' }, 1);
  assert.equal(record?.remoteAddress, '203.0.113.7');

  const corp = await provisioned();
  const socket = new WebSocket(corp.socketUrl, { headers: { 'X-Forwarded-For': '6.6.6.6, 203.0.113.9' } });
  await once(socket, 'open');
  socket.send(JSON.stringify({ n: 'authenticate', p: { jwt: await agentToken(corp) } }));
  await once(socket, 'message');
  assert.equal((await api('/connections/corp/connectors')).body.connectors[0]?.remoteAddress, '203.0.113.9');
  socket.terminate();
});

test('a hub behind a proxy that nobody has listed says so once', async (t) => {
  const { hub, logLines } = await startHubForTest(t);
  for (let n = 0; n < 3; n++) await fetch(`${hub.url}/healthz`, { headers: { 'X-Forwarded-For': '203.0.113.7' } });
  const warnings = logLines.filter(({ level, msg }) => level === 'warn' && String(msg).includes('TRUSTED_PROXIES'));
  assert.deepEqual(
    warnings.map(({ proxy }) => proxy),
    ['127.0.0.1'],
  );
});
