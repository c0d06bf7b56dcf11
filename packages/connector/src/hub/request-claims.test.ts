import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HUB_RSA, pemOf, signToken } from '../../test/fake-hub.ts';
import { createReplayMemory } from './replay.ts';
import { createSessionClaimsReader, createTokenClaimsReader } from './request-claims.ts';
import { signingKey } from './token.ts';

const NOW_SECONDS = 1_800_000_000;
const now = () => NOW_SECONDS * 1000;
const REALM = 'urn:landbridge:corp';

function tokenReader(realm: string) {
  return createTokenClaimsReader(
    { keys: signingKey(pemOf(HUB_RSA.publicKey)), replay: createReplayMemory({ now, onFull: () => {} }), now },
    realm,
  );
}

test('a token for another connection of our hub is refused', async () => {
  const read = tokenReader(REALM);
  for (const aud of ['urn:landbridge:another', ['urn:landbridge:another'], [], '', 7, null, {}]) {
    const outcome = await read({ jwt: signToken({ pid: '1', aud }) });
    assert.deepEqual(outcome, { refused: 'it is for another connection' }, JSON.stringify(aud));
  }
  for (const aud of [REALM, ['x', REALM]]) {
    const claims = { pid: '1', aud };
    assert.deepEqual(await read({ jwt: signToken(claims) }), { claims }, JSON.stringify(aud));
  }
});

test('a token of our hub without an audience is refused', async () => {
  assert.deepEqual(await tokenReader(REALM)({ jwt: signToken({ pid: '1' }) }), { refused: 'it has no audience' });
});

test('the audience of a hub that is not ours is ignored', async () => {
  for (const claims of [{ pid: '1', aud: 'https://fabrikam.auth0.com/' }, { pid: '1' }]) {
    assert.deepEqual(await tokenReader('urn:auth0:fabrikam')({ jwt: signToken(claims) }), { claims });
  }
});

test('a request without a token is refused regardless of its claims', async () => {
  const read = tokenReader(REALM);
  for (const payload of [undefined, null, 'x', {}, { jwt: '' }, { jwt: 7 }, { pid: '1', username: 'a', password: 'b' }]) {
    assert.deepEqual(await read(payload), { refused: 'no token' }, JSON.stringify(payload));
  }
});

test('in a session, expired claims and claims without an expiry are refused', () => {
  const read = createSessionClaimsReader(now);
  const claims = { pid: '1', username: 'a', exp: NOW_SECONDS + 1 };
  assert.deepEqual(read(claims), { claims });
  assert.deepEqual(
    read({ ...claims, exp: NOW_SECONDS - 4 }),
    { claims: { ...claims, exp: NOW_SECONDS - 4 } },
    'clocks may differ a little',
  );
  for (const [payload, problem] of [
    [{ ...claims, exp: NOW_SECONDS - 6 }, /expired/],
    [{ ...claims, exp: 'soon' }, /no expiry/],
    [{ pid: '1', username: 'a' }, /no expiry/],
    [{ jwt: signToken(claims) }, /no expiry/],
    [undefined, /no claims/],
    [null, /no claims/],
    [[claims], /no claims/],
    ['x', /no claims/],
  ] as const) {
    const outcome = read(payload);
    assert.ok(!(outcome instanceof Promise) && 'refused' in outcome, JSON.stringify(payload));
    assert.match(outcome.refused, problem);
  }
});
