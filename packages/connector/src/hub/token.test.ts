import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { createCertificateAuthority } from '@landbridge/lab';
import { CodedError } from '@landbridge/runtime';
import { HUB_EC, HUB_RSA, pemOf, STRANGER_RSA, signToken } from '../../test/fake-hub.ts';
import { createReplayMemory } from './replay.ts';
import { checkToken, signingKey } from './token.ts';

const NOW_SECONDS = 1_800_000_000;
const now = () => NOW_SECONDS * 1000;
const rsaKeys = signingKey(pemOf(HUB_RSA.publicKey));
const ecKeys = signingKey(pemOf(HUB_EC.publicKey));

async function check(token: string, keys = rsaKeys, replay = createReplayMemory({ now, onFull: () => {} })): Promise<string> {
  const checked = await checkToken(token, { keys, replay, now });
  return 'refused' in checked ? checked.refused : 'accepted';
}

for (const alg of ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512']) {
  test(`accepts ${alg} with an RSA key`, async () => {
    assert.equal(await check(signToken({ pid: '1' }, { alg })), 'accepted');
  });
}

for (const [alg, namedCurve] of [
  ['ES256', 'P-256'],
  ['ES384', 'P-384'],
  ['ES512', 'P-521'],
] as const) {
  test(`accepts ${alg} with a key on ${namedCurve}`, async () => {
    const pair = generateKeyPairSync('ec', { namedCurve });
    assert.equal(await check(signToken({ pid: '1' }, { alg, key: pair.privateKey }), signingKey(pemOf(pair.publicKey))), 'accepted');
  });
}

test('returns the claims as they were signed', async () => {
  const claims = { pid: 'p', username: 'zoë', password: 'x', extra: [1, { a: null }] };
  const checks = { keys: rsaKeys, replay: createReplayMemory({ now, onFull: () => {} }), now };
  assert.deepEqual(await checkToken(signToken(claims), checks), { claims });
});

test('rejects forged tokens: no algorithm, the public key as a secret, another key, another payload', async () => {
  assert.match(await check(signToken({ pid: '1' }, { alg: 'none' })), /three parts|algorithm/);
  assert.match(await check(`${signToken({ pid: '1' }, { alg: 'none' })}AA`), /algorithm/);
  for (const alg of ['HS256', 'HS384', 'HS512'])
    assert.match(await check(signToken({ pid: '1' }, { alg, key: HUB_RSA.publicKey })), /algorithm/);
  assert.match(await check(signToken({ pid: '1' }, { key: STRANGER_RSA.privateKey })), /did not sign/);
  const [header, , signature] = signToken({ pid: '1' }).split('.');
  const other = Buffer.from('{"pid":"2"}').toString('base64url');
  assert.match(await check(`${header}.${other}.${signature}`), /did not sign/);
  assert.match(await check(signToken({ pid: '1' }, { alg: 'RS256' }), ecKeys), /does not match/);
  assert.match(await check(signToken({ pid: '1' }, { alg: 'ES256', key: HUB_EC.privateKey })), /does not match/);
});

const token = signToken({ pid: '1' });
const [header = '', payload = '', signature = ''] = token.split('.');
for (const [what, text, problem] of [
  ['an empty text', '', /three parts/],
  ['empty parts', '..', /three parts/],
  ['a trailing dot', `${token}.`, /three parts/],
  ['a missing signature', `${header}.${payload}`, /three parts/],
  ['a padded header', `${header}=.${payload}.${signature}`, /header/],
  ['a padded signature', `${header}.${payload}.${signature}=`, /signature/],
  ['a character outside the alphabet', `${header}.${payload}.${signature}!`, /signature/],
  ['plain base64', `${header}.${payload}.${signature.replaceAll('-', '+').replaceAll('_', '/')}+`, /signature/],
  ['a leading space', ` ${token}`, /header/],
  ['a header that is an array', `${Buffer.from('[]').toString('base64url')}.${payload}.${signature}`, /header/],
  ['a payload that is not JSON', signToken('not json'), /payload/],
  ['a payload that is an array', signToken('[1]'), /payload/],
  ['a payload in invalid UTF-8', signToken(Buffer.from('{"pid":"\xff"}', 'latin1')), /payload/],
  ['a critical extension', signToken({}, { header: { crit: ['exp'] } }), /crit/],
  ['an unencoded payload', signToken({}, { header: { b64: false } }), /b64/],
  ['a list of algorithms', signToken({}, { header: { alg: ['RS256'] } }), /algorithm/],
  ['a kid that is a number', signToken({}, { header: { kid: 7 } }), /kid/],
] as const) {
  test(`rejects a token with ${what}`, async () => {
    assert.match(await check(text), problem);
  });
}

