/** What a TLS-terminating proxy between hub and connector can read and do. */
import assert from 'node:assert/strict';
import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { test } from 'node:test';
import { freePort, startSlapd, whyNoSlapd } from '@landbridge/lab';
import { directoryConfig, startConnector, startHub, untilLogged } from './programs.ts';
import { startTlsProxy } from './tls-proxy.ts';

test('a TLS-terminating proxy can neither read requests and answers nor impersonate the hub', { skip: whyNoSlapd() }, async () => {
  const key = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const port = await freePort();
  await using slapd = await startSlapd({ users: 3 });
  await using hub = await startHub({ PUBLIC_URL: `http://127.0.0.1:${port}` });
  const addKey = { ...key.publicKey.export({ format: 'jwk' }), kid: 'proxy', alg: 'RS256', use: 'sig' };
  await using proxy = await startTlsProxy(port, hub.url, { addKey });
  const ticket = await hub.createConnection('corp');
  await using connector = await startConnector({
    ...directoryConfig(slapd, 'plain'),
    PROVISIONING_TICKET: ticket,
    ENABLE_WRITE_BACK: true,
  });
  await hub.untilConnectors('corp', 1);
  const [user] = slapd.users.ordinary;
  assert.ok(user);
  const signsIn = async () => assert.equal((await hub.login('corp', user.uid, user.password)).status, 200);
  await signsIn();
  assert.equal((await hub.login('corp', user.uid, 'a-wrong-Passw0rd')).status, 401);

  // The connector enrolled without revealing its ticket, and the part that the proxy saw is not a valid ticket.
  const [, secret = ''] = (ticket.split('/').at(-1) ?? '').split('.');
  assert.ok(proxy.requests.some((request) => request.includes('/p/enrol/')));
  assert.ok(!proxy.requests.some((request) => request.includes('/p/ad/') || request.includes(secret)));

  // After the two frames of the handshake, everything is encrypted.
  const clear = proxy.frames.filter(({ isBinary }) => !isBinary).map(({ text }) => JSON.parse(text).n);
  assert.deepEqual(clear, ['authenticate', 'authenticated']);
  // The hub's first frame tells its time.
  const [, ...requests] = proxy.frames.filter(({ from, isBinary }) => from === 'hub' && isBinary);
  assert.equal(requests.length, 2);
  for (const { text, isBinary } of proxy.frames) if (isBinary) assert.ok(!text.includes(user.uid) && !text.includes('pid'));

  for (const [what, frame] of [
    ['a request signed with a key that the proxy added to the JWKS document', signedRequest(key.privateKey, user.uid)],
    ['a request of the hub, again', Buffer.from(requests[0]?.text ?? '', 'latin1')],
    ['a request in clear', JSON.stringify({ n: 'search_users', p: { pid: 'evil', search: '', exp: 4_000_000_000 } })],
  ] as const) {
    const before = proxy.frames.length;
    proxy.connectorSocket().send(frame);
    // The connector closes the socket and reconnects in a new session.
    await untilLogged([connector], /HUB_SESSION_BROKEN/);
    await hub.untilConnectors('corp', 0);
    await hub.untilConnectors('corp', 1);
    await signsIn();
    const answers = proxy.frames.slice(before).filter(({ text }) => /evil|_result/.test(text));
    assert.deepEqual(answers, [], what);
  }
});

function signedRequest(key: KeyObject, username: string): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = {
    pid: 'evil',
    username,
    password: 'Proxys-0wn-Passw0rd',
    aud: 'urn:landbridge:corp',
    exp: Math.floor(Date.now() / 1000) + 50,
  };
  const signed = `${encode({ alg: 'RS256', kid: 'proxy' })}.${encode(claims)}`;
  const jwt = `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
  return JSON.stringify({ n: 'change_password', p: { jwt } });
}
