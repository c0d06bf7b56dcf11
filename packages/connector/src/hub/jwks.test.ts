import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { createLog } from '@landbridge/runtime';
import { HUB_EC, HUB_RSA, jwkOf, STRANGER_RSA } from '../../test/fake-hub.ts';
import { jwksKeys } from './jwks.ts';

const { log } = createLog({ level: 'debug', format: 'json', destination: { write: () => {} } });

function published(keys: unknown[]) {
  const state = {
    nowMs: 1_000_000,
    fetches: 0,
    status: 200,
    document: JSON.stringify({ keys }),
    publish(next: unknown[]) {
      state.document = JSON.stringify({ keys: next });
    },
  };
  const hubKeys = jwksKeys({
    url: 'https://hub.example/.well-known/jwks.json',
    log,
    now: () => state.nowMs,
    async request() {
      state.fetches++;
      return { status: state.status, text: state.document };
    },
  });
  const ask = async (kid: string | undefined, alg: 'RS256' | 'ES256' = 'RS256') => {
    const found = await hubKeys.keyFor({ alg, ...(kid === undefined ? {} : { kid }) });
    return 'refused' in found ? found.refused : found.key.export({ format: 'jwk' });
  };
  return { state, ask };
}

const rsa = (kid: string) => jwkOf(HUB_RSA.publicKey, { kid });
const stranger = (kid: string) => jwkOf(STRANGER_RSA.publicKey, { kid });
const HUB = HUB_RSA.publicKey.export({ format: 'jwk' });
const STRANGER = STRANGER_RSA.publicKey.export({ format: 'jwk' });

test('fetches the document once in ten minutes, even for concurrent requests', async () => {
  const { state, ask } = published([rsa('a'), stranger('b')]);
  assert.deepEqual(await Promise.all([ask('a'), ask('b'), ask('a')]), [HUB, STRANGER, HUB]);
  state.nowMs += 599_000;
  await ask('a');
  assert.equal(state.fetches, 1);
  state.nowMs += 1000;
  state.publish([stranger('a')]);
  assert.deepEqual(await ask('a'), STRANGER);
  assert.equal(state.fetches, 2);
});

test('fetches again for an unknown kid, at most once in 30 seconds', async () => {
  const { state, ask } = published([rsa('a')]);
  await ask('a');
  state.publish([rsa('a'), stranger('b')]);
  assert.deepEqual(await Promise.all([ask('b'), ask('b')]), [STRANGER, STRANGER], 'a rotated key works at once');
  assert.equal(state.fetches, 2);
  for (let n = 0; n < 50; n++) assert.match(String(await ask(`made up ${n}`)), /does not publish/);
  assert.equal(state.fetches, 2);
  state.nowMs += 30_000;
  await ask('made up');
  assert.equal(state.fetches, 3);
});

test('keeps the keys if a fetch fails, and does not fetch for every request', async () => {
  const { state, ask } = published([rsa('a')]);
  await ask('a');
  state.nowMs += 600_000;
  for (const broken of [{ status: 500 }, { document: 'not json' }, { document: '{"keys": "none"}' }]) {
    Object.assign(state, { status: 200, document: '{}' }, broken);
    const before = state.fetches;
    assert.deepEqual([await ask('a'), await ask('a')], [HUB, HUB]);
    assert.equal(state.fetches, before + 1);
    state.nowMs += 2000;
  }
  Object.assign(state, { status: 200 });
  state.publish([stranger('a')]);
  assert.deepEqual(await ask('a'), STRANGER);
});

test('trusts no key for more than an hour after the last document', async () => {
  const { state, ask } = published([rsa('a')]);
  await ask('a');
  state.status = 500;
  state.nowMs += 3_599_000;
  assert.deepEqual(await ask('a'), HUB);
  state.nowMs += 1000;
  assert.match(String(await ask('a')), /could not be fetched within the last hour/);
  assert.match(String(await ask(undefined)), /could not be fetched within the last hour/);
  state.nowMs -= 30 * 24 * 3_600_000;
  assert.match(String(await ask('a')), /could not be fetched/, 'the clock was set back');
  state.status = 200;
  state.nowMs += 60 * 24 * 3_600_000;
  assert.deepEqual(await ask('a'), HUB);
});

test('accepts a token without a kid only if there is exactly one key', async () => {
  const one = published([rsa('a')]);
  assert.deepEqual(await one.ask(undefined), HUB);
  const two = published([rsa('a'), stranger('b')]);
  assert.match(String(await two.ask(undefined)), /more or fewer than one/);
  const none = published([]);
  assert.match(String(await none.ask(undefined)), /more or fewer than one/);
});

test('skips keys of other types, and uses a key only with the algorithm it names', async () => {
  const { ask } = published([
    { kty: 'oct', k: 'c2VjcmV0', kid: 'secret', alg: 'HS256' },
    { kty: 'RSA', n: 'broken', kid: 'broken' },
    jwkOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey, { kid: 'weak' }),
    jwkOf(HUB_RSA.publicKey, { kid: 'encrypts', use: 'enc' }),
    jwkOf(HUB_EC.publicKey, { kid: 'e', alg: 'ES256' }),
  ]);
  for (const kid of ['secret', 'broken', 'weak', 'encrypts']) assert.match(String(await ask(kid)), /does not publish/, kid);
  assert.match(String(await ask('e', 'RS256')), /does not publish/);
  assert.deepEqual(await ask('e', 'ES256'), HUB_EC.publicKey.export({ format: 'jwk' }));
});
