/** Certificate status from OpenSSL's own responder, and from servers that send what no responder should. */
import assert from 'node:assert/strict';
import { randomBytes, X509Certificate } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { after, before, describe, it, type TestContext } from 'node:test';
import {
  type CertificateAuthority,
  type CertificateRequest,
  createCertificateAuthority,
  type KeyPair,
  type OcspResponder,
  startOcspResponder,
  whyNoOcspResponder,
} from '@landbridge/lab';
import { createLog } from '@landbridge/runtime';
import { BerReader } from '../../../asn1/ber-reader.ts';
import { type CheckStatus, createOcsp } from './ocsp.ts';
import { certificateId, statusRequest } from './request.ts';
import { createAskResponder } from './responder.ts';
import { validateResponse } from './response.ts';

const NETWORK = {
  HTTP_PROXY: undefined,
  HTTPS_PROXY: undefined,
  NO_PROXY: [],
  CA_CERT: [],
  SSL_CA_FILE: undefined,
  SSL_CA_PATH: undefined,
};
const MINUTE_MS = 60_000;

/** The offset of its ResponseData. */
function signedPart(answer: Buffer): { start: number; end: number } {
  const basic = new BerReader(answer, Error).enter(0x30);
  basic.readInteger(0x0a);
  const bytes = basic.enter(0xa0).enter(0x30);
  bytes.readOid();
  const signed = new BerReader(bytes.readBytes(), Error).enter(0x30).readElement();
  const start = signed.byteOffset - answer.byteOffset;
  return { start, end: start + signed.length };
}

