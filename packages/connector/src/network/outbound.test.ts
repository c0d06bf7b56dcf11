import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { type CertificateAuthority, createCertificateAuthority, type KeyPair } from '@landbridge/lab';
import { CodedError, errorText } from '@landbridge/runtime';
import { WebSocket, WebSocketServer } from 'ws';
import { createOutbound } from './outbound.ts';
import { createTunnelAgent } from './proxy.ts';
import { configuredCertificates } from './trust.ts';

const NOTHING = {
  HTTP_PROXY: undefined,
  HTTPS_PROXY: undefined,
  NO_PROXY: [],
  CA_CERT: [],
  SSL_CA_FILE: undefined,
  SSL_CA_PATH: undefined,
};

const sayHello: RequestListener = (request, response) => {
  const body: Buffer[] = [];
  request.on('data', (chunk) => body.push(chunk));
  request.on('end', () => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ method: request.method, url: request.url, body: Buffer.concat(body).toString() }));
  });
};

let ca: CertificateAuthority;
let localhost: KeyPair;
let folder: string;
before(async () => {
  ca = await createCertificateAuthority();
  localhost = await ca.issue({ commonName: 'localhost', dnsNames: ['localhost'], ips: ['127.0.0.1'] });
  folder = mkdtempSync(join(tmpdir(), 'outbound-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

async function listening(t: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

const httpServer = (t: TestContext, listener: RequestListener = sayHello) => listening(t, createHttpServer(listener));
const httpsServer = (t: TestContext, pair = localhost) => listening(t, createHttpsServer(pair, sayHello));

/** A proxy that supports CONNECT, checks Basic credentials if given, and counts its tunnels. */
async function proxy(t: TestContext, credentials?: string, connectAnswer?: string) {
  const tunnels: string[] = [];
  const server = createHttpServer((_, response) => response.writeHead(405).end());
  server.on('connect', (request, socket: Socket) => {
    socket.on('error', () => undefined);
    const expected = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`;
    if (expected && request.headers['proxy-authorization'] !== expected) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n');
      return;
    }
    if (connectAnswer !== undefined) {
      if (connectAnswer === '') socket.resume().on('end', () => socket.end());
      else socket.end(connectAnswer);
      return;
    }
    tunnels.push(request.url ?? '');
    const { hostname, port } = new URL(`tcp://${request.url}`);
    const target = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      target.pipe(socket).pipe(target);
    });
    target.on('error', () => socket.destroy());
    socket.on('close', () => target.destroy());
  });
  return { port: await listening(t, server), tunnels, server };
}

async function codeOf(promise: Promise<unknown>): Promise<CodedError> {
  const error = await promise.then(
    () => assert.fail('nothing was thrown'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof CodedError, String(error));
  return error;
}

describe('a request', () => {
  it('posts JSON and returns status, type and text', async (t) => {
    const port = await httpServer(t);
    const answer = await createOutbound(NOTHING).request(`http://127.0.0.1:${port}/p?q=1`, {
      method: 'POST',
      json: { a: 'ü' },
      timeoutMs: 5000,
    });
    assert.equal(answer.status, 200);
    assert.equal(answer.contentType, 'application/json');
    assert.deepEqual(JSON.parse(answer.text), { method: 'POST', url: '/p?q=1', body: '{"a":"ü"}' });
  });

  it('does not follow a redirect', async (t) => {
    let asked = 0;
    const port = await httpServer(t, (_, response) => {
      asked++;
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    const answer = await createOutbound(NOTHING).request(`http://127.0.0.1:${port}/`, { timeoutMs: 5000 });
    assert.equal(answer.status, 302);
    assert.equal(asked, 1);
  });

  it('ends at the size limit, even for an endless response', async (t) => {
    const port = await httpServer(t, (_, response) => {
      const timer = setInterval(() => response.write('x'.repeat(10_000)), 1);
      response.once('close', () => clearInterval(timer));
    });
    const error = await codeOf(createOutbound(NOTHING).request(`http://127.0.0.1:${port}/secret`, { timeoutMs: 20_000, maxBytes: 50_000 }));
    assert.equal(error.code, 'HUB_ANSWER_TOO_LARGE');
  });

  it('ends at the time limit, with an error that names the host but not the path', async (t) => {
    const port = await httpServer(t, () => undefined);
    const error = await codeOf(createOutbound(NOTHING).request(`http://127.0.0.1:${port}/p/ad/secret-ticket`, { timeoutMs: 50 }));
    assert.equal(error.code, 'HUB_TIMEOUT');
    assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${port}`));
    assert.doesNotMatch(errorText(error) + error.stack, /secret-ticket/);
  });

  it('ends at the time limit even if the body trickles in', async (t) => {
    const port = await httpServer(t, (_, response) => {
      response.write('{');
    });
    assert.equal((await codeOf(createOutbound(NOTHING).request(`http://127.0.0.1:${port}/`, { timeoutMs: 100 }))).code, 'HUB_TIMEOUT');
  });

  it('is cancelled by its signal', async (t) => {
    const controller = new AbortController();
    const port = await httpServer(t, () => controller.abort());
    const promise = createOutbound(NOTHING).request(`http://127.0.0.1:${port}/`, { timeoutMs: 20_000, signal: controller.signal });
    assert.equal((await codeOf(promise)).code, 'CANCELLED');
  });

  it('reports that nothing listens', async (t) => {
    const server = createHttpServer();
    const port = await listening(t, server);
    await new Promise((resolve) => server.close(resolve));
    const error = await codeOf(createOutbound(NOTHING).request(`http://127.0.0.1:${port}/`, { timeoutMs: 5000 }));
    assert.equal(error.code, 'HUB_UNREACHABLE');
    assert.ok(error.action);
  });
});

describe('a private CA', () => {
  it('is rejected, with the setting to use, until it is configured', async (t) => {
    const error = await codeOf(createOutbound(NOTHING).request(`https://localhost:${await httpsServer(t)}/`, { timeoutMs: 5000 }));
    assert.equal(error.code, 'HUB_CERTIFICATE');
    assert.match(error.action ?? '', /CA_CERT/);
  });

  it('is rejected even if the environment disables verification, with and without a proxy', async (t) => {
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    t.after(() => {
      delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    });
    const target = `https://localhost:${await httpsServer(t)}/`;
    const HTTP_PROXY = `http://127.0.0.1:${(await proxy(t)).port}`;
    const HTTPS_PROXY = `https://localhost:${await httpsServer(t)}`;
    for (const settings of [{}, { HTTP_PROXY }, { HTTPS_PROXY }]) {
      const error = await codeOf(createOutbound({ ...NOTHING, ...settings }).request(target, { timeoutMs: 5000 }));
      assert.match(error.code, /^(HUB_CERTIFICATE|PROXY_UNREACHABLE)$/);
      assert.match(errorText(error), /DEPTH_ZERO|UNABLE_TO|self-signed|unable to/i);
    }
    const url = new URL(target.replace('https', 'wss'));
    const socket = new WebSocket(url, { agent: createOutbound(NOTHING).agentFor(url) });
    const failed = await new Promise((resolve) => socket.once('error', resolve));
    assert.match(String(failed), /certificate/);
  });

  it('is trusted from CA_CERT, SSL_CA_FILE and SSL_CA_PATH', async (t) => {
    const file = join(folder, 'ca.pem');
    writeFileSync(file, `# a comment\n${ca.cert}`);
    const address = `https://localhost:${await httpsServer(t)}/`;
    for (const setting of [{ CA_CERT: [ca.cert] }, { SSL_CA_FILE: file }, { SSL_CA_PATH: folder }]) {
      const answer = await createOutbound({ ...NOTHING, ...setting }).request(address, { timeoutMs: 5000 });
      assert.equal(answer.status, 200, JSON.stringify(Object.keys(setting)));
    }
  });

  describe('in a folder with a pattern, as a replaced connector has it', () => {
    const of = (SSL_CA_FILE: string | undefined, SSL_CA_PATH: string | undefined = folder) =>
      configuredCertificates({ ...NOTHING, SSL_CA_FILE, SSL_CA_PATH });
    let other: string;
    before(async () => {
      other = (await createCertificateAuthority()).cert;
      writeFileSync(join(folder, 'corp-root.crt'), ca.cert);
      writeFileSync(join(folder, 'other.cer'), Buffer.from(`\uFEFF${other}`, 'utf16le'));
      symlinkSync('other.cer', join(folder, '5a1f0c2b.0'));
    });
    for (const [pattern, names] of [
      ['.+.(pem|crt|cer)$', ['ca', 'other']],
      ['^corp-', ['ca']],
      ['*.cer', ['other']],
      ['corp-root.crt', ['ca']],
    ] as const) {
      it(`${pattern} counts ${names.join(' and ')}`, () => {
        const expected = names.map((name) => (name === 'ca' ? ca.cert : other).trim());
        assert.deepEqual([...new Set(of(pattern))].sort(), expected.sort());
      });
    }

    it('is an error if no name matches it', () => {
      assert.throws(() => of('absent'), { code: 'CA_UNUSABLE', message: /^SSL_CA_PATH: .*SSL_CA_FILE \(absent\)/ });
      assert.throws(() => of('(('), { code: 'CA_UNUSABLE', message: /^SSL_CA_FILE: / });
    });

    it('changes nothing without a folder, since it selects from the certificates that the system trusts', () => {
      assert.deepEqual(configuredCertificates({ ...NOTHING, SSL_CA_FILE: '.+.(pem|crt|cer)$', SSL_CA_PATH: undefined }), []);
    });
  });

  it('is read from a DER file, as Windows exports it', () => {
    const file = join(folder, 'exported.cer');
    writeFileSync(file, new X509Certificate(ca.cert).raw);
    assert.deepEqual(
      configuredCertificates({ ...NOTHING, SSL_CA_FILE: file }).map((pem) => new X509Certificate(pem).fingerprint256),
      [new X509Certificate(ca.cert).fingerprint256],
    );
  });

  it('does not make a certificate for another name valid', async (t) => {
    const other = await ca.issue({ commonName: 'localhost', dnsNames: ['other.example'] });
    const outbound = createOutbound({ ...NOTHING, CA_CERT: [ca.cert] });
    const error = await codeOf(outbound.request(`https://localhost:${await httpsServer(t, other)}/`, { timeoutMs: 5000 }));
    assert.equal(error.code, 'HUB_CERTIFICATE');
    assert.match(error.message, /not valid/);
  });

  it('causes an error that names the setting if it cannot be read', async (t) => {
    const empty = join(folder, 'empty.txt');
    writeFileSync(empty, 'nothing');
    const cases: [object, RegExp][] = [
      [{ SSL_CA_FILE: join(folder, 'absent.pem') }, /^SSL_CA_FILE: .*absent\.pem/],
      [{ SSL_CA_FILE: empty }, /^SSL_CA_FILE: .*no PEM certificate/],
      [{ SSL_CA_PATH: join(folder, 'absent') }, /^SSL_CA_PATH: /],
      [{ CA_CERT: ['/etc/ssl/corp.pem'] }, /^CA_CERT: .*path.*SSL_CA_FILE/],
      [{ CA_CERT: ['C:\\certs\\corp.cer'] }, /^CA_CERT: .*path.*SSL_CA_FILE/],
      [{ CA_CERT: ['-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----'] }, /^CA_CERT: .*unreadable certificate/],
    ];
    for (const [setting, message] of cases) {
      await t.test(String(message), () => {
        assert.throws(() => createOutbound({ ...NOTHING, ...setting }), { code: 'CA_UNUSABLE', message });
      });
    }
  });
});

describe('a proxy', () => {
  it('from HTTP_PROXY carries https and http requests through CONNECT', async (t) => {
    const { port, tunnels } = await proxy(t);
    const outbound = createOutbound({ ...NOTHING, HTTP_PROXY: `http://127.0.0.1:${port}`, CA_CERT: [ca.cert] });
    const secure = await httpsServer(t);
    const plain = await httpServer(t);
    assert.equal((await outbound.request(`https://localhost:${secure}/`, { timeoutMs: 5000 })).status, 200);
    assert.equal((await outbound.request(`http://127.0.0.1:${plain}/`, { timeoutMs: 5000 })).status, 200);
    assert.deepEqual(tunnels, [`localhost:${secure}`, `127.0.0.1:${plain}`]);
  });

  it('gets user and password, decoded from percent-encoding; without them, the error says what to do', async (t) => {
    const { port, tunnels } = await proxy(t, 'us:er:p@ss');
    const address = `https://localhost:${await httpsServer(t)}/secret-ticket`;
    const at = (userinfo: string) =>
      createOutbound({ ...NOTHING, HTTP_PROXY: `http://${userinfo}127.0.0.1:${port}`, CA_CERT: [ca.cert] }).request(address, {
        timeoutMs: 5000,
      });
    assert.equal((await at('us%3Aer:p%40ss@')).status, 200);
    assert.equal(tunnels.length, 1);
    for (const userinfo of ['', 'user:wrong-password@']) {
      const error = await codeOf(at(userinfo));
      assert.equal(error.code, 'PROXY_AUTHENTICATION');
      assert.match(error.action ?? '', /HTTP_PROXY/);
      assert.doesNotMatch(errorText(error), /wrong-password|secret-ticket/);
    }
  });

  it('carries a WebSocket, with TLS and without', async (t) => {
    const { port, tunnels } = await proxy(t);
    const outbound = createOutbound({ ...NOTHING, HTTP_PROXY: `http://127.0.0.1:${port}`, CA_CERT: [ca.cert] });
    for (const [scheme, server] of [
      ['ws', createHttpServer()],
      ['wss', createHttpsServer(localhost)],
    ] as const) {
      const sockets = new WebSocketServer({ server });
      sockets.on('connection', (socket) => socket.send('hello'));
      const url = new URL(`${scheme}://localhost:${await listening(t, server)}/`);
      const socket = new WebSocket(url, { agent: outbound.agentFor(url) });
      const text = await new Promise((resolve, reject) => {
        socket.once('message', (data) => resolve(String(data)));
        socket.once('error', reject);
      });
      assert.equal(text, 'hello');
      socket.terminate();
    }
    assert.equal(tunnels.length, 2);
  });

  it('reports to a WebSocket why it refused', async (t) => {
    const { port } = await proxy(t, 'a:b');
    const url = new URL('wss://hub.example/');
    const socket = new WebSocket(url, { agent: createOutbound({ ...NOTHING, HTTP_PROXY: `http://127.0.0.1:${port}` }).agentFor(url) });
    const error = await new Promise((resolve) => socket.once('error', resolve));
    assert.ok(error instanceof CodedError);
    assert.equal(error.code, 'PROXY_AUTHENTICATION');
  });

  it('that refuses, is missing or stays silent is reported as such, not as the hub', async (t) => {
    const refusing = await proxy(t, undefined, 'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n');
    const request = (port: number, timeoutMs = 5000) =>
      createOutbound({ ...NOTHING, HTTP_PROXY: `http://127.0.0.1:${port}` }).request('https://hub.example/', { timeoutMs });
    const refused = await codeOf(request(refusing.port));
    assert.equal(refused.code, 'PROXY_REFUSED');
    assert.match(refused.message, /403/);

    const silent = await proxy(t, undefined, '');
    assert.equal((await codeOf(request(silent.port, 100))).code, 'HUB_TIMEOUT');

    const stopped = createHttpServer();
    const port = await listening(t, stopped);
    await new Promise((resolve) => stopped.close(resolve));
    assert.equal((await codeOf(request(port))).code, 'PROXY_UNREACHABLE');
  });

  it('that stays silent loses its connection, so that retries do not leak connections', async (t) => {
    const silent = await proxy(t, undefined, '');
    const closed = new Promise((resolve) => silent.server.once('connection', (socket) => socket.once('close', resolve)));
    const agent = createTunnelAgent(new URL(`http://127.0.0.1:${silent.port}`), false, undefined, 50);
    const socket = new WebSocket('ws://hub.example/', { agent });
    const error = await new Promise((resolve) => socket.once('error', resolve));
    assert.ok(error instanceof CodedError);
    assert.equal(error.code, 'PROXY_UNREACHABLE');
    await closed;
  });

  it('keeps a tunnel open for longer than it may take to open one', async (t) => {
    const { port } = await proxy(t);
    const server = createHttpServer();
    new WebSocketServer({ server }).on('connection', (peer) => peer.on('message', (data) => peer.send(data)));
    const openingTimeoutMs = 1000;
    const agent = createTunnelAgent(new URL(`http://127.0.0.1:${port}`), false, undefined, openingTimeoutMs);
    const socket = new WebSocket(`ws://127.0.0.1:${await listening(t, server)}/`, { agent });
    await new Promise((resolve) => socket.once('open', resolve));
    await new Promise((resolve) => AbortSignal.timeout(openingTimeoutMs + 100).addEventListener('abort', resolve));
    socket.send('still there');
    assert.equal(String(await new Promise((resolve) => socket.once('message', resolve))), 'still there');
    socket.terminate();
  });

  it('is bypassed for the hosts in NO_PROXY', () => {
    const agent = (address: string, ...NO_PROXY: string[]) =>
      createOutbound({ ...NOTHING, HTTP_PROXY: 'http://proxy.example:3128', NO_PROXY }).agentFor(new URL(address));
    // undefined: Node connects directly
    assert.equal(agent('http://hub.example/', 'hub.example'), undefined);
    assert.equal(agent('http://HUB.example/', '.example'), undefined);
    assert.equal(agent('http://a.hub.example/', '*.hub.example'), undefined);
    assert.equal(agent('http://hub.example:8080/', 'hub.example:8080'), undefined);
    assert.equal(agent('http://[::1]:8080/', '::1'), undefined);
    assert.equal(agent('http://anything/', '*'), undefined);
    assert.notEqual(agent('http://nothub.example/', 'hub.example'), undefined);
    assert.notEqual(agent('http://hub.example:8081/', 'hub.example:8080'), undefined);
    assert.notEqual(agent('http://hub.example/', ''), undefined);
  });
});
