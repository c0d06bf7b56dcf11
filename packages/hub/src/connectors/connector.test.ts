import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { answerSession, hubFingerprintOf, offerSession, rawIdentityKey, type SocketSession, signByIdentity } from '@landbridge/protocol';
import { createLog } from '@landbridge/runtime';
import { WebSocket, WebSocketServer } from 'ws';
import { exampleConnection } from '../../test/store-conformance/examples.ts';
import { createConnector } from './connector.ts';

/** A connector with both ends of its socket, and `frame`, which sends one and resolves when the hub has read it. */
async function connected(t: TestContext, { maxInFlight = 10, session }: { maxInFlight?: number; session?: SocketSession } = {}) {
  const { log } = createLog({ level: 'error', format: 'text', destination: { write: () => {} } });
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const client = new WebSocket(`ws://127.0.0.1:${port}`);
  const [socket]: WebSocket[] = await once(server, 'connection');
  assert.ok(socket);
  if (client.readyState !== WebSocket.OPEN) await once(client, 'open');
  t.after(() => {
    client.terminate();
    server.close();
  });
  const ended: (string | undefined)[] = [];
  const closed = once(client, 'close');
  const connector = createConnector(
    socket,
    {
      instance: 'one',
      connection: exampleConnection('corp'),
      remoteAddress: '192.0.2.1',
      agentVersion: undefined,
      signing: undefined,
      capabilities: ['drain', 'health'],
    },
    { log, maxInFlight, session, onAnswered: (failure) => ended.push(failure?.code) },
  );
  const frame = async (n: string, p?: unknown) => {
    client.send(JSON.stringify({ n, p }));
    client.ping();
    await once(client, 'pong');
  };
  return { connector, client, socket, frame, ended, closed };
}

function sessionEnds(): { hub: SocketSession; connector: SocketSession } {
  const { privateKey } = generateKeyPairSync('ed25519');
  const key = rawIdentityKey(privateKey);
  const terms = { authenticate: '', connection: 'corp', capabilities: [] };
  const offer = offerSession();
  const identity = { chain: [{ key }], sign: (purpose: 'session', bytes: Uint8Array) => signByIdentity(privateKey, purpose, bytes) };
  const answered = answerSession(offer.claim, terms, identity) ?? assert.fail();
  const accepted = offer.accept(answered.answer, terms, hubFingerprintOf(key));
  assert.ok('session' in accepted);
  return { hub: answered.session, connector: accepted.session };
}

test('an idle connector is eligible, unless it lacks what is needed', async (t) => {
  const { connector } = await connected(t);
  assert.equal(connector.eligibility(), 'eligible');
  assert.equal(connector.eligibility('drain'), 'eligible');
  assert.equal(connector.eligibility('changeOwnPassword'), 'connector_outdated');
});

test('a draining connector counts as offline, whether it or the hub says so', async (t) => {
  const { connector, frame } = await connected(t);
  connector.drain(true);
  assert.equal(connector.eligibility(), 'connector_offline');
  connector.drain(false);
  assert.equal(connector.eligibility(), 'eligible');
  await frame('draining');
  assert.equal(connector.eligibility(), 'connector_offline');
});

test('a connector that reports its directory as down is not eligible until it reports it as up', async (t) => {
  const { connector, frame } = await connected(t);
  await frame('health', { directory: 'down' });
  assert.equal(connector.eligibility(), 'directory_unavailable');
  await frame('health', { directory: 'sideways' });
  assert.equal(connector.eligibility(), 'directory_unavailable');
  await frame('health', { directory: 'up' });
  assert.equal(connector.eligibility(), 'eligible');
});

test('a connector with the most requests allowed in flight is busy', async (t) => {
  const { connector, frame } = await connected(t, { maxInFlight: 1 });
  const answer = connector.ask('authenticate_user', 'p1', { jwt: 'jwt' }, 60_000);
  assert.equal(connector.eligibility(), 'connector_busy');
  await frame('p1_result', { profile: { id: '1' } });
  assert.deepEqual((await answer).outcome, { profile: { id: '1' }, subject: '1' });
  assert.equal(connector.eligibility(), 'eligible');
});

test('a connector that does not read what it is sent is busy', async (t) => {
  const { connector, socket } = await connected(t);
  Object.defineProperty(socket, 'bufferedAmount', { value: 300 * 1024 });
  assert.equal(connector.eligibility(), 'connector_busy');
});