describe('OCSP', { skip: whyNoOcspResponder() }, () => {
  let authority: CertificateAuthority;
  let responder: OcspResponder;
  before(async () => {
    authority = await createCertificateAuthority('Fabrikam people');
    responder = await startOcspResponder(authority, { minutes: 60 });
  });
  after(() => responder?.[Symbol.asyncDispose]());

  const lines: string[] = [];
  const { log } = createLog({ level: 'debug', format: 'json', destination: { write: (line) => lines.push(line) } });

  function checkWith(options: { fallback?: string; minutes?: () => number; timeoutMs?: number; network?: object } = {}): CheckStatus {
    const { fallback, minutes = () => 0, timeoutMs = 10_000, network = {} } = options;
    return createOcsp({
      ask: createAskResponder({ ...NETWORK, ...network }, timeoutMs),
      fallback: fallback === undefined ? undefined : new URL(fallback),
      now: () => new Date(Date.now() + minutes() * MINUTE_MS),
      log,
    });
  }
  const issue = (request: Partial<CertificateRequest> = {}) =>
    authority.issue({ commonName: 'alice', clientAuth: true, ocspUrls: [responder.url], ...request });
  const chainOf = (...pairs: { cert: string }[]) => pairs.map(({ cert }) => new X509Certificate(cert));
  /** Of a certificate issued directly by the authority. */
  const status = (check: CheckStatus, pair: KeyPair) => check(chainOf(pair, authority));

  async function serverOf(t: TestContext, listener: RequestListener): Promise<string> {
    const server = createServer(listener).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    return `http://127.0.0.1:${port}/status`;
  }
  /** A responder that always sends this. */
  const serverWith = (t: TestContext, answer: Buffer, type = 'application/ocsp-response') =>
    serverOf(t, (_, response) => response.writeHead(200, { 'Content-Type': type }).end(answer));

  it('accepts good certificates, and rejects revoked and unknown ones', async () => {
    const [good, revoked, unknown] = [await issue(), await issue(), await issue()];
    await responder.tell(good, 'good');
    await responder.tell(revoked, 'revoked');
    const check = checkWith();
    assert.equal(await status(check, good), undefined);
    assert.match((await status(check, revoked)) ?? '', /^it was revoked/);
    assert.match((await status(check, unknown)) ?? '', /does not know it/);
  });

  it('rejects a certificate that names no responder, unless the settings do', async () => {
    for (const ocspUrls of [[], ['ldap://127.0.0.1/cn=x', 'file:///etc/passwd', 'no address']]) {
      const pair = await issue({ ocspUrls });
      await responder.tell(pair, 'good');
      assert.match((await status(checkWith(), pair)) ?? '', /CLIENT_CERT_OCSP_URL is not set/);
      assert.equal(await status(checkWith({ fallback: responder.url }), pair), undefined);
    }
    const elsewhere = await issue({ ocspUrls: ['http://127.0.0.1:1/'] });
    await responder.tell(elsewhere, 'good');
    assert.match((await status(checkWith({ fallback: responder.url }), elsewhere)) ?? '', /127\.0\.0\.1:1 did not answer/);
  });

  it('also checks authorities that name a responder, except the last one', async () => {
    const root = await createCertificateAuthority('Fabrikam root');
    await using above = await startOcspResponder(root, { minutes: 60 });
    const issuing = await root.issueAuthority('Fabrikam issuing', { ocspUrls: [above.url] });
    await using below = await startOcspResponder(issuing, { minutes: 60 });
    const pair = await issuing.issue({ commonName: 'alice', clientAuth: true, ocspUrls: [below.url] });
    await below.tell(pair, 'good');
    assert.match((await checkWith()(chainOf(pair, issuing, root))) ?? '', /^issuer: .* does not know it/);
    await above.tell(issuing, 'good');
    assert.equal(await checkWith()(chainOf(pair, issuing, root)), undefined);
    await above.tell(issuing, 'revoked');
    assert.match((await checkWith()(chainOf(pair, issuing, root))) ?? '', /^issuer: it was revoked/);
    assert.equal(await checkWith()(chainOf(pair, issuing)), undefined);

    const silent = await root.issueAuthority('Fabrikam issuing 2');
    const certificate = await silent.issue({ commonName: 'alice', clientAuth: true });
    await using its = await startOcspResponder(silent, { minutes: 60 });
    await its.tell(certificate, 'good');
    assert.equal(await checkWith({ fallback: its.url })(chainOf(certificate, silent, root)), undefined);
  });

  it('reuses a good response for up to five minutes, within its validity', async () => {
    let minutes = 0;
    const pair = await issue();
    await responder.tell(pair, 'good');
    const check = checkWith({ minutes: () => minutes });
    assert.equal(await status(check, pair), undefined);
    await responder.tell(pair, 'revoked');
    minutes = 4;
    assert.equal(await status(check, pair), undefined);
    minutes = 6;
    assert.match((await status(check, pair)) ?? '', /it was revoked/);

    await using brief = await startOcspResponder(authority, { minutes: 1 });
    const other = await issue({ ocspUrls: [brief.url] });
    await brief.tell(other, 'good');
    minutes = 0;
    assert.equal(await status(check, other), undefined);
    await brief.tell(other, 'revoked');
    minutes = 2;
    assert.match((await status(check, other)) ?? '', /it was revoked/);
  });

  it('sends one request for concurrent checks of a certificate', async (t) => {
    const pair = await issue();
    await responder.tell(pair, 'good');
    let asked = 0;
    const url = await serverOf(t, async (request, response) => {
      asked++;
      assert.equal(request.headers['content-type'], 'application/ocsp-request');
      response.writeHead(200, { 'Content-Type': 'application/ocsp-response; x=y' }).end(await responder.answerTo(await buffer(request)));
    });
    const named = await issue({ ocspUrls: [url] });
    await responder.tell(named, 'good');
    const check = checkWith();
    assert.deepEqual(new Set(await Promise.all(Array.from({ length: 20 }, () => status(check, named)))), new Set([undefined]));
    assert.equal(asked, 1);
  });

  it('accepts only the authority and responders that it authorised', async (t) => {
    const authorised = await authority.issue({ commonName: 'responder', ocspSigning: true });
    const namesake = await createCertificateAuthority('Fabrikam people');
    const above = await createCertificateAuthority('Fabrikam root');
    const day = 24 * 60 * MINUTE_MS;
    const cases: [string, Parameters<typeof startOcspResponder>[1], RegExp | undefined][] = [
      ['authorised', { signer: authorised }, undefined],
      ['authorised, without sending its certificate', { signer: authorised, noCertificates: true }, /neither by the authority nor/],
      ['a user of the same authority', { signer: await issue() }, /neither by the authority nor/],
      [
        'authorised by an authority of the same name',
        { signer: await namesake.issue({ commonName: 'r', ocspSigning: true }) },
        /neither by/,
      ],
      ['authorised by another authority', { signer: await above.issue({ commonName: 'r', ocspSigning: true }) }, /neither by/],
      [
        'with an expired certificate',
        { signer: await authority.issue({ commonName: 'r', ocspSigning: true, notAfter: new Date(Date.now() - day) }) },
        /neither by/,
      ],
      ['an authority of the same name', { signer: namesake }, /neither by/],
    ];
    for (const [name, options, reason] of cases) {
      await t.test(name, async () => {
        await using other = await startOcspResponder(authority, { minutes: 60, ...options });
        const pair = await issue({ ocspUrls: [other.url] });
        await other.tell(pair, 'good');
        const found = await status(checkWith(), pair);
        if (reason === undefined) assert.equal(found, undefined);
        else assert.match(found ?? '', reason);
      });
    }
  });

  describe('validateResponse', () => {
    let pair: KeyPair;
    let asked: { id: Buffer; issuer: X509Certificate; nonce: Buffer; now: Date };
    before(async () => {
      pair = await issue();
      await responder.tell(pair, 'good');
      const [certificate, issuer] = chainOf(pair, authority);
      assert.ok(certificate !== undefined && issuer !== undefined);
      asked = { id: certificateId(certificate, issuer), issuer, nonce: randomBytes(32), now: new Date() };
    });
    const whenMinutes = (minutes: number) => ({ ...asked, now: new Date(Date.now() + minutes * MINUTE_MS) });

    it('accepts responses without a nonce and rejects another nonce', async () => {
      assert.equal(validateResponse(await responder.answerTo(statusRequest(asked.id, asked.nonce)), asked).status, 'good');
      assert.equal(validateResponse(await responder.answerTo(await responder.requestFor(pair)), asked).status, 'good');
      const replayed = await responder.answerTo(statusRequest(asked.id, randomBytes(32)));
      assert.throws(() => validateResponse(replayed, asked), /answers another request/);
    });

    it('rejects responses that are not recent', async () => {
      const request = await responder.requestFor(pair);
      const holds = await responder.answerTo(request);
      assert.equal(validateResponse(holds, whenMinutes(64)).status, 'good');
      assert.throws(() => validateResponse(holds, whenMinutes(66)), /too old/);
      assert.equal(validateResponse(holds, whenMinutes(-4)).status, 'good');
      assert.throws(() => validateResponse(holds, whenMinutes(-6)), /in the future/);
      await using always = await startOcspResponder(authority);
      await always.tell(pair, 'good');
      const doesNotSay = await always.answerTo(request);
      assert.deepEqual(validateResponse(doesNotSay, whenMinutes(4)), { status: 'good', nextUpdate: undefined });
      assert.throws(() => validateResponse(doesNotSay, whenMinutes(6)), /too old/);
    });

    it('rejects responses about another certificate or authority', async () => {
      const other = await issue();
      await responder.tell(other, 'good');
      const about = await responder.answerTo(await responder.requestFor(other));
      assert.throws(() => validateResponse(about, asked), /about another certificate/);
      // The same serial number under another authority with the same signer: only the hashes of name and key differ.
      const serialNumber = new X509Certificate(pair.cert).serialNumber;
      const sibling = await createCertificateAuthority('Fabrikam others');
      await using its = await startOcspResponder(sibling, { minutes: 60, signer: authority });
      const twin = await sibling.issue({ commonName: 'alice', clientAuth: true, serialNumber });
      await its.tell(twin, 'good');
      const aboutTwin = await its.answerTo(await its.requestFor(twin));
      assert.throws(() => validateResponse(aboutTwin, asked), /about another certificate/);
    });

    it('rejects any changed bit of the signed part, and any truncation, with an error', async () => {
      const whole = await responder.answerTo(statusRequest(asked.id, asked.nonce));
      const signed = signedPart(whole);
      for (let i = 0; i < whole.length; i++) {
        const changed = Buffer.from(whole);
        changed[i] = (changed[i] ?? 0) ^ (1 << (i % 8));
        try {
          validateResponse(changed, asked);
          // The unsigned part has optional content, such as certificates that did not sign it.
          assert.ok(i < signed.start || i >= signed.end, `byte ${i}`);
        } catch (error) {
          assert.ok(error instanceof Error);
        }
        assert.throws(() => validateResponse(whole.subarray(0, i), asked));
      }
    });
  });

  it('rejects everything that is not a response', async (t) => {
    const cases: [string, string, RegExp][] = [
      [
        'an error page',
        await serverWith(t, Buffer.from('<h1>Not now</h1>'), 'text/html'),
        /expected application\/ocsp-response, got text\/html/,
      ],
      ['a page with the content type of a response', await serverWith(t, Buffer.from('<h1>Not now</h1>')), /not an OCSP response/],
      ['nothing', await serverWith(t, Buffer.alloc(0)), /not an OCSP response/],
      ['noise', await serverWith(t, randomBytes(2000)), /not an OCSP response/],
      ['unlimited nesting', await serverWith(t, Buffer.alloc(60_000, Buffer.of(0x30, 0x80))), /not an OCSP response/],
      ['an oversized response', await serverWith(t, Buffer.alloc(70_000, 0x30)), /more than 65536 bytes/],
      ['tryLater', await serverWith(t, Buffer.of(0x30, 3, 0x0a, 1, 3)), /tryLater/],
      ['unauthorized', await serverWith(t, Buffer.of(0x30, 3, 0x0a, 1, 6)), /unauthorized/],
      ['an empty success', await serverWith(t, Buffer.of(0x30, 3, 0x0a, 1, 0)), /not an OCSP response/],
      ['an error', await serverOf(t, (_, response) => response.writeHead(500).end()), /status 500/],
      ['a redirect', await serverOf(t, (_, response) => response.writeHead(302, { Location: responder.url }).end()), /status 302/],
    ];
    // Only these have a short timeout, because the machine may be busy.
    const slow: typeof cases = [
      ['no response', await serverOf(t, () => {}), /did not answer within 500 ms/],
      [
        'an endless response',
        await serverOf(t, (request, response) => {
          response.writeHead(200, { 'Content-Type': 'application/ocsp-response' });
          const timer = setInterval(() => response.write('0'), 10);
          request.socket.once('close', () => clearInterval(timer));
        }),
        /did not answer within 500 ms/,
      ],
    ];
    for (const [name, url, reason] of [...cases, ...slow]) {
      await t.test(name, async () => {
        const pair = await issue({ ocspUrls: [url] });
        await responder.tell(pair, 'good');
        const before = lines.length;
        assert.match((await status(checkWith(slow.some(([slowName]) => slowName === name) ? { timeoutMs: 500 } : {}), pair)) ?? '', reason);
        const logged = lines.slice(before).join('');
        assert.match(logged, /OCSP request failed/);
        // The path may contain a secret.
        assert.doesNotMatch(logged, /\/status/);
      });
    }
  });

  it('sends plain requests through the proxy, unless NO_PROXY exempts the responder', async (t) => {
    const seen: IncomingMessage[] = [];
    const url = await serverOf(t, async (request, response) => {
      seen.push(request);
      const answer = await responder.answerTo(await buffer(request));
      response.writeHead(200, { 'Content-Type': 'application/ocsp-response' }).end(answer);
    });
    const proxy = new URL(url).host;
    const pair = await issue({ ocspUrls: ['http://ocsp.fabrikam.example:8080/a?b'] });
    await responder.tell(pair, 'good');
    assert.equal(await status(checkWith({ network: { HTTP_PROXY: `http://name:p%40ss@${proxy}` } }), pair), undefined);
    assert.equal(seen[0]?.url, 'http://ocsp.fabrikam.example:8080/a?b');
    assert.equal(seen[0]?.headers.host, 'ocsp.fabrikam.example:8080');
    assert.equal(seen[0]?.headers['proxy-authorization'], `Basic ${Buffer.from('name:p@ss').toString('base64')}`);
    const direct = await issue();
    await responder.tell(direct, 'good');
    assert.equal(await status(checkWith({ network: { HTTP_PROXY: `http://${proxy}`, NO_PROXY: ['127.0.0.1'] } }), direct), undefined);
    assert.equal(seen.length, 1);
  });
});
