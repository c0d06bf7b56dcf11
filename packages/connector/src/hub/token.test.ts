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
  const checked = await checkToken(token, keys, replay, now);
  return 'refused' in checked ? checked.refused : 'accepted';
}

test('each asymmetric algorithm that fits the key is accepted', async () => {
  for (const alg of ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512'])
    assert.equal(await check(signToken({ pid: '1' }, { alg })), 'accepted', alg);
  for (const [alg, namedCurve] of [
    ['ES256', 'P-256'],
    ['ES384', 'P-384'],
    ['ES512', 'P-521'],
  ] as const) {
    const pair = generateKeyPairSync('ec', { namedCurve });
    assert.equal(await check(signToken({ pid: '1' }, { alg, key: pair.privateKey }), signingKey(pemOf(pair.publicKey))), 'accepted', alg);
  }
});

test('the claims come as they were signed', async () => {
  const claims = { pid: 'p', username: 'zoë', password: 'x', extra: [1, { a: null }] };
  assert.deepEqual(await checkToken(signToken(claims), rsaKeys, createReplayMemory({ now, onFull: () => {} }), now), { claims });
});

test('forged tokens are refused: no algorithm, the public key as a secret, another key, another payload', async () => {
  assert.match(await check(signToken({ pid: '1' }, { alg: 'none' })), /three parts|algorithm/);
  assert.match(await check(`${signToken({ pid: '1' }, { alg: 'none' })}AA`), /algorithm/);
  for (const alg of ['HS256', 'HS384', 'HS512'])
    assert.match(await check(signToken({ pid: '1' }, { alg, key: HUB_RSA.publicKey })), /algorithm/);
  assert.match(await check(signToken({ pid: '1' }, { key: STRANGER_RSA.privateKey })), /not by the hub/);
  const [header, , signature] = signToken({ pid: '1' }).split('.');
  const other = Buffer.from('{"pid":"2"}').toString('base64url');
  assert.match(await check(`${header}.${other}.${signature}`), /not by the hub/);
  assert.match(await check(signToken({ pid: '1' }, { alg: 'RS256' }), ecKeys), /does not fit/);
  assert.match(await check(signToken({ pid: '1' }, { alg: 'ES256', key: HUB_EC.privateKey })), /does not fit/);
});

test('only the one strict form of a token is read', async () => {
  const token = signToken({ pid: '1' });
  const [header = '', payload = '', signature = ''] = token.split('.');
  for (const [text, problem] of [
    ['', /three parts/],
    ['..', /three parts/],
    [`${token}.`, /three parts/],
    [`${header}.${payload}`, /three parts/],
    [`${header}=.${payload}.${signature}`, /header/],
    [`${header}.${payload}.${signature}=`, /signature/],
    [`${header}.${payload}.${signature}!`, /signature/],
    [`${header}.${payload}.${signature.replaceAll('-', '+').replaceAll('_', '/')}+`, /signature/],
    [` ${token}`, /header/],
    [`${Buffer.from('[]').toString('base64url')}.${payload}.${signature}`, /header/],
    [signToken('not json'), /payload/],
    [signToken('[1]'), /payload/],
    [signToken({}, { header: { crit: ['exp'] } }), /crit/],
    [signToken({}, { header: { b64: false } }), /b64/],
    [signToken({}, { header: { alg: ['RS256'] } }), /algorithm/],
    [signToken({}, { header: { kid: 7 } }), /kid/],
  ] as const) {
    assert.match(await check(text), problem, text);
  }
  assert.match(await check(signToken(Buffer.from('{"pid":"\xff"}', 'latin1'))), /payload/, 'invalid UTF-8');
});

test('times hold with 5 seconds of tolerance, and a missing exp is no fault', async () => {
  assert.equal(await check(signToken({ exp: NOW_SECONDS - 4 })), 'accepted');
  assert.match(await check(signToken({ exp: NOW_SECONDS - 6 })), /expired 6 s ago/);
  assert.equal(await check(signToken({ nbf: NOW_SECONDS + 4 })), 'accepted');
  assert.match(await check(signToken({ nbf: NOW_SECONDS + 7 })), /valid only in 7 s/);
  assert.match(await check(signToken({ exp: 'never' })), /"exp" is not a number/);
  assert.equal(await check(signToken({})), 'accepted');
});

test('the same token twice is refused, also with the other valid ECDSA signature', async () => {
  const replay = createReplayMemory({ now, onFull: () => {} });
  const token = signToken({ pid: '1' }, { alg: 'ES256', key: HUB_EC.privateKey });
  assert.equal(await check(token, ecKeys, replay), 'accepted');
  assert.match(await check(token, ecKeys, replay), /used before/);
  // For (r, s) the pair (r, n - s) is valid, too; n is the order of P-256.
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
  const signed = token.slice(0, token.lastIndexOf('.'));
  const signature = Buffer.from(token.slice(signed.length + 1), 'base64url');
  const s = order - BigInt(`0x${signature.toString('hex', 32)}`);
  const twin = Buffer.concat([signature.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')]);
  assert.equal(await check(`${signed}.${twin.toString('base64url')}`, ecKeys), 'accepted');
  assert.match(await check(`${signed}.${twin.toString('base64url')}`, ecKeys, replay), /used before/);
});

test('a forged token does not use up the true one', async () => {
  const replay = createReplayMemory({ now, onFull: () => {} });
  const token = signToken({ pid: '1' });
  const signed = token.slice(0, token.lastIndexOf('.'));
  assert.match(await check(`${signed}.${Buffer.alloc(256).toString('base64url')}`, rsaKeys, replay), /not by the hub/);
  assert.equal(await check(token, rsaKeys, replay), 'accepted');
});

test('a signing key may be a public key in either form or a certificate; anything else is refused with a reason', async () => {
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
