/** A hub as the checks see one: ticket, clock, keys and WebSocket over TLS. A test can make each of them wrong. */
import { generateKeyPairSync } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { KeyPair } from '@landbridge/lab';
import { WebSocketServer } from 'ws';

export const TICKET_SECRET = 'XkT7Secret0Ticket';
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

export interface StandInHub {
  origin: string;
  port: number;
  ticket: string;
  /** What is answered, by `METHOD path`; changed by tests. */
  answers: Record<string, () => { status?: number; type?: string; body: unknown }>;
  /** Of the certificates that it knows. */
  thumbprints: string[];
  upgrades: 'accept' | 'refuse';
  /** Headers of the last request, for what must not be sent. */
  lastHeaders: Record<string, unknown>;
}

/** Stops when the test ends. */
export async function startHub(t: TestContext, pair: KeyPair): Promise<StandInHub> {
  const server: Server = createServer(pair, (request, response) => {
    hub.lastHeaders = request.headers;
    const path = request.url?.split('?')[0];
    const answer = hub.answers[`${request.method} ${path}`]?.() ?? { status: 404, body: {} };
    response.writeHead(answer.status ?? 200, { 'content-type': answer.type ?? 'application/json' });
    response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body));
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  });
  const webSockets = new WebSocketServer({ noServer: true });
  server.on('upgrade', (request, socket, head) => {
    socket.on('error', () => {});
    if (hub.upgrades === 'refuse') socket.end('HTTP/1.1 403 Forbidden\r\nVia: 1.1 gateway.corp\r\nContent-Length: 0\r\n\r\n');
    else webSockets.handleUpgrade(request, socket, head, () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const origin = `https://localhost:${port}`;
  const hub: StandInHub = {
    origin,
    port,
    ticket: `${origin}/p/ad/${TICKET_SECRET}`,
    thumbprints: [],
    upgrades: 'accept',
    lastHeaders: {},
    answers: {
      [`GET /p/ad/${TICKET_SECRET}/info`]: () => ({
        body: {
          connectionName: 'fabrikam-ad',
          connectionDomain: 'fabrikam.example',
          adHub: `${origin}/lo/hub`,
          realm: { name: 'urn:auth0:fabrikam', postTokenUrl: 'https://a.example/cb' },
          kerberos: false,
          certAuth: false,
          thumbprints: hub.thumbprints,
        },
      }),
      'GET /test': () => ({ body: { clock: Date.now() } }),
      'GET /.well-known/jwks.json': () => ({
        body: { keys: [{ ...publicKey.export({ format: 'jwk' }), use: 'sig', kid: 'a', alg: 'ES256' }] },
      }),
    },
  };
  return hub;
}
