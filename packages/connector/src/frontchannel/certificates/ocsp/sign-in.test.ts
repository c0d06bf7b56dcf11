/** Client certificates with OCSP, over real TLS and OpenSSL's own responder. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, before, describe, it, type TestContext } from 'node:test';
import {
  createCertificateAuthority,
  createSelfSigned,
  type KeyPair,
  type OcspResponder,
  startOcspResponder,
  whyNoOcspResponder,
  whyNoSlapd,
} from '@landbridge/lab';
import { type CertificateUsers, startCertificateUsers } from '../../../../test/certificate-users.ts';
import { signedIn } from '../../../../test/signed-in.ts';

describe('client certificates with OCSP', { skip: whyNoSlapd() || whyNoOcspResponder() }, () => {
  let users: CertificateUsers;
  let responder: OcspResponder;
  before(async () => {
    users = await startCertificateUsers();
    responder = await startOcspResponder(users.issuing, { minutes: 60 });
  });
  after(async () => {
    await responder?.[Symbol.asyncDispose]();
    await users?.[Symbol.asyncDispose]();
  });

  async function serverOf(t: TestContext, listener: RequestListener): Promise<string> {
    const server = createServer(listener).listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    const address = server.address();
    return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/`;
  }
  const naming = (n: number, ...ocspUrls: string[]) => users.issuing.issue({ commonName: users.uid(n), clientAuth: true, ocspUrls });

  it('lead to the form unless they are good, and the log has the reason', async () => {
    const [good, revoked, unknown] = [await naming(15, responder.url), await naming(16, responder.url), await naming(17, responder.url)];
    await responder.tell(good, 'good');
    await responder.tell(revoked, 'revoked');
    const front = await users.on({ CLIENT_CERT_OCSP: true });
    assert.equal(await signedIn(front, good), users.uid(15));
    const cases: [KeyPair, RegExp][] = [
      [revoked, /it was revoked \(OCSP/],
      [unknown, /does not know it/],
      [await users.forUser(15), /names no OCSP responder/],
      [await naming(15, 'http://127.0.0.1:1/'), /127\.0\.0\.1:1 did not answer/],
    ];
    for (const [pair, reason] of cases) {
      const before = front.lines.length;
      assert.equal(await signedIn(front, pair), undefined, String(reason));
      assert.match(front.lines.slice(before).join(''), reason);
    }
    assert.equal(await signedIn(await users.on(), revoked), users.uid(16), 'without CLIENT_CERT_OCSP, no responder is asked');
    assert.equal(await signedIn(await users.on({ CLIENT_CERT_CA: users.issuing.cert, CLIENT_CERT_OCSP: true }), good), users.uid(15));
  });

  it('use CLIENT_CERT_OCSP_URL if they name no responder', async () => {
    const pair = await users.forUser(15);
    await responder.tell(pair, 'good');
    assert.equal(await signedIn(await users.on({ CLIENT_CERT_OCSP: true, CLIENT_CERT_OCSP_URL: responder.url }), pair), users.uid(15));
    const off = await users.on({ CLIENT_CERT_OCSP_URL: responder.url });
    assert.match(off.lines.join(''), /CLIENT_CERT_OCSP is off/);
  });

  it('make the connector send requests only if they are otherwise valid', async (t) => {
    let asked = 0;
    const url = await serverOf(t, (_, response) => {
      asked++;
      response.end();
    });
    const front = await users.on({ CLIENT_CERT_OCSP: true });
    const request = { commonName: users.uid(18), clientAuth: true, ocspUrls: [url] };
    const foreign = await createCertificateAuthority('Fabrikam root');
    for (const pair of [
      await foreign.issue(request),
      await createSelfSigned(request),
      await users.issuing.issue({ ...request, clientAuth: false }),
      await users.issuing.issue({ ...request, notAfter: new Date(Date.now() - 1000) }),
    ]) {
      assert.equal(await signedIn(front, pair), undefined);
    }
    assert.equal(asked, 0);
    assert.equal(await signedIn(front, await users.issuing.issue(request)), undefined);
    assert.equal(asked, 1);
  });

  it('lead to the form if the authorities change before the responder answers', async (t) => {
    const [file, pair] = [join(users.folder, 'renewed.pem'), await users.forUser(19)];
    await responder.tell(pair, 'good');
    writeFileSync(file, users.issuing.cert);
    const url = await serverOf(t, async (request, response) => {
      writeFileSync(file, users.root.cert);
      front.front.renew();
      response.writeHead(200, { 'Content-Type': 'application/ocsp-response' }).end(await responder.answerTo(await buffer(request)));
    });
    const front = await users.on({ CLIENT_CERT_CA: file, CLIENT_CERT_OCSP: true, CLIENT_CERT_OCSP_URL: url });
    assert.equal(await signedIn(front, pair), undefined);
    assert.match(front.lines.join(''), /changed during the check/);
  });

  it('lead to the form if the responder is down', async () => {
    const [before, after] = [await naming(15, responder.url), await naming(16, responder.url)];
    await responder.tell(before, 'good');
    await responder.tell(after, 'good');
    const front = await users.on({ CLIENT_CERT_OCSP: true });
    assert.equal(await signedIn(front, before), users.uid(15));
    await responder.kill();
    assert.equal(await signedIn(front, before), users.uid(15), 'the cached response');
    assert.equal(await signedIn(front, after), undefined);
    assert.match(front.lines.join(''), /OCSP_UNREACHABLE/);
  });
});
