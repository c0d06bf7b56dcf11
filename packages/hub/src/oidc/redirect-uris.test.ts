import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkOrigins, checkRedirectUris, originsOf } from './redirect-uris.ts';

test('safe redirect addresses are accepted', () => {
  checkRedirectUris(
    [
      'https://app.example/callback',
      'https://app.example:8443/a/b?tenant=1&x=%20',
      'http://localhost:3000/callback',
      'http://127.0.0.1/',
      'http://[::1]:80/',
      'com.example.app:/callback',
      'app.immich:///oauth-callback',
      'io.github.my-app:/',
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
    'myapp:/callback',
    'myapp://callback',
    'com.example.app://evil.example/callback',
    'com.example.app:////evil.example',
    'com.example.app:callback',
    'com.example.app:/callback#x',
    'https.evil.example@x:/callback',
    'javascript.x:alert(1)',
    'http://127.0.0.1@evil.example/',
    'http://localhost:3000@evil.example/',
    `https://app.example/${'x'.repeat(2000)}`,
  ]) {
    await t.test(JSON.stringify(uri.slice(0, 60)), async () => {
      assert.throws(() => checkRedirectUris([uri], 'redirectUris'), { code: 'REDIRECT_URI_INVALID', message: /"redirectUris"/ }, uri);
    });
  }
  const many = Array.from({ length: 51 }, (_, n) => `https://app.example/${n}`);
  assert.throws(() => checkRedirectUris(many, 'postLogoutRedirectUris'), { message: /"postLogoutRedirectUris"/ });
});

test('an origin has a scheme, a host and nothing else', async (t) => {
  checkOrigins(['https://app.example', 'http://localhost:3000', 'https://app.example:8443'], 'corsOrigins');
  for (const origin of [
    '*',
    'null',
    'https://app.example/',
    'https://app.example/x',
    'http://app.example',
    'https://app.example:443',
    'com.example.app:/x',
  ]) {
    await t.test(origin, () => {
      assert.throws(() => checkOrigins([origin], 'corsOrigins'), { code: 'REDIRECT_URI_INVALID', message: /"corsOrigins"/ });
    });
  }
});

test('a private-use address yields no origin', () => {
  assert.deepEqual(originsOf(['com.example.app:/cb', 'https://app.example/cb']), ['https://app.example']);
});
