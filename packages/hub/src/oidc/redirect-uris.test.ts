import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkRedirectUris } from './redirect-uris.ts';

test('safe redirect addresses are accepted', () => {
  checkRedirectUris(
    [
      'https://app.example/callback',
      'https://app.example:8443/a/b?tenant=1&x=%20',
      'http://localhost:3000/callback',
      'http://127.0.0.1/',
      'http://[::1]:80/',
    ],
    'redirectUris',
  );
});

test('unsafe or invalid redirect addresses are rejected with the name of the field', async (t) => {
  for (const uri of [
    '',
    'app.example/callback',
    '//app.example/callback',
    '/callback',
    'http://app.example/callback',
    'http://localhost.evil.example/',
    'http://127.0.0.1.evil.example/',
    'http://2130706433.example/',
    'https://app.example/callback#fragment',
    'https://app.example/callback#',
    'https://*.app.example/callback',
    'https://user:secret@app.example/',
    'https://app.example\\@evil.example/',
    'https://app.example/\r\nLocation: https://evil.example',
    'https://app.example/ö',
    'javascript:alert(1)',
    'data:text/html,x',
    'com.example.app:/callback',
    `https://app.example/${'x'.repeat(2000)}`,
  ]) {
    await t.test(JSON.stringify(uri.slice(0, 60)), async () => {
      assert.throws(() => checkRedirectUris([uri], 'redirectUris'), { code: 'REDIRECT_URI_INVALID', message: /"redirectUris"/ }, uri);
    });
  }
  const many = Array.from({ length: 51 }, (_, n) => `https://app.example/${n}`);
  assert.throws(() => checkRedirectUris(many, 'postLogoutRedirectUris'), { message: /"postLogoutRedirectUris"/ });
});