test('a connector that let a request time out is doubtful until it answers one', async (t) => {
  const { connector, frame, ended } = await connected(t);
  assert.deepEqual((await connector.ask('list_groups', 'p1', { jwt: 'jwt' }, 1)).outcome, { failure: { code: 'connector_timeout' } });
  assert.equal(connector.eligibility(), 'doubtful');
  const answer = connector.ask('list_groups', 'p2', { jwt: 'jwt' }, 60_000);
  await frame('p2_list_groups_result', { groups: ['a'] });
  assert.deepEqual((await answer).outcome, { groups: ['a'] });
  assert.equal(connector.eligibility(), 'eligible');
  assert.deepEqual(ended, ['connector_timeout', undefined]);
});

test('a socket that ends takes its requests with it, and the connector is offline', async (t) => {
  const { connector, client, socket } = await connected(t);
  const answer = connector.ask('authenticate_user', 'p1', { jwt: 'jwt' }, 60_000);
  client.terminate();
  assert.deepEqual((await answer).outcome, { failure: { code: 'connector_lost' } });
  if (socket.readyState !== WebSocket.CLOSED) await once(socket, 'close');
  assert.equal(connector.eligibility(), 'connector_offline');
});

test('a socket closes and its requests fail when the keys of its session are used up', async (t) => {
  const { connector, closed } = await connected(t, { session: { seal: () => undefined, open: () => undefined } });
  const answer = connector.ask('authenticate_user', 'p1', {}, 60_000);
  assert.deepEqual((await answer).outcome, { failure: { code: 'connector_lost' } });
  await closed;
});

test('too many unsolicited frames end the socket, and large ones are not parsed', async (t) => {
  const parse = t.mock.method(JSON, 'parse');
  const parsed = () => parse.mock.calls.filter(({ arguments: [text] }) => String(text).length > 100_000).length;
  const cases: [string, string[]][] = [
    ['a large frame', [`{"n":"x","p":[${'[],'.repeat(500_000)}[]]}`]],
    [
      'a large frame that names an awaited answer only inside',
      [`{"n":"x","p":["${' '.repeat(3000)}",{"n":"p1_result"},${'[],'.repeat(500_000)}[]]}`],
    ],
    ['many small frames', new Array(10_000).fill('{"n":"x"}')],
    ['many frames that are malformed', new Array(19).fill('x'.repeat(60_000))],
  ];
  for (const [what, frames] of cases) {
    for (const isSealed of [false, true]) {
      // Without the defence the socket stays open.
      await t.test(`${what}${isSealed ? ', in a session' : ''}`, { timeout: 30_000 }, async (t) => {
        const { hub, connector: peer } = sessionEnds();
        const { connector, client, closed } = await connected(t, isSealed ? { session: hub } : {});
        const answer = connector.ask('authenticate_user', 'p1', { jwt: 'jwt' }, 60_000);
        for (const frame of frames) client.send(isSealed ? (peer.seal(frame) ?? '') : frame);
        assert.equal((await closed)[0], 1006);
        assert.deepEqual((await answer).outcome, { failure: { code: 'connector_lost' } });
        assert.equal(parsed(), 0);
      });
    }
  }
});

test('data without a request in flight ends the socket before a frame is complete', async (t) => {
  const { connector, closed } = await connected(t);
  for (let n = 0; n < 20; n++) connector.received(64 * 1024);
  assert.equal((await closed)[0], 1006);
});

test('a profile that is too large fails its request only, and a list may be large', async (t) => {
  const { connector, client, frame } = await connected(t);
  const users = Array.from({ length: 20_000 }, (_, n) => ({ id: `${n}`.padEnd(100, 'x') }));
  const signIn = connector.ask('authenticate_user', 'p1', { jwt: 'jwt' }, 60_000);
  const search = connector.ask('search_users', 'p2', { jwt: 'jwt' }, 60_000);
  await frame('p1_result', { profile: { id: 'a', groups: 'g'.repeat(1_100_000) } });
  assert.deepEqual((await signIn).outcome, { failure: { code: 'connector_error' } });
  client.send(JSON.stringify({ p: { users }, n: 'p2_search_users_result' }));
  assert.deepEqual((await search).outcome, { users });
  assert.equal(connector.open, true);
});

test('an answer that comes after its request timed out costs nothing', async (t) => {
  const { connector, frame } = await connected(t);
  await connector.ask('search_users', 'p1', { jwt: 'jwt' }, 1);
  await frame('p1_search_users_result', { users: ['x'.repeat(3_000_000)] });
  assert.equal(connector.open, true);
  assert.equal(connector.eligibility(), 'doubtful');
});
