/** Malicious requests against everything the hub serves. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { sendRaw, statusesIn } from '@landbridge/lab';
import { WebSocket } from 'ws';
import { createApplication } from './application.ts';
import { connect } from './foreign-connector.ts';
import { type HubUnderTest, startHubForTest } from './hub-under-test.ts';
import { rawRequest } from './raw-http.ts';

const ENTRANCES = ['/', '/api/connections', '/try/corp', '/login/x', '/oidc/authorize', '/dashboard', '/p/ad/x', '/metrics', '/readyz'];

/** Internals that no answer may reveal. */
function tellsNothing(text: string): void {
  for (const inside of [
    /\bat \w+ \(/,
    /node:internal/,
    /\/packages\//,
    /node_modules/,
    /SQLITE_|SqliteError/,
    /x-powered-by/i,
    /^server:/im,
    /ZodError/,
  ]) {
    assert.ok(!inside.test(text), `${inside} in ${text.slice(0, 300)}`);
  }
}

async function stillAnswers({ hub, api }: HubUnderTest): Promise<void> {
  assert.equal((await fetch(`${hub.url}/readyz`)).status, 200);
  assert.equal((await api('/connections')).status, 200);
}

test('no spelling of a path leads to a file', async (t) => {
  const under = await startHubForTest(t);
  await under.createConnection();
  const starts = ['', '/api', '/try', '/login', '/oidc', '/dashboard', '/dashboard/assets', '/.well-known', '/p/ad'];
  const ways = [
    '/../../../../etc/passwd',
    '/..%2f..%2f..%2fetc%2fpasswd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/..\\..\\etc\\passwd',
    '//etc/passwd',
  ];
  ways.push(
    '/%00',
    '/%ff%fe',
    '/%c0%ae%c0%ae/etc/passwd',
    '/....//....//etc/passwd',
    '/hub.sqlite',
    '/hub.json',
    '/.git/config',
    '/package.json',
  );
  for (const start of starts) {
    for (const way of ways) {
      const received = await sendRaw(
        under.hub.url,
        rawRequest(`GET ${start}${way} HTTP/1.1`, ['Host: hub', `Authorization: Bearer ${under.apiKey}`]),
      );
      const [status = 0] = statusesIn(received);
      assert.ok(status >= 300 && status < 500, `${start}${way}: ${received}`);
      assert.doesNotMatch(received, /root:|"dependencies"|SQLite format/);
      tellsNothing(received);
    }
  }
  await stillAnswers(under);
});

test('a request that is too large is rejected while it arrives', async (t) => {
  const under = await startHubForTest(t);
  await under.createConnection();
  const { url } = under.hub;
  const authorization = `Authorization: Bearer ${under.apiKey}`;
  const long = 'x'.repeat(40_000);
  for (const text of [
    rawRequest('GET / HTTP/1.1', ['Host: hub', `X-Long: ${long}`]),
    rawRequest(`GET /${long} HTTP/1.1`, ['Host: hub']),
    rawRequest('GET / HTTP/1.1', ['Host: hub', `Cookie: landbridge-session=${long}`]),
  ]) {
    // A reset may come before the answer.
    assert.ok([431, undefined].includes(statusesIn(await sendRaw(url, text))[0]));
  }
  const megabytes = 'y'.repeat(3 * 1024 * 1024);
  for (const path of ['/api/connections/corp/login', '/api/connections', '/try/corp/access', '/p/ad/x', '/dashboard/sign-in']) {
    const declared = await sendRaw(url, rawRequest(`POST ${path} HTTP/1.1`, ['Host: hub', authorization, 'Content-Length: 99999999999']));
    assert.ok([413, 400, 404].includes(statusesIn(declared)[0] ?? 0), `${path}: ${declared.slice(0, 300)}`);
    tellsNothing(declared);
    const chunked = rawRequest(
      `POST ${path} HTTP/1.1`,
      ['Host: hub', authorization, 'Transfer-Encoding: chunked'],
      `${megabytes.length.toString(16)}\r\n${megabytes}\r\n0\r\n\r\n`,
    );
    const [status] = statusesIn(await sendRaw(url, chunked));
    assert.ok(status === undefined || (status >= 400 && status < 500), `${path}: ${status}`);
  }
  const nested = '['.repeat(60_000);
  assert.equal((await under.api('/connections/corp/login', nested)).status, 400);
  assert.equal((await under.api('/connections/corp', nested, 'PATCH')).status, 400);
  await stillAnswers(under);
});

test('a request that a proxy might read differently is rejected', async (t) => {
  const under = await startHubForTest(t);
  const smuggled = rawRequest('GET /healthz HTTP/1.1', ['Host: hub']);
  const post = 'POST /api/connections HTTP/1.1';
  const ways: [string, string[], string][] = [
    ['both lengths', ['Content-Length: 5', 'Transfer-Encoding: chunked'], `0\r\n\r\n${smuggled}`],
    ['both lengths, reversed', ['Transfer-Encoding: chunked', `Content-Length: ${smuggled.length}`], `0\r\n\r\n${smuggled}`],
    ['two lengths', ['Content-Length: 0', `Content-Length: ${smuggled.length}`], smuggled],
    ['a length that is a list', [`Content-Length: 0, ${smuggled.length}`], smuggled],
    ['a signed length', ['Content-Length: +0'], smuggled],
    ['another encoding', ['Transfer-Encoding: chunked, identity'], `0\r\n\r\n${smuggled}`],
    ['two encodings', ['Transfer-Encoding: identity', 'Transfer-Encoding: chunked'], `0\r\n\r\n${smuggled}`],
    ['a hidden encoding', ['Transfer-Encoding : chunked'], `0\r\n\r\n${smuggled}`],
    ['an encoding behind a vertical tab', ['Transfer-Encoding:\x0bchunked'], `0\r\n\r\n${smuggled}`],
    ['a chunk of a wrong size', ['Transfer-Encoding: chunked'], `-1\r\n\r\n${smuggled}`],
    ['a folded header', ['X-A: b', ' Content-Length: 0'], smuggled],
    ['a bare line feed in a header', [`X-A: b\nContent-Length: ${smuggled.length}`], smuggled],
  ];
  for (const [name, headers, body] of ways) {
    await t.test(name, async () => {
      const text = `${[post, 'Host: hub', ...headers].join('\r\n')}\r\n\r\n${body}`;
      const received = await sendRaw(under.hub.url, text);
      assert.ok(!received.includes('\r\nok\n'), `${name}: ${received}`);
      assert.ok(!statusesIn(received).includes(200), `${name}: ${received}`);
      tellsNothing(received);
    });
  }
  await stillAnswers(under);
  await sendRaw(under.hub.url, `${[post, 'Host: hub', 'Transfer-Encoding: identity, chunked'].join('\r\n')}\r\n\r\n0\r\n\r\n`);
  const logged = under.logLines.filter(({ msg }) => /Transfer-Encoding is not chunked/.test(String(msg)));
  assert.deepEqual([logged.at(-1)?.encoding, logged.at(-1)?.remoteAddress], ['identity, chunked', '127.0.0.1']);
});

test('no text of a request becomes a header of the response', async (t) => {
  const under = await startHubForTest(t, { TRUSTED_PROXIES: '127.0.0.1' });
  await under.createConnection();
  const application = await createApplication(under);
  const injections = ['%0d%0aX-Injected:%20yes', '%0aX-Injected:%20yes', '%E5%98%8D%E5%98%8AX-Injected:%20yes', '\rX-Injected: yes'];
  for (const injection of injections) {
    const paths = [
      `/try/${injection}`,
      `/try/corp?code=${injection}`,
      `/login/${injection}`,
      `/dashboard/sign-in?next=${injection}`,
      `/dashboard/${injection}`,
      `/oidc/authorize?client_id=${application.clientId}&response_type=code&redirect_uri=https://app.example/callback&state=${injection}`,
      `/oidc/logout?client_id=${application.clientId}&post_logout_redirect_uri=https://app.example/signed-out&state=${injection}`,
      `/api/connections/${injection}`,
      `/p/ad/${injection}/info`,
    ];
    for (const path of paths) {
      const received = await sendRaw(
        under.hub.url,
        rawRequest(`GET ${path} HTTP/1.1`, ['Host: hub', `Authorization: Bearer ${under.apiKey}`, `X-Request-Id: ${injection}abcdefgh`]),
      );
      const [head = ''] = received.split('\r\n\r\n');
      assert.doesNotMatch(head, /[\r\n]X-Injected/i, path);
      assert.ok((statusesIn(head)[0] ?? 0) < 500, `${path}: ${received}`);
    }
  }
  await stillAnswers(under);
});

test('addresses come from PUBLIC_URL, whatever Host and forwarded headers say', async (t) => {
  const under = await startHubForTest(t, { PUBLIC_URL: 'https://hub.example' });
  const { url } = under.hub;
  const evil = [
    'Host: evil.example',
    'X-Forwarded-Host: evil.example',
    'Forwarded: host=evil.example;proto=http',
    'X-Forwarded-Proto: http',
  ];
  const authorization = `Authorization: Bearer ${under.apiKey}`;
  const body = '{"name":"corp"}';
  const created = await sendRaw(
    url,
    rawRequest('POST /api/connections HTTP/1.1', [...evil, authorization, `Content-Length: ${body.length}`], body),
  );
  const [, ticket = ''] = /"ticket":"https:\/\/hub\.example(\/p\/ad\/[^"]+)"/.exec(created) ?? [];
  assert.notEqual(ticket, '', created);
  const answers = [created];
  for (const path of [
    '/',
    `${ticket}/info`,
    '/oidc/.well-known/openid-configuration',
    '/oidc/authorize',
    '/dashboard',
    '/dashboard/sign-in',
    '/try/corp',
  ]) {
    answers.push(await sendRaw(url, rawRequest(`GET ${path} HTTP/1.1`, evil)));
  }
  answers.push(await sendRaw(url, rawRequest('GET http://evil.example/dashboard HTTP/1.1', ['Host: evil.example'])));
  for (const answer of answers) assert.doesNotMatch(answer, /evil\.example/);
  for (const hosts of [
    [],
    ['Host: hub.example', 'Host: evil.example'],
    ['Host: a b'],
    ['Host: hub.example/x@evil.example'],
    ['Host: [::'],
  ]) {
    const received = await sendRaw(url, rawRequest('GET /try/corp HTTP/1.1', hosts));
    assert.ok((statusesIn(received)[0] ?? 400) < 500, received);
    tellsNothing(received);
  }
  await stillAnswers(under);
});

