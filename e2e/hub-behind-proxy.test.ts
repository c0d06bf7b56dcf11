/** The hub behind each reverse proxy of docs/operations.md, with the documented configuration. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { createCertificateAuthority, freePort, type KeyPair, type Slapd, startSlapd, whyNoSlapd } from '@landbridge/lab';
import { directoryConfig, type HubProgram, type Program, startConnector, startHub, until } from './programs.ts';
import { startProxy, whyNoProxy } from './proxies.ts';

const CONNECTION = 'corp';
/** The client's address; the proxies and programs are at 127.0.0.1. */
const CLIENT_ADDRESS = '127.0.0.9';

describe('the hub behind a reverse proxy', { skip: whyNoSlapd() }, () => {
  let slapd: Slapd;
  let hub: HubProgram;
  let connector: Program;
  let server: KeyPair;
  let port: number;

  before(
    async () => {
      const servers = await createCertificateAuthority('Servers');
      server = await servers.issue({ commonName: 'localhost', dnsNames: ['localhost'] });
      port = await freePort();
      const settings = { PUBLIC_URL: `https://localhost:${port}`, TRUSTED_PROXIES: '127.0.0.1', LOG_LEVEL: 'debug' };
      [slapd, hub] = await Promise.all([startSlapd({ users: 10 }), startHub(settings)]);
      const PROVISIONING_TICKET = await hub.createConnection(CONNECTION);
      // It connects through the proxy and retries until there is one.
      connector = await startConnector({
        ...directoryConfig(slapd, 'plain'),
        PROVISIONING_TICKET,
        CA_CERT: slapd.ca + servers.cert,
      });
    },
    { timeout: 10 * 60_000 },
  );
  after(async () => {
    for (const part of [connector, hub, slapd]) await part?.[Symbol.asyncDispose]();
  });

  async function ask(path: string, options: { headers?: Record<string, string>; body?: object } = {}) {
    const { headers, body } = options;
    const outgoing = request({
      ...{ host: '127.0.0.1', port, path, servername: 'localhost', localAddress: CLIENT_ADDRESS, rejectUnauthorized: false, agent: false },
      method: body === undefined ? 'GET' : 'POST',
      headers: { Host: `localhost:${port}`, 'Content-Type': 'application/json', ...headers },
    });
    outgoing.end(body && JSON.stringify(body));
    const [response]: IncomingMessage[] = await once(outgoing, 'response');
    assert.ok(response);
    return { status: response.statusCode, headers: response.headers, text: await text(response) };
  }

  for (const name of ['haproxy', 'nginx', 'caddy'] as const) {
    test(`connectors and users reach the hub through ${name}, and it knows the client address`, {
      timeout: 5 * 60_000,
      skip: whyNoProxy(name),
    }, async (t) => {
      await hub.untilConnectors(CONNECTION, 0);
      await using _proxy = await startProxy(name, {
        example: { document: 'operations.md', section: 'HTTPS' },
        replacements: { '127.0.0.1:4100': new URL(hub.url).host },
        front: { port, host: { example: 'hub.example.com', own: 'localhost' }, certificate: server },
      });
      await hub.untilConnectors(CONNECTION, 1);
      const { uid, password } = slapd.users.ordinary[0] ?? assert.fail();
      const forged = { 'X-Forwarded-For': '203.0.113.7', 'X-Forwarded-Proto': 'http', 'X-Request-Id': `forged-${name}` };
      const answer = await ask(`/api/connections/${CONNECTION}/login`, {
        headers: { Authorization: `Bearer ${hub.apiKey}`, ...forged },
        body: { username: uid, password },
      });
      assert.equal(answer.status, 200, answer.text);
      assert.match(answer.headers['strict-transport-security'] ?? '', /max-age/);
      const id = answer.headers['x-request-id'];
      assert.ok(typeof id === 'string' && id !== forged['X-Request-Id']);
      await until('the hub logs the client address', async () => {
        const lines = (await hub.log()).split('\n').filter((line) => line.includes(`"requestId":"${id}"`));
        assert.ok(!lines.join('').includes('203.0.113.7'));
        return lines.some((line) => line.includes(`"remoteAddress":"${CLIENT_ADDRESS}"`));
      });
      for (const path of ['/metrics', '/%6detrics', '//metrics', '/metrics/', '/metrics?a']) {
        await t.test(`${name} does not expose ${path}`, async () => {
          const { status, text } = await ask(path);
          assert.ok(status !== 200 || !text.includes('landbridge_hub_'));
        });
      }
      assert.equal((await ask('/metrics')).status, 403);
      assert.equal((await ask('/readyz')).status, 200);
    });
  }
});
