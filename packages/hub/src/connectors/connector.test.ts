import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createLog } from '@landbridge/runtime';
import { WebSocket, WebSocketServer } from 'ws';
import { exampleConnection } from '../../test/store-conformance/examples.ts';
import { createConnector } from './connector.ts';

/** A connector with both ends of its socket, and `frame`, which sends one and resolves when the hub has read it. */
async function connected(t: TestContext, { maxInFlight = 10 } = {}) {
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
  const connector = createConnector(
    socket,
    {
      instance: 'one',
      connection: exampleConnection('corp'),
      remoteAddress: '192.0.2.1',
      agentVersion: undefined,
      algorithm: 'ES256',
      signingKid: undefined,
      capabilities: ['drain', 'health'],
      sealing: undefined,
    },
    { log, maxInFlight, onAnswered: (failure) => ended.push(failure?.code) },
  );
  const frame = async (n: string, p?: unknown) => {
    client.send(JSON.stringify({ n, p }));
    client.ping();
    await once(client, 'pong');
  };
  return { connector, client, socket, frame, ended };
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
  const answer = connector.ask('authenticate_user', 'p1', 'jwt', 60_000);
  assert.equal(connector.eligibility(), 'connector_busy');
  await frame('p1_result', { profile: { id: '1' } });
  assert.deepEqual((await answer).outcome, { profile: { id: '1' } });
  assert.equal(connector.eligibility(), 'eligible');
});

test('a connector that does not read what it is sent is busy', async (t) => {
  const { connector, socket } = await connected(t);
  Object.defineProperty(socket, 'bufferedAmount', { value: 300 * 1024 });
  assert.equal(connector.eligibility(), 'connector_busy');
});

test('a connector that let a request time out is doubtful until it answers one', async (t) => {
  const { connector, frame, ended } = await connected(t);
  assert.deepEqual((await connector.ask('list_groups', 'p1', 'jwt', 1)).outcome, { failure: { code: 'connector_timeout' } });
  assert.equal(connector.eligibility(), 'doubtful');
  const answer = connector.ask('list_groups', 'p2', 'jwt', 60_000);
  await frame('p2_list_groups_result', { groups: ['a'] });
  assert.deepEqual((await answer).outcome, { groups: ['a'] });
  assert.equal(connector.eligibility(), 'eligible');
  assert.deepEqual(ended, ['connector_timeout', undefined]);
});

test('a socket that ends takes its requests with it, and the connector is offline', async (t) => {
  const { connector, client, socket } = await connected(t);
  const answer = connector.ask('authenticate_user', 'p1', 'jwt', 60_000);
  client.terminate();
  assert.deepEqual((await answer).outcome, { failure: { code: 'connector_lost' } });
  if (socket.readyState !== WebSocket.CLOSED) await once(socket, 'close');
  assert.equal(connector.eligibility(), 'connector_offline');
});
