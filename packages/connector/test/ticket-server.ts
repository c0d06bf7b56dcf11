/** The ticket server of a hub, for tests: gives scripted answers, and records the requests. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';

/** The secret part of a ticket. */
export const SECRET = 'ticket-secret';
export const INFO = {
  connectionName: 'fabrikam-ad',
  connectionDomain: 'fabrikam.example',
  adHub: 'http://127.0.0.1:1/lo/hub',
  realm: { name: 'urn:auth0:fabrikam', postTokenUrl: ['https://a.example/cb', 'https://b.example/cb'] },
  kerberos: true,
  certAuth: false,
  thumbprints: [],
};

export interface Answer {
  status?: number;
  type?: string;
  body?: unknown;
}

/** Stops when the test ends. */
export async function startTicketServer(t: TestContext) {
  const hub = {
    info: { body: INFO } as Answer,
    registered: { body: { signingKey: 'SIGNING KEY' } } as Answer,
    clock: () => Date.now(),
    posts: [] as Record<string, unknown>[],
    asked: [] as string[],
    ticket: '',
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
  const server: Server = createServer((request, response) => {
    const body: Buffer[] = [];
    request.on('data', (chunk) => body.push(chunk));
    request.on('end', () => {
      hub.asked.push(`${request.method} ${request.url}`);
      const routes: Record<string, () => Answer> = {
        [`GET /p/ad/${SECRET}/info`]: () => hub.info,
        [`POST /p/ad/${SECRET}`]: () => {
          hub.posts.push(JSON.parse(Buffer.concat(body).toString()));
          return hub.registered;
        },
        'GET /test': () => ({ body: { clock: hub.clock() } }),
      };
      const answer = routes[`${request.method} ${request.url}`]?.() ?? { status: 404 };
      response.writeHead(answer.status ?? 200, { 'content-type': answer.type ?? 'application/json; charset=utf-8', connection: 'close' });
      response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body ?? {}));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  hub.ticket = `http://127.0.0.1:${(server.address() as AddressInfo).port}/p/ad/${SECRET}`;
  return hub;
}
