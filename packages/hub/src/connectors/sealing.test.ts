import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { once } from 'node:events';
import { type TestContext, test } from 'node:test';
import { CompactSign, compactDecrypt } from 'jose';
import { agentToken, connect, type ForeignConnector, type Provisioned } from '../../test/foreign-connector.ts';
import { startHubForTest } from '../../test/hub-under-test.ts';

const LOGIN = '/connections/corp/login';
const ANNA = { id: 'anna-id' };

/** The keys of a connector whose sealing is done by a JOSE library. */
function makeKeys() {
  const encryption = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const signing = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const kid = 'socket-key-1';
  return {
    kid,
    encryption,
    signing,
    claim: { kid, encryption: encryption.publicKey.export({ format: 'jwk' }), signing: signing.publicKey.export({ format: 'jwk' }) },
  };
}

type Keys = ReturnType<typeof makeKeys>;

async function open(keys: Keys, sealed: unknown): Promise<Record<string, unknown>> {
  const { plaintext, protectedHeader } = await compactDecrypt(String(sealed), keys.encryption.privateKey);
  assert.deepEqual([protectedHeader.alg, protectedHeader.enc, protectedHeader.kid], ['ECDH-ES', 'A256GCM', keys.kid]);
  return JSON.parse(new TextDecoder().decode(plaintext));
}

function signed(frame: object, key: KeyObject, kid: string): Promise<string> {
  return new CompactSign(Buffer.from(JSON.stringify(frame))).setProtectedHeader({ alg: 'ES256', kid }).sign(key);
}

async function sealingConnector(t: TestContext) {
  const hub = await startHubForTest(t);
  const provisioned = await hub.provisioned();
  const keys = makeKeys();
  const connector = await connect(provisioned, {
    token: await agentToken(provisioned, { keys: keys.claim, unique: true }),
    capabilities: [],
  });
  return { ...hub, provisioned, keys, connector };
}

test('claims are sealed to the connector’s key, and its signed answer is accepted', async (t) => {
  const { api, keys, connector, logLines } = await sealingConnector(t);
  for (const password of ['correct horse', 'pässwörd "\\\0']) {
    const login = api(LOGIN, { username: 'anna', password });
    const { claims } = await connector.nextRequest();
    assert.deepEqual(Object.keys(claims).sort(), ['aud', 'exp', 'iat', 'jti', 'pid', 'sealed']);
    assert.deepEqual(await open(keys, claims.sealed), { username: 'anna', password, pid: claims.pid });
    const frame = { n: `${claims.pid}_result`, p: { profile: ANNA } };
    connector.send(frame.n, { jws: await signed(frame, keys.signing.privateKey, keys.kid) });
    const { status, body } = await login;
    assert.equal(status, 200);
    assert.equal(body.profile.id, 'anna-id');
  }
  assert.ok(!JSON.stringify(logLines).includes('correct horse'));
});

test('two requests with the same password have only the header in common', async (t) => {
  const { api, keys, connector } = await sealingConnector(t);
  const seen: string[][] = [];
  for (const username of ['anna', 'berta']) {
    const search = api('/connections/corp/search', { search: username });
    const { claims } = await connector.nextRequest();
    seen.push(String(claims.sealed).split('.'));
    const frame = { n: `${claims.pid}_search_users_result`, p: { users: [] } };
    connector.send(frame.n, { jws: await signed(frame, keys.signing.privateKey, keys.kid) });
    assert.equal((await search).status, 200);
  }
  const [first = [], second = []] = seen;
  assert.equal(first[0], second[0]);
  for (const part of [2, 3, 4]) assert.notEqual(first[part], second[part]);
});

test('an answer that the connector did not sign for this request is ignored', async (t) => {
  const { api, keys, connector } = await sealingConnector(t);
  const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const login = api(LOGIN, { username: 'anna', password: 'p' });
  const { claims } = await connector.nextRequest();
  const n = `${claims.pid}_result`;
  const evil = { n, p: { profile: { id: 'evil' } } };
  const good = await signed({ n, p: { profile: ANNA } }, keys.signing.privateKey, keys.kid);
  const [header, , signature] = good.split('.');
  for (const payload of [
    evil.p,
    { jws: await signed(evil, stranger, keys.kid) },
    { jws: await signed(evil, keys.signing.privateKey, 'another-key') },
    { jws: await signed({ ...evil, n: 'another_result' }, keys.signing.privateKey, keys.kid) },
    { jws: await signed(evil.p, keys.signing.privateKey, keys.kid) },
    { jws: `${header}.${Buffer.from(JSON.stringify(evil)).toString('base64url')}.${signature}` },
    { jws: `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(evil)).toString('base64url')}.` },
    { jws: good.slice(0, -4), profile: ANNA },
    { jws: '..' },
    { jws: 7 },
    null,
  ]) {
    connector.send(n, payload);
  }
  connector.send(n, { jws: good });
  assert.equal((await login).body.profile.id, 'anna-id');
});

test('the answer to one request is not accepted for another', async (t) => {
  const { api, keys, connector } = await sealingConnector(t);
  const first = api(LOGIN, { username: 'anna', password: 'p' });
  const { claims } = await connector.nextRequest();
  const frame = { n: `${claims.pid}_result`, p: { profile: ANNA } };
  const recorded = { jws: await signed(frame, keys.signing.privateKey, keys.kid) };
  connector.send(frame.n, recorded);
  assert.equal((await first).status, 200);
  const second = api(LOGIN, { username: 'berta', password: 'p' });
  const { claims: later } = await connector.nextRequest();
  const n = `${later.pid}_result`;
  connector.send(n, recorded);
  connector.send(n, { jws: await signed({ n, p: { err: { name: 'WrongPassword', message: '' } } }, keys.signing.privateKey, keys.kid) });
  assert.equal((await second).status, 401);
});

test('invalid keys are rejected, and never lead to unsealed requests', async (t) => {
  const { provisioned } = await startHubForTest(t);
  const identity = await provisioned();
  const { claim } = makeKeys();
  const wrong: unknown[] = [
    'yes',
    {},
    { ...claim, encryption: undefined },
    { ...claim, signing: createPublicKey(identity.identity.key).export({ format: 'jwk' }) },
    { ...claim, encryption: { ...claim.encryption, y: claim.encryption.x } },
    { ...claim, kid: 'no' },
  ];
  for (const keys of wrong) await assert.rejects(connected(identity, keys), /authentication_failure/, JSON.stringify(keys));
});

async function connected(identity: Provisioned, keys: unknown): Promise<ForeignConnector> {
  const connector = await connect(identity, { token: await agentToken(identity, { keys, unique: true }) });
  await once(connector.socket, 'close');
  return connector;
}