test('a web page cannot open a socket, and only one address accepts sockets', async (t) => {
  const under = await startHubForTest(t);
  const corp = await under.provisioned();
  const refusal = async (url: string, headers: Record<string, string> = {}) => {
    const socket = new WebSocket(url, { headers });
    const [, response] = await once(socket, 'unexpected-response');
    response.resume();
    return response.statusCode;
  };
  for (const origin of ['https://evil.example', under.hub.publicUrl, 'null', '']) {
    await t.test(origin || 'empty Origin', async () => {
      assert.equal(await refusal(corp.socketUrl, { Origin: origin }), 403, origin);
    });
  }
  for (const path of ['/', '/api/connections', '/dashboard', '/lo/hub/', '/lo/hub2']) {
    await t.test(path, async () => {
      assert.equal(await refusal(`${under.hub.url.replace('http', 'ws')}${path}`), 404, path);
    });
  }
  (await connect(corp)).socket.terminate();
});

test('an unsupported method changes nothing and reflects nothing', async (t) => {
  const under = await startHubForTest(t);
  await under.createConnection();
  for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'CONNECT', 'PROPFIND', 'SEARCH', 'M-SEARCH']) {
    await t.test(method, async () => {
      for (const path of ENTRANCES) {
        const received = await sendRaw(under.hub.url, rawRequest(`${method} ${path} HTTP/1.1`, ['Host: hub', 'Cookie: secret=cookie']));
        const [status] = statusesIn(received);
        // CONNECT gets no response.
        assert.ok(status === undefined || (status >= 300 && status < 500), `${method} ${path}: ${received}`);
        assert.doesNotMatch(received, /secret=cookie/);
        tellsNothing(received);
      }
    });
  }
  assert.equal((await under.api('/connections/corp')).status, 200);
});

