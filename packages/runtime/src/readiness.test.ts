import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { it } from 'node:test';
import { localUrl, whyNotReady } from './readiness.ts';

it('a program is ready if /readyz answers 200, and otherwise its answer is the reason', async () => {
  let status = 200;
  const server = createServer((request, response) => response.writeHead(request.url === '/readyz' ? status : 404).end('directory: failed'));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const url = localUrl('http', '0.0.0.0', typeof address === 'object' && address !== null ? address.port : 0);
  assert.equal(await whyNotReady(url), undefined);
  status = 503;
  assert.equal(await whyNotReady(url), `${url}/readyz answered 503 directory: failed`);
  server.close();
  await once(server, 'close');
  assert.match((await whyNotReady(url)) ?? '', /ECONNREFUSED/);
});

it('a program that listens on all addresses is asked on loopback, and any other on its address', () => {
  assert.equal(localUrl('http', '::', 80), 'http://127.0.0.1:80');
  assert.equal(localUrl('https', '::1', 4100), 'https://[::1]:4100');
  assert.equal(localUrl('http', '10.0.0.5', 4100), 'http://10.0.0.5:4100');
});
