import assert from 'node:assert/strict';
import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { test } from 'node:test';
import { derSignature, fromBase64url, jsonFromBase64url, jsonToBase64url } from './jose.ts';

test('base64url has one form', async (t) => {
  for (const [what, text] of Object.entries({
    'rejects padding': 'YQ==',
    'rejects unused bits that are set': 'YR',
    'rejects characters of plain base64': '+/+/',
    'rejects white space': 'YQ ',
    'rejects a single character': 'Y',
  })) {
    await t.test(what, () => assert.equal(fromBase64url(text), undefined));
  }
  assert.deepEqual(fromBase64url('_-_-'), Buffer.of(0xff, 0xef, 0xfe));
});

test('JSON survives base64url, and anything else is undefined', () => {
  const value = { name: 'Zoë', list: [1, null] };
  assert.deepEqual(jsonFromBase64url(jsonToBase64url(value)), value);
  assert.equal(jsonFromBase64url(Buffer.from('{').toString('base64url')), undefined);
  assert.equal(jsonFromBase64url(Buffer.from('"\xff"', 'latin1').toString('base64url')), undefined, 'invalid UTF-8');
});

test('ECDSA signatures convert to DER on each curve, also with leading zeros and set top bits', () => {
  for (const [namedCurve, digest] of [
    ['P-256', 'sha256'],
    ['P-384', 'sha384'],
    ['P-521', 'sha512'],
  ]) {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: namedCurve ?? '' });
    // One number in 256 begins with a zero byte.
    for (let n = 0; n < 300; n++) {
      const data = Buffer.from(`message ${n}`);
      const signature = sign(digest, data, { key: privateKey, dsaEncoding: 'ieee-p1363' });
      assert.ok(verify(digest, data, publicKey, derSignature(signature)));
    }
  }
});