test('allows 5 seconds of clock skew, and a token without exp', async () => {
  assert.equal(await check(signToken({ exp: NOW_SECONDS - 4 })), 'accepted');
  assert.match(await check(signToken({ exp: NOW_SECONDS - 6 })), /expired 6 s ago/);
  assert.equal(await check(signToken({ nbf: NOW_SECONDS + 4 })), 'accepted');
  assert.match(await check(signToken({ nbf: NOW_SECONDS + 7 })), /becomes valid only in 7 s/);
  assert.match(await check(signToken({ exp: 'never' })), /"exp" is not a number/);
  assert.equal(await check(signToken({})), 'accepted');
});

test('rejects a replayed token, even with the other valid ECDSA signature', async () => {
  const replay = createReplayMemory({ now, onFull: () => {} });
  const token = signToken({ pid: '1' }, { alg: 'ES256', key: HUB_EC.privateKey });
  assert.equal(await check(token, ecKeys, replay), 'accepted');
  assert.match(await check(token, ecKeys, replay), /used before/);
  // For (r, s) the pair (r, n - s) is valid as well; n is the order of P-256.
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const signed = token.slice(0, token.lastIndexOf('.'));
  const signature = Buffer.from(token.slice(signed.length + 1), 'base64url');
  const s = order - BigInt(`0x${signature.toString('hex', 32)}`);
  const twin = Buffer.concat([signature.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')]);
  assert.equal(await check(`${signed}.${twin.toString('base64url')}`, ecKeys), 'accepted');
  assert.match(await check(`${signed}.${twin.toString('base64url')}`, ecKeys, replay), /used before/);
});

test('accepts a token after a forgery of it was rejected', async () => {
  const replay = createReplayMemory({ now, onFull: () => {} });
  const token = signToken({ pid: '1' });
  const signed = token.slice(0, token.lastIndexOf('.'));
  assert.match(await check(`${signed}.${Buffer.alloc(256).toString('base64url')}`, rsaKeys, replay), /did not sign/);
  assert.equal(await check(token, rsaKeys, replay), 'accepted');
});

test('reads a signing key from a public key in either form or a certificate, and nothing else', async () => {
  const pkcs1 = String(createPublicKey(HUB_RSA.privateKey).export({ type: 'pkcs1', format: 'pem' }));
  assert.equal(await check(signToken({ pid: '1' }), signingKey(pkcs1)), 'accepted');
  const authority = await createCertificateAuthority();
  const issued = await authority.issue({ commonName: 'hub' });
  const byCertificate = signToken({ pid: '1' }, { alg: 'ES256', key: createPrivateKey(issued.key) });
  assert.equal(await check(byCertificate, signingKey(issued.cert)), 'accepted');
  for (const pem of [
    'nonsense',
    String(HUB_RSA.privateKey.export({ type: 'pkcs8', format: 'pem' })),
    pemOf(generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey),
    pemOf(generateKeyPairSync('ed25519').publicKey),
  ]) {
    assert.throws(
      () => signingKey(pem),
      (error) => error instanceof CodedError && error.code === 'HUB_SIGNING_KEY_UNUSABLE',
    );
  }
});
