import assert from 'node:assert/strict';
import { createHash, createPublicKey } from 'node:crypto';
import { once } from 'node:events';
import { request as httpRequest } from 'node:http';
import { test } from 'node:test';
import { createSelfSigned } from '@landbridge/lab';
import { makeIdentity, pemBody } from '../../test/foreign-connector.ts';
import { startHubForTest } from '../../test/hub-under-test.ts';

const identity = makeIdentity();

async function post(
  ticket: string,
  body: unknown,
): Promise<{ status: number; body: { signingKey?: string; error?: { code: string; message: string } } }> {
  const response = await fetch(ticket, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) });
  return { status: response.status, body: JSON.parse(await response.text()) };
}

test('the info of a ticket has what a connector needs', async (t) => {
  const { hub, createConnection } = await startHubForTest(t);
  const ticket = await createConnection('corp');
  assert.match(ticket, new RegExp(`^${hub.publicUrl}/p/ad/[A-Za-z0-9_-]{36}\\.[A-Za-z0-9_-]{27}\\.[A-Za-z0-9_-]{43}$`));
  const response = await fetch(`${ticket}/info`);
  assert.equal(response.status, 200);
  assert.match(response.headers.get('content-type') ?? '', /^application\/json/);
  assert.deepEqual(await response.json(), {
    connectionName: 'corp',
    connectionDomain: 'localhost',
    adHub: `${hub.publicUrl}/lo/hub`,
    realm: { name: 'urn:landbridge:corp', postTokenUrl: `${hub.publicUrl}/login/callback` },
    kerberos: false,
    certAuth: false,
    thumbprints: [],
  });
});

test('tickets and addresses use PUBLIC_URL', async (t) => {
  const { hub, createConnection } = await startHubForTest(t, { PUBLIC_URL: 'https://hub.example.com/' });
  const ticket = await createConnection();
  assert.ok(ticket.startsWith('https://hub.example.com/p/ad/'));
  const info = await (await fetch(`${ticket.replace('https://hub.example.com', hub.url)}/info`)).text();
  assert.match(info, /"adHub":"https:\/\/hub\.example\.com\/lo\/hub"/);
  assert.match(info, /"connectionDomain":"hub\.example\.com"/);
});

test('a wrong, renewed or deleted ticket is unknown', async (t) => {
  const { hub, api, createConnection } = await startHubForTest(t);
  const old = await createConnection();
  const { status, body } = await api('/connections/corp/ticket', {});
  assert.equal(status, 201);
  assert.equal((await fetch(`${old}/info`)).status, 404);
  assert.equal((await fetch(`${body.ticket}/info`)).status, 200);
  assert.equal((await fetch(`${hub.url}/p/ad/AAAAAAAA/info`)).status, 404);
  assert.equal((await post(old, { certs: [identity.certificate] })).status, 404);
  assert.equal((await api('/connections/corp', undefined, 'DELETE')).status, 204);
  assert.equal((await fetch(`${body.ticket}/info`)).status, 404);
});

test('the info of a ticket has the SHA-1 thumbprint of a registered certificate', async (t) => {
  const { createConnection, api } = await startHubForTest(t);
  const ticket = await createConnection();
  const { status, body } = await post(ticket, { certs: [identity.certificate], agentMode: true, agentVersion: '6.1.0' });
  assert.equal(status, 200);
  assert.equal(createPublicKey(body.signingKey ?? '').asymmetricKeyType, 'rsa');
  const thumbprint = createHash('sha1').update(Buffer.from(identity.certificate, 'base64')).digest('hex');
  const info = await (await fetch(`${ticket}/info`)).text();
  assert.deepEqual(JSON.parse(info).thumbprints, [thumbprint]);
  const [certificate] = (await api('/connections/corp')).body.connection.certificates;
  assert.equal(certificate?.thumbprint, thumbprint);
  assert.equal(certificate?.agentVersion, '6.1.0');
});

test('a connector that reads the JWKS document gets no key at registration, and the document has public keys only', async (t) => {
  const { hub, createConnection } = await startHubForTest(t);
  const { body } = await post(await createConnection(), { certs: [identity.certificate], capabilities: { useJWKS: true } });
  assert.deepEqual(body, { signingKey: '' });
  const jwks = JSON.parse(await (await fetch(`${hub.url}/.well-known/jwks.json`)).text());
  assert.deepEqual(
    jwks.keys.map((key: { alg: string }) => key.alg),
    ['RS256'],
  );
  for (const key of jwks.keys) {
    assert.ok(key.kid);
    assert.equal(key.d, undefined);
    assert.equal(key.p, undefined);
  }
});

test('an invalid certificate is rejected with the name of the field', async (t) => {
  const { createConnection } = await startHubForTest(t);
  const ticket = await createConnection();
  const elliptic = pemBody((await createSelfSigned({ commonName: 'ec' })).cert, 'CERTIFICATE');
  const cases: [unknown, RegExp][] = [
    ['{"certs": [', /not JSON/],
    [[], /body/],
    [{}, /"certs"/],
    [{ certs: [] }, /"certs"/],
    [{ certs: [1] }, /"certs\.0"/],
    [{ certs: ['AAAA'] }, /certs\[0\]/],
    [{ certs: [identity.certificate, 'garbage'] }, /certs\[1\]/],
    [{ certs: [identity.certificate.slice(0, 400)] }, /certs\[0\]/],
    [{ certs: Array(5).fill(identity.certificate) }, /certs/],
    [{ certs: [elliptic] }, /RSA/],
    [{ certs: [makeIdentity(1024).certificate] }, /2048/],
  ];
  for (const [body, message] of cases) {
    await t.test(`${message}: ${JSON.stringify(body).slice(0, 60)}`, async () => {
      const answer = await post(ticket, body);
      assert.equal(answer.status, 400, JSON.stringify(body)?.slice(0, 80));
      assert.equal(answer.body.error?.code, 'invalid_request');
      assert.match(answer.body.error?.message ?? '', message);
    });
  }
  assert.equal((await post(ticket, { certs: [identity.certificate], signInEndpoint: 'x'.repeat(70_000) })).status, 413);
  assert.match(await (await fetch(`${ticket}/info`)).text(), /"thumbprints":\[\]/);
});

test('a body without Content-Length is rejected as soon as it is too large', async (t) => {
  const { createConnection } = await startHubForTest(t);
  const ticket = await createConnection();
  const request = httpRequest(ticket, { method: 'POST' });
  request.on('error', () => {});
  // Never ended: the answer must come before the body is complete.
  request.write('x'.repeat(100_000));
  const [response] = await once(request, 'response');
  assert.equal(response.statusCode, 413);
  request.destroy();
});

test('/test returns the clock', async (t) => {
  const { hub } = await startHubForTest(t);
  const before = Date.now();
  const { clock } = JSON.parse(await (await fetch(`${hub.url}/test`)).text());
  assert.ok(clock >= before && clock <= Date.now());
});
