import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createLog, loadSettings } from '@landbridge/runtime';
import { HUB_SETTINGS } from '../settings.ts';
import { createMetrics } from './metrics.ts';
import { createHubServer } from './server.ts';

const { log } = createLog({ level: 'error', format: 'json', destination: { write: () => {} } });
const { values: settings } = loadSettings(HUB_SETTINGS, { file: {}, environment: { PORT: '0', STOP_GRACE_MS: '20000' } });

/** So that the tests need not wait for the limits of production. */
const SHORT = { headersTimeout: 300, requestTimeout: 600, connectionsCheckingInterval: 50 };

async function startServer(t: TestContext, answer: Parameters<typeof createHubServer>[0]['answer']) {
  const server = createHubServer({ settings, log, metrics: createMetrics(), answer, limits: SHORT });
  const port = await server.listen();
  t.after(async () => {
    await server.finishRequests();
    await server.end();
  });
  return { server, port };
}

/** @returns everything that came back until the server closed the socket */
async function sendSlowly(t: TestContext, socket: Socket, first: string, piece: string): Promise<string> {
  let received = '';
  socket.on('data', (data) => {
    received += data;
  });
  socket.on('error', () => {});
  socket.write(first);
  const drip = setInterval(() => socket.write(piece), 40);
  t.after(() => clearInterval(drip));
  await closeOf(socket);
  clearInterval(drip);
  return received;
}

/** Not `once`, which rejects if the socket reports a reset before it closes. */
function closeOf(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

test('closes the sockets of clients that send headers or a body slowly', async (t) => {
  const { port } = await startServer(t, (request, response) => {
    request.on('error', () => {});
    request.resume().on('end', () => response.end('read'));
  });
  const slowHeaders = await sendSlowly(t, connect(port, '127.0.0.1'), 'GET / HTTP/1.1\r\nHost: hub\r\n', 'X-A: b\r\n');
  // A reset may arrive before the response.
  assert.match(slowHeaders, /^(HTTP\/1\.1 408 |$)/);
  const slowBody = await sendSlowly(t, connect(port, '127.0.0.1'), 'POST / HTTP/1.1\r\nHost: hub\r\nContent-Length: 1000000\r\n\r\n', 'x');
  assert.match(slowBody, /^(HTTP\/1\.1 408 |$)/);
  // A client that sends nothing at all.
  const silent = connect(port, '127.0.0.1');
  silent.on('error', () => {});
  await closeOf(silent.resume());
});

test('a stop waits for requests in flight and accepts no new ones', async (t) => {
  const begun = Promise.withResolvers<ServerResponse>();
  const { server, port } = await startServer(t, (_, response) => {
    response.write('begun ');
    begun.resolve(response);
  });
  const answer = fetch(`http://127.0.0.1:${port}/`).then((response) => response.text());
  const response = await begun.promise;
  const stopped = server.finishRequests();
  await assert.rejects(fetch(`http://127.0.0.1:${port}/`));
  response.end('and finished');
  assert.equal(await answer, 'begun and finished');
  await stopped;
});

test('a request that arrives on an idle connection as the stop begins is answered, and ends the connection', async (t) => {
  const { server, port } = await startServer(t, (_, response) => response.end('read'));
  const socket = connect(port, '127.0.0.1');
  const request = 'GET / HTTP/1.1\r\nHost: hub\r\n\r\n';
  let received = '';
  const firstAnswer = new Promise<void>((resolve) => {
    socket.on('data', (data) => {
      received += data;
      if (received.includes('read')) resolve();
    });
  });
  socket.write(request);
  await firstAnswer;
  assert.match(received, /Connection: keep-alive/i);
  received = '';
  const stopped = server.finishRequests();
  socket.write(request);
  await closeOf(socket);
  assert.match(received, /^HTTP\/1\.1 200 .*Connection: close.*read/is);
  await stopped;
});

test('an endless response delays a stop by no more than STOP_GRACE_MS', async () => {
  const { values } = loadSettings(HUB_SETTINGS, { file: {}, environment: { PORT: '0', STOP_GRACE_MS: '100' } });
  const server = createHubServer({
    settings: values,
    log,
    metrics: createMetrics(),
    answer: (_, response) => void response.write('data: 1\n\n'),
  });
  const response = await fetch(`http://127.0.0.1:${await server.listen()}/`);
  await server.finishRequests();
  await server.end();
  await assert.rejects(response.text());
});

test('fails with LISTEN_FAILED if the port is in use', async (t) => {
  const { port } = await startServer(t, (_, response) => response.end());
  const second = createHubServer({ settings: { ...settings, PORT: port }, log, metrics: createMetrics(), answer: () => {} });
  await assert.rejects(second.listen(), { code: 'LISTEN_FAILED' });
});
