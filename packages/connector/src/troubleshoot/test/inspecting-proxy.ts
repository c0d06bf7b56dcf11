/** A proxy that inspects TLS, as many companies have: it presents a certificate of its own authority and reads the traffic. */
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createHttpsServer, request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { CertificateAuthority } from '@landbridge/lab';

/**
 * Stops when the test ends. Requests are passed on; upgrades are not, as such proxies often do not.
 *
 * @param hubCa the authority that the proxy trusts for the hub
 */
export async function startInspectingProxy(
  t: TestContext,
  authority: CertificateAuthority,
  hubCa: string,
): Promise<{ host: string; seen: string[] }> {
  const seen: string[] = [];
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  };
  const pair = await authority.issue({
    commonName: 'localhost',
    dnsNames: ['localhost'],
    notAfter: new Date(Date.now() + 90 * 86_400_000),
  });
  const inside = createHttpsServer(pair, (request, response) => {
    seen.push(`${request.method} ${request.url}`);
    const onward = httpsRequest(`https://${request.headers.host}${request.url}`, {
      method: request.method,
      headers: request.headers,
      ca: hubCa,
      agent: false,
    });
    onward.on('response', (answer: IncomingMessage) => {
      response.writeHead(answer.statusCode ?? 502, { ...answer.headers, via: '1.1 inspector.corp' });
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  });
  inside.on('upgrade', (_, socket) => {
    socket.on('error', () => {});
    socket.end('HTTP/1.1 502 Bad Gateway\r\nVia: 1.1 inspector.corp\r\nContent-Length: 0\r\n\r\n');
  });
  const server = createServer((_, response) => response.writeHead(405).end());
  server.on('connection', keep);
  server.on('connect', (_, socket: Socket) => {
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    inside.emit('connection', socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return { host: `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`, seen };
}
