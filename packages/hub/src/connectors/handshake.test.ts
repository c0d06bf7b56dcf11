import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect as connectTcp } from 'node:net';
import { test } from 'node:test';
import { sleep } from '@landbridge/runtime';
import { SignJWT, UnsecuredJWT } from 'jose';
import { WebSocket } from 'ws';
import { agentToken, connect, makeIdentity, openSocket, type Provisioned, provision } from '../../test/foreign-connector.ts';
import { type HubUnderTest, startHubForTest } from '../../test/hub-under-test.ts';

/** Sends a token and expects a rejection. @returns the reason in the hub's log */
async function refusedFor(under: HubUnderTest, provisioned: Provisioned, jwt: string): Promise<string> {
  const { socket, reply } = await openSocket(provisioned.socketUrl, JSON.stringify({ n: 'authenticate', p: { jwt } }));
  assert.deepEqual(reply, { n: 'authentication_failure', p: {} });
  const [code] = await once(socket, 'close');
  assert.equal(code, 1008);
  return String(under.logLines.findLast(({ msg }) => msg === 'Connector refused')?.reason);
}

async function onlineCount({ api }: HubUnderTest, name = 'corp'): Promise<number> {
  return (await api(`/connections/${name}`)).body.connection.connectors.length;
}

test('an Auth0 connector gets the plain answer, and one that offers capabilities gets the ones that both sides know', async (t) => {
  const under = await startHubForTest(t);
  const provisioned = await under.provisioned();
  assert.deepEqual((await connect(provisioned)).authenticated, {});
  const capable = await connect(provisioned, { capabilities: ['drain', 'telepathy'] });
  assert.deepEqual(capable.authenticated, { capabilities: ['drain'] });
  assert.deepEqual((await connect(provisioned, { capabilities: [] })).authenticated, { capabilities: [] });
  assert.equal(await onlineCount(under), 3);
});

test('an invalid token is rejected', async (t) => {
  const under = await startHubForTest(t);
  const provisioned = await under.provisioned();
  const stranger = makeIdentity();
  const other = await provision(await under.createConnection('other'), stranger);
  const claims = { iss: 'corp', aud: provisioned.realm, exp: Math.floor(Date.now() / 1000) + 60 };
  const publicKeyAsSecret = new TextEncoder().encode(provisioned.identity.certificate);
  const good = await agentToken(provisioned);
  const cases: [string, string, RegExp][] = [
    ['another key', await agentToken(provisioned, { key: stranger.key }), /not signed with a certificate/],
    [
      'the certificate of another connection',
      await agentToken(other, { iss: 'corp', aud: provisioned.realm }),
      /not signed with a certificate/,
    ],
    [
      'its own certificate in the name of another connection',
      await agentToken(provisioned, { iss: 'other', aud: other.realm }),
      /not signed with a certificate/,
    ],
    ['alg none', new UnsecuredJWT(claims).encode(), /alg/i],
    ['HS256', await new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(publicKeyAsSecret), /alg/i],
    ['RS512', await new SignJWT(claims).setProtectedHeader({ alg: 'RS512' }).sign(provisioned.identity.key), /alg/i],
    ['expired', await agentToken(provisioned, { issuedAt: Math.floor(Date.now() / 1000) - 70 }), /exp/],
    ['no expiry', await agentToken(provisioned, { noExpiry: true }), /exp/],
    ['a lifetime of a day', await agentToken(provisioned, { lifetimeSeconds: 86_400 }), /too long/],
    ['another audience', await agentToken(provisioned, { aud: other.realm }), /aud/],
    ['a connection that does not exist', await agentToken(provisioned, { iss: 'nobody' }), /not a connection/],
    [
      'changed claims',
      good.replace(/\.[^.]+\./, `.${Buffer.from(JSON.stringify({ ...claims, x: 1 })).toString('base64url')}.`),
      /not signed with a certificate/,
    ],
    ['not a token', 'a.b.c', /not a JWT/],
  ];
  for (const [what, jwt, reason] of cases) {
    await t.test(what, async () => assert.match(await refusedFor(under, provisioned, jwt), reason));
  }
  assert.equal(await onlineCount(under), 0);
  assert.equal(await onlineCount(under, 'other'), 0);
});

test('a token is accepted once, even with its signature spelled differently', async (t) => {
  const under = await startHubForTest(t);
  const provisioned = await under.provisioned();
  const jwt = await agentToken(provisioned, { unique: true });
  await connect(provisioned, { token: jwt });
  assert.match(await refusedFor(under, provisioned, jwt), /used before/);
  assert.match(await refusedFor(under, provisioned, `${jwt}=`), /used before|Invalid/);
  await connect(provisioned);
  assert.equal(await onlineCount(under), 2);
});

test('Auth0 connectors that share a key and connect in the same second are all accepted', async (t) => {
  const under = await startHubForTest(t);
  const provisioned = await under.provisioned();
  const jwt = await agentToken(provisioned);
  await connect(provisioned, { token: jwt });
  await connect(provisioned, { token: jwt });
  assert.equal(await onlineCount(under), 2);
});

test('a connector of a deleted connection is dropped, and does not belong to a new connection of the same name', async (t) => {
  const under = await startHubForTest(t, { HEARTBEAT_INTERVAL_MS: '50' });
  const provisioned = await under.provisioned();
  const connector = await connect(provisioned);
  // As a command in another process does it: only in the store.
  await under.store.removeConnection('corp');
  await under.createConnection('corp');
  assert.equal(await onlineCount(under), 0);
  assert.equal(await connector.closed, 1008);
  assert.match(await refusedFor(under, provisioned, await agentToken(provisioned)), /not signed with a certificate/);
});