test('JSON cannot pollute prototypes', async (t) => {
  const under = await startHubForTest(t);
  await under.createConnection();
  const bodies = [
    '{"__proto__":{"polluted":1},',
    '{"constructor":{"prototype":{"polluted":1}},',
    '{"__proto__":[1],"prototype":{"polluted":1},',
  ];
  const calls: [string, string, string][] = [
    ['POST', '/connections', '"name":"another"}'],
    ['PATCH', '/connections/corp', '"enabled":true}'],
    ['POST', '/connections/corp/login', '"username":"anna","password":"x"}'],
    ['POST', '/connections/corp/search', '"search":"a"}'],
    ['POST', '/clients', '"name":"c","redirectUris":["https://app.example/"]}'],
  ];
  for (const body of bodies) {
    for (const [method, path, rest] of calls) {
      const { status } = await under.api(path, body + rest, method);
      assert.ok(status < 500 || status === 503, `${path}: ${status}`);
    }
  }
  for (const name of ['__proto__', 'constructor', 'hasOwnProperty']) {
    assert.equal((await under.api(`/connections/${name}`)).status, 404, name);
  }
  assert.equal(Reflect.get({}, 'polluted'), undefined);
  await stillAnswers(under);
});

test('an internal error reveals no details on any page', async (t) => {
  const under = await startHubForTest(t);
  await under.store.close();
  for (const path of [...ENTRANCES, '/.well-known/jwks.json', '/oidc/token', '/dashboard/sign-in', '/p/ad/x/info']) {
    for (const method of ['GET', 'POST']) {
      const received = await sendRaw(
        under.hub.url,
        rawRequest(
          `${method} ${path} HTTP/1.1`,
          ['Host: hub', 'Content-Type: application/x-www-form-urlencoded', 'Content-Length: 3'],
          'a=b',
        ),
      );
      assert.ok(statusesIn(received).length > 0, `${method} ${path}`);
      tellsNothing(received);
    }
  }
});
