import assert from 'node:assert/strict';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { afterEach, test } from 'node:test';
import { agentKeys } from '@landbridge/protocol';
import { CompactEncrypt, compactVerify, decodeJwt } from 'jose';
import { type FakeAgent, startFakeHub } from '../../test/fake-hub.ts';
import { linkTo } from '../../test/link-to.ts';
import { createConnectorSealing } from './sealing.ts';

const toStop: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const stop of toStop.splice(0).reverse()) await stop();
});

/** A realm of our hub, whose requests name it as their audience. */
const REALM = 'urn:landbridge:fake';

async function connected(realm = REALM) {
  const hub = await startFakeHub();
  toStop.push(() => hub.stop());
  const passwords: string[] = [];
  const made = linkTo(hub, {
    target: { realm },
    users: {
      authenticate: async ({ username, password }) => {
        passwords.push(password);
        return { profile: { id: username } };
      },
    },
  });
  toStop.push(() => made.link.close());
  const agent = await hub.nextAgent();
  await made.reached('connected');
  return { ...made, agent, keys: keysOf(agent), passwords };
}

function keysOf(agent: FakeAgent) {
  return agentKeys.parse(decodeJwt(agent.authenticate.jwt).keys);
}

type Keys = ReturnType<typeof keysOf>;

/** Sealed by a JOSE library, with a new ephemeral key each time. */
async function seal(keys: Keys, claims: object, header: Record<string, unknown> = {}): Promise<string> {
  return await new CompactEncrypt(Buffer.from(JSON.stringify(claims)))
    .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM', kid: keys.kid, ...header })
    .encrypt(createPublicKey({ key: keys.encryption, format: 'jwk' }));
}

async function verified(keys: Keys, payload: unknown): Promise<unknown> {
  assert.ok(typeof payload === 'object' && payload !== null && 'jws' in payload && typeof payload.jws === 'string');
  const answer = await compactVerify(payload.jws, createPublicKey({ key: keys.signing, format: 'jwk' }));
  assert.deepEqual(answer.protectedHeader, { alg: 'ES256', kid: keys.kid });
  return JSON.parse(new TextDecoder().decode(answer.payload));
}

test('opens a sealed sign-in, and signs the answer together with the name of its frame', async () => {
  const { agent, keys, passwords } = await connected();
  for (const pid of ['one', 'two', 'three']) {
    agent.ask('authenticate_user', { pid, sealed: await seal(keys, { pid, username: 'ada', password: `secret of ${pid}` }) });
    const { n, p } = await agent.nextFrame();
    assert.equal(n, `${pid}_result`);
    assert.deepEqual(await verified(keys, p), { n, p: { profile: { id: 'ada' } } });
  }
  assert.deepEqual(passwords, ['secret of one', 'secret of two', 'secret of three']);
});

test('serves unsealed requests until the hub has sealed one, and not after that', async () => {
  const { agent, keys, passwords, logged } = await connected();
  const pid = agent.ask('authenticate_user', { username: 'ada', password: 'clear' });
  assert.deepEqual(await agent.nextFrame(), { n: `${pid}_result`, p: { profile: { id: 'ada' } } });
  agent.ask('authenticate_user', { pid: 's', sealed: await seal(keys, { pid: 's', username: 'ada', password: 'sealed' }) });
  await agent.nextFrame();
  agent.ask('authenticate_user', { username: 'ada', password: 'clear again' });
  await logged(/it is not sealed, but earlier ones/);
  assert.deepEqual(passwords, ['clear', 'sealed']);
});

test('drops a request for another connection, sealed or not', async () => {
  const { agent, keys, passwords, logged } = await connected();
  const claims = { username: 'ada', password: 'secret word' };
  for (const aud of ['urn:landbridge:another', ['urn:landbridge:another'], [], '', 7, null, {}]) {
    agent.ask('authenticate_user', { ...claims, aud });
    agent.ask('authenticate_user', { pid: 'p', aud, sealed: await seal(keys, { ...claims, pid: 'p' }) });
  }
  await logged(/it is for another connection/);
  for (const aud of [REALM, ['x', REALM]]) {
    agent.ask('authenticate_user', { pid: 'own', aud, sealed: await seal(keys, { ...claims, pid: 'own' }) });
    assert.equal((await agent.nextFrame()).n, 'own_result');
  }
  assert.deepEqual(passwords, ['secret word', 'secret word']);
});

test('serves no unsealed request from a hub that names the audience, not even before the first sealed one', async () => {
  const { agent, passwords, logged } = await connected();
  agent.ask('authenticate_user', { username: 'ada', password: 'clear', aud: REALM });
  await logged(/it is not sealed for this connector/);
  agent.ask('authenticate_user', { username: 'ada', password: 'without audience' });
  await agent.nextFrame();
  assert.deepEqual(passwords, ['without audience']);
});

test('ignores the audience of a hub that is not ours', async () => {
  const { agent, passwords } = await connected('urn:auth0:fabrikam');
  agent.ask('authenticate_user', { username: 'ada', password: 'clear', aud: 'https://fabrikam.auth0.com/' });
  await agent.nextFrame();
  assert.deepEqual(passwords, ['clear']);
});

test('drops requests sealed for another socket or another request, and malformed ones', async () => {
  const { agent, keys, passwords, lines } = await connected();
  const stranger = createConnectorSealing().keys;
  const claims = { pid: 'p', username: 'ada', password: 'secret word' };
  const sealed = await seal(keys, claims);
  const [header, , iv, ciphertext, tag] = sealed.split('.');
  for (const wrong of [
    await seal(stranger, claims),
    await seal({ ...stranger, kid: keys.kid }, claims),
    await seal(keys, { ...claims, pid: 'another' }),
    await seal(keys, [claims]),
    `${header}.AAAA.${iv}.${ciphertext}.${tag}`,
    `${header}..${iv}.${ciphertext}.${tag?.slice(0, 12)}`,
    `${header}..${iv}.${ciphertext?.startsWith('A') ? 'B' : 'A'}${ciphertext?.slice(1)}.${tag}`,
    '....',
    '',
    7,
    null,
  ]) {
    agent.ask('authenticate_user', { pid: 'p', sealed: wrong, username: 'ada', password: 'in clear text beside it' });
  }
  agent.ask('authenticate_user', { pid: 'last', sealed: await seal(keys, { ...claims, pid: 'last' }) });
  assert.equal((await agent.nextFrame()).n, 'last_result');
  assert.deepEqual(passwords, ['secret word']);
  assert.doesNotMatch(lines.join(''), /secret word|in clear text beside it/);
});

test('rejects an ephemeral key that is not on the curve', () => {
  const sealing = createConnectorSealing();
  const epk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
  const header = Buffer.from(JSON.stringify({ alg: 'ECDH-ES', enc: 'A256GCM', kid: sealing.keys.kid, epk: { ...epk, y: epk.x } }));
  const result = sealing.open(`${header.toString('base64url')}..${'A'.repeat(16)}.AAAA.${'A'.repeat(22)}`);
  assert.deepEqual(result, { refused: 'invalid ephemeral key' });
});

test('makes new keys for each socket', async () => {
  const { agent, link, keys } = await connected();
  const hub = await startFakeHub();
  toStop.push(() => hub.stop());
  const other = linkTo(hub);
  toStop.push(() => other.link.close());
  const second = keysOf(await hub.nextAgent());
  assert.notEqual(keys.kid, second.kid);
  assert.notDeepEqual(keys.encryption, second.encryption);
  assert.equal(link.status().state, 'connected');
  assert.deepEqual(agent.frames, []);
});