test('a first frame other than authenticate is rejected', async (t) => {
  const { provisioned } = await startHubForTest(t);
  const { socketUrl } = await provisioned();
  const firsts = [
    'garbage',
    '{}',
    '[]',
    'null',
    '"authenticate"',
    '{"n":"authenticate"}',
    '{"n":"authenticate","p":{}}',
    '{"n":"authenticate","p":{"jwt":1}}',
    '{"n":"close","p":{"jwt":"x"}}',
    '{"n":"__proto__","p":{"jwt":"x"}}',
    Buffer.from('{"n":"authenticate","p":{"jwt":"x"}}'),
    '['.repeat(30_000),
  ];
  for (const first of firsts) {
    await t.test(String(first).slice(0, 50), async () => {
      const { reply } = await openSocket(socketUrl, first);
      assert.deepEqual(reply, { n: 'authentication_failure', p: {} }, String(first).slice(0, 50));
    });
  }
});

test('a socket that sends too much before authentication is dropped', async (t) => {
  const { provisioned, logLines } = await startHubForTest(t);
  const { socketUrl } = await provisioned();
  assert.equal((await openSocket(socketUrl, 'x'.repeat(10_000_000))).code, 1006);
  assert.ok(logLines.some(({ msg }) => msg === 'Socket dropped: too much data before authentication'));
});

test('a socket that does not authenticate in time is rejected', async (t) => {
  const { provisioned } = await startHubForTest(t, {}, { authenticateTimeoutMs: 200 });
  const { socketUrl } = await provisioned();
  assert.deepEqual((await openSocket(socketUrl, undefined)).reply, { n: 'authentication_failure', p: {} });
});

test('a connector finds a place while strangers fill all of them with silent sockets', async (t) => {
  const { provisioned, logLines } = await startHubForTest(t, {}, { unauthenticatedSockets: { total: 8, reserved: 2, perAddress: 4 } });
  const it = await provisioned();
  const silent: WebSocket[] = [];
  t.after(() => silent.map((socket) => socket.terminate()));
  let closed = 0;
  for (let n = 0; n < 12; n++) {
    const socket = new WebSocket(it.socketUrl);
    silent.push(socket);
    socket.on('close', () => closed++);
    await once(socket, 'open');
  }
  await connect(it);
  while (closed < 9) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.deepEqual(
    silent.map(({ readyState }) => readyState === WebSocket.OPEN),
    [...Array(9).fill(false), ...Array(3).fill(true)],
  );
  assert.ok(logLines.some(({ msg }) => String(msg).startsWith('Too many unauthenticated sockets')));
});

test('a request with an Origin, or to another path, gets no socket', async (t) => {
  const { hub } = await startHubForTest(t);
  const refusal = async (path: string, headers: Record<string, string>) => {
    const socket = new WebSocket(hub.url.replace('http', 'ws') + path, { headers });
    const [, response] = await once(socket, 'unexpected-response');
    return response.statusCode;
  };
  assert.equal(await refusal('/lo/hub', { Origin: 'https://evil.example' }), 403);
  assert.equal(await refusal('/lo/hub', { Origin: hub.url }), 403);
  assert.equal(await refusal('/lo/hub/x', {}), 404);
  assert.equal(await refusal('//', {}), 404);
  const upgrade = request(`${hub.url}/lo/hub`, { headers: { Connection: 'Upgrade', Upgrade: 'nonsense' } }).end();
  const [response] = await once(upgrade, 'response');
  assert.equal(response.statusCode, 400);
});

test('the hub survives invalid HTTP and sockets that end during the handshake', async (t) => {
  const under = await startHubForTest(t);
  const provisioned = await under.provisioned();
  const { port } = new URL(under.hub.url);
  for (const text of [
    '\0\x01\x02\xff',
    'GET /lo/hub HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n',
    'GET // HTTP/1.1\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
  ]) {
    const socket = connectTcp(Number(port), '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    socket.end(text);
    socket.resume();
    await once(socket, 'close');
  }
  for (let n = 0; n < 5; n++) {
    const socket = new WebSocket(provisioned.socketUrl);
    await once(socket, 'open');
    socket.send(JSON.stringify({ n: 'authenticate', p: { jwt: await agentToken(provisioned) } }), () => socket.terminate());
    await once(socket, 'close');
  }
  const connector = await connect(provisioned);
  connector.answerAll(() => ({ profile: { id: '1' } }));
  assert.equal((await under.api('/connections/corp/login', { username: 'a', password: 'b' })).status, 200);
});

test('a connector that sends but no longer reads is dropped', async (t) => {
  const under = await startHubForTest(t, { HEARTBEAT_INTERVAL_MS: '100' });
  const { socket } = await connect(await under.provisioned());
  socket.pause();
  const sending = setInterval(() => socket.send(JSON.stringify({ n: 'health', p: { directory: 'up' } })), 20);
  t.after(() => {
    clearInterval(sending);
    socket.terminate();
  });
  while ((await onlineCount(under)) > 0) await sleep(20);
});

test('a connector that answers no ping is dropped, and one that does is not', async (t) => {
  const under = await startHubForTest(t, { HEARTBEAT_INTERVAL_MS: '100' });
  const provisioned = await under.provisioned();
  const alive = await connect(provisioned);
  const dead = await connect(provisioned);
  // Reads nothing more, like a machine that lost its network.
  dead.socket.pause();
  let pings = 0;
  alive.socket.on('ping', () => pings++);
  while ((await onlineCount(under)) > 1) await once(alive.socket, 'ping');
  assert.ok(pings >= 3, String(pings));
  assert.equal(alive.socket.readyState, WebSocket.OPEN);
  dead.socket.terminate();
});
