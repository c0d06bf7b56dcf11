/** Forged forms, sessions, addresses and tokens, and pages that must not repeat what was sent to them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sendRaw, statusesIn } from '@landbridge/lab';
import { namedFailure } from '@landbridge/protocol';
import { HUB_RSA, pemOf, STRANGER_RSA, signToken } from '../../test/fake-hub.ts';
import { actionOf, fieldsOf, OTHER_REPLY, REALM, REPLY_TO } from '../../test/front-channel-on.ts';
import { EVERYBODY, opened, rawRequest, SIGN_IN, signedInAs } from '../../test/trusted-identity.ts';
import { checkToken, signingKey } from '../hub/token.ts';

const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' };

test('accepts passwords only in the body of a POST, and ignores method overrides', async (t) => {
  const on = await opened(t, {});
  const query = `${SIGN_IN}&username=anna&password=right&_method=POST`;
  const overrides: Record<string, string>[] = [
    {},
    { 'X-HTTP-Method-Override': 'POST' },
    { 'X-Method-Override': 'POST', 'X-HTTP-Method': 'POST' },
  ];
  for (const headers of overrides) {
    const shown = await on.ask(query, { headers });
    assert.match(shown.text, /name="password"/);
    assert.doesNotMatch(shown.text, /"right"|=right/);
  }
  // Passwords in addresses end up in histories and logs.
  const posted = await on.ask(query, { method: 'POST', headers: FORM, body: '' });
  assert.match(posted.text, /name="password"/);
  const direct = await on.ask('/wsfed/direct?username=anna&password=right', { method: 'POST', headers: FORM, body: '' });
  assert.equal(direct.status, 401);
  for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE', 'PROPFIND']) {
    const answer = await on.ask(query, { method, headers: { ...FORM, Cookie: 'secret=cookie' } });
    assert.equal(answer.status, 404, method);
    assert.doesNotMatch(answer.text, /secret|anna/);
  }
  assert.equal(
    (await on.ask(SIGN_IN, { headers: { Connection: 'Upgrade', Upgrade: 'h2c', 'HTTP2-Settings': 'AAMAAABkAAQCAAAAAAIAAAAA' } })).status,
    200,
  );
});

test('only a sign-in with the form begins a session, and only for its own user', async (t) => {
  const on = await opened(t, {});
  const cookieOf = (answer: { headers: Record<string, string | string[] | undefined> }) => [answer.headers['set-cookie'] ?? []].flat();
  // No session before the sign-in, so none can be fixated.
  const page = await on.begin({}, { headers: { Cookie: '__Host-landbridge=v1.chosen.byme' } });
  assert.deepEqual(cookieOf(page), []);
  const signedIn = await on.fillIn(
    page,
    { username: 'anna', password: 'right' },
    { headers: { Cookie: '__Host-landbridge=v1.chosen.byme' } },
  );
  const [cookie = ''] = cookieOf(signedIn);
  assert.match(cookie, /^__Host-landbridge=v2\./);
  assert.doesNotMatch(cookie, /chosen/);
  for (const [fields, headers] of [
    [{ username: 'anna', password: 'wrong' }, {}],
    [{ username: 'anna', password: 'right' }, { Origin: 'https://evil.example' }],
  ] as const) {
    const answer = await on.fillIn(page, fields, { headers });
    assert.deepEqual(cookieOf(answer), []);
    assert.equal(actionOf(answer.text), 'wsfed');
  }
  // Another user's sign-in replaces the session.
  const Cookie = cookie.split(';')[0] ?? '';
  const [other = ''] = cookieOf(await on.fillIn(page, { username: 'bertha', password: 'right' }, { headers: { Cookie } }));
  const again = await on.begin({}, { headers: { Cookie: other.split(';')[0] ?? '' } });
  assert.deepEqual(signedInAs(again.text), ['bertha']);
  // Two cookies count as none, since one may have been planted.
  assert.match((await on.begin({}, { headers: { Cookie: `${Cookie}; ${other.split(';')[0]}` } })).text, /name="password"/);

  // A session only says who signed in: the account is checked each time.
  const disabled = { failure: namedFailure('AccountDisabled', {}) };
  const refusing = await opened(t, {}, { users: { ...EVERYBODY, signInVerified: async () => disabled } });
  const refused = await refusing.begin({}, { headers: { Cookie } });
  assert.deepEqual([refused.status, signedInAs(refused.text)], [200, []]);
  assert.match(refused.text, /name="password"/);

  // Another connection with the same key, as after an import.
  const partners = await opened(t, {}, { connection: { name: 'partners' } });
  assert.match((await partners.begin({}, { headers: { Cookie } })).text, /name="password"/);
});

test('reply addresses must match the list to the letter', async (t) => {
  const hostile = 'https://hub.example/cb?a="><script>alert(1)</script>&b=\'';
  const on = await opened(t, {}, { connection: { replyAddresses: ['javascript:alert(1)', REPLY_TO, OTHER_REPLY, hostile] } });
  const replyTo = async (query: string) => {
    const page = await on.ask(`/wsfed?${query}`);
    return page.status === 200 ? actionOf((await on.fillIn(page, { username: 'anna', password: 'right' })).text) : page.status;
  };
  const wreply = (address: string) => `wreply=${encodeURIComponent(address)}`;
  assert.equal(await replyTo(''), REPLY_TO);
  assert.equal(await replyTo(wreply(OTHER_REPLY)), OTHER_REPLY);
  // It is escaped in the attribute.
  assert.equal(await replyTo(wreply(hostile)), hostile);
  // The first of two counts everywhere.
  assert.equal(await replyTo(`${wreply(OTHER_REPLY)}&${wreply('https://evil.example/')}`), OTHER_REPLY);
  for (const other of [
    'javascript:alert(1)',
    'https://evil.example/',
    '//evil.example/',
    `${REPLY_TO}/`,
    REPLY_TO.replace('hub.example', 'HUB.example'),
    REPLY_TO.replace('hub.example', 'hub.example:443'),
    REPLY_TO.replace('hub.example', 'hub.example.'),
    REPLY_TO.replace('https', 'http'),
    REPLY_TO.replace('https://', 'https://evil.example\\@'),
    REPLY_TO.replace('https://', 'https://evil@'),
    REPLY_TO.replace('/login', '/%6cogin'),
    `${REPLY_TO}#`,
    `${REPLY_TO}?`,
    ` ${REPLY_TO}`,
    `${REPLY_TO}\n`,
    `${REPLY_TO}\0`,
    `${REPLY_TO},${OTHER_REPLY}`,
    encodeURIComponent(REPLY_TO),
  ]) {
    await t.test(`rejects ${JSON.stringify(other)}`, async () => assert.equal(await replyTo(wreply(other)), 400));
  }
  assert.equal(await replyTo(`${wreply('https://evil.example/')}&${wreply(REPLY_TO)}`), 400);
});

test('validates the request that the form carries again', async (t) => {
  const on = await opened(t, {});
  const page = await on.begin();
  const carry = (value: unknown) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
  const send = (carried: string) => on.fillIn(page, { username: 'anna', password: 'right', request: carried });
  for (const bad of [
    { wa: 'wsignin1.0', wreply: 'https://evil.example/' },
    { wa: 'wsignin1.0', wtrealm: 'urn:auth0:other' },
    { wa: 'wsignout1.0' },
    { wa: ['wsignin1.0'], wreply: 'https://evil.example/' },
  ]) {
    const answer = await send(carry(bad));
    assert.ok(answer.status === 400 || actionOf(answer.text) === REPLY_TO, JSON.stringify(bad));
    assert.doesNotMatch(answer.text, /evil/);
  }
  for (const odd of [
    '',
    'x',
    '%%%',
    carry(''),
    carry('null'),
    carry('[]'),
    carry('{"wa":1}'),
    carry('{'),
    carry('['.repeat(30_000)),
    carry({ __proto__: null }),
  ]) {
    const answer = await send(odd);
    assert.ok(answer.status < 500, odd.slice(0, 50));
    if (answer.status === 200) assert.equal(actionOf(answer.text), REPLY_TO);
  }
  const polluting = await send(carry('{"wa":"wsignin1.0","__proto__":{"wreply":"https://evil.example/"}}'));
  assert.equal(actionOf(polluting.text), REPLY_TO);
});

test('repeats no part of a request as code, header or address', async (t) => {
  const on = await opened(t, { SITE_NAME: '"><script>site</script>' }, { tls: false });
  const evil = {
    Host: 'evil.example',
    'X-Forwarded-Host': 'evil.example',
    Forwarded: 'host=evil.example',
    Referer: 'https://evil.example/',
  };
  const script = '"\'><script>alert(1)</script>\r\nSet-Cookie: a=b\r\n\r\n<script>';
  for (const path of [
    `${SIGN_IN}&wctx=${encodeURIComponent(script)}`,
    `/wsfed?wa=${encodeURIComponent(script)}`,
    `/wsfed?wreply=${encodeURIComponent(script)}`,
    `/wsfed?wtrealm=${encodeURIComponent(script)}`,
    `/${encodeURIComponent(script)}`,
    '/logout',
    '/wsfed/FederationMetadata/2007-06/FederationMetadata.xml',
    `/users?criteria=${encodeURIComponent(script)}`,
  ]) {
    for (const headers of [evil, { ...evil, 'Accept-Language': '"><script>,de;q="><script>' }]) {
      const answer = await on.ask(path, { headers });
      assert.doesNotMatch(answer.text, /evil\.example|<script>(?!document\.forms\[0\]\.submit\(\)<)/, path);
      assert.equal(answer.headers['set-cookie']?.toString().includes('a=b') ?? false, false, path);
    }
  }
  const named = await on.fillIn(await on.begin({ wctx: script }), { username: script, password: 'right' });
  assert.equal(named.text.match(/<script/g)?.length, 1);
  assert.equal(fieldsOf(named.text).wctx, script);
  // The only script is allowed by its hash.
  assert.match(String(named.headers['content-security-policy']), /default-src 'none'.*script-src 'sha256-[A-Za-z0-9+/]{43}='/);
});

test('/wsfed/direct and the form count wrong passwords together', async (t) => {
  const on = await opened(t, {});
  const direct = (username: string, password: string) =>
    on.ask(`/wsfed/direct?wtrealm=${REALM}`, {
      method: 'POST',
      headers: FORM,
      body: new URLSearchParams({ username, password }).toString(),
    });
  assert.deepEqual([(await direct('anna', 'a')).status, (await direct('anna', 'b')).status], [401, 401]);
  const page = await on.begin();
  for (const password of ['c', 'd']) assert.equal((await on.fillIn(page, { username: 'anna', password })).status, 401);
  const limited = await direct('anna', 'right');
  assert.equal(limited.status, 429);
  assert.equal(JSON.parse(limited.text).code, 'too_many_attempts');
  assert.ok(Number(limited.headers['retry-after']) > 1000);
  assert.equal((await on.fillIn(page, { username: 'anna', password: 'right' })).status, 429);
  assert.equal((await direct('bertha', 'right')).status, 200);
  const foreign = await on.ask('/wsfed/direct', {
    method: 'POST',
    headers: { ...FORM, Origin: 'https://evil.example' },
    body: 'username=carla&password=right',
  });
  assert.equal(foreign.status, 403);
  assert.equal(foreign.headers['access-control-allow-origin'], undefined);
});

test('/users accepts only tokens that the hub signed for it', async (t) => {
  const keys = signingKey(pemOf(HUB_RSA.publicKey));
  const checkBearer = (token: string) => checkToken(token, { keys, replay: { firstTime: () => true }, now: Date.now });
  const on = await opened(t, {}, { checkBearer });
  const now = Math.floor(Date.now() / 1000);
  const good = { exp: now + 60, aud: REALM };
  const status = async (authorization: string | undefined) =>
    (await on.ask('/users?criteria=anna', authorization === undefined ? {} : { headers: { Authorization: authorization } })).status;
  assert.equal(await status(`Bearer ${signToken(good)}`), 200);
  assert.equal(await status(`Bearer ${signToken({ ...good, aud: ['x', 'https://connector.example/users'] })}`), 200);
  for (const token of [
    signToken(good, { alg: 'none' }),
    `${signToken(good, { alg: 'none' })}AA`,
    signToken(good, { alg: 'HS256', key: HUB_RSA.publicKey }),
    signToken(good, { key: STRANGER_RSA.privateKey }),
    signToken({ ...good, exp: now - 60 }),
    signToken({ ...good, nbf: now + 60 }),
    signToken({ ...good, exp: `${now + 60}` }),
    signToken({ aud: REALM }),
    signToken({ ...good, aud: 'an-application' }),
    signToken({ ...good, aud: [] }),
    signToken({ ...good, aud: `${REALM} ` }),
    signToken({ ...good, aud: 1 }),
    signToken({ ...good, pid: '1' }),
    signToken({ ...good, pid: null }),
  ]) {
    assert.equal(await status(`Bearer ${token}`), 401, token);
  }
  for (const authorization of [
    undefined,
    '',
    'Bearer',
    'Bearer ',
    `Basic ${signToken(good)}`,
    signToken(good),
    `Bearer ${signToken(good)}, Bearer x`,
  ]) {
    assert.equal(await status(authorization), 401, authorization);
  }
  // Not in the address, which would be logged.
  assert.equal((await on.ask(`/users?criteria=anna&access_token=${signToken(good)}`)).status, 401);
  // The first of two headers counts everywhere.
  const plain = await opened(t, {}, { checkBearer, tls: false });
  const two = await sendRaw(
    plain.url,
    rawRequest('GET /users?criteria=a HTTP/1.1', [
      'Connection: close',
      'Authorization: Bearer x',
      `Authorization: Bearer ${signToken(good)}`,
    ]),
  );
  assert.deepEqual(statusesIn(two), [401]);
});

test('accepts any language header', async (t) => {
  const on = await opened(t, {});
  for (const header of [
    'de,'.repeat(4000),
    'de;q=NaN,fr;q=-1,es;q=1e999',
    ';;;,,,;q=',
    '*',
    'de_DE',
    `${'x'.repeat(600)},de`,
    '-,-;q=0.5',
    '__proto__',
  ]) {
    await t.test(header.slice(0, 40), async () => {
      const { status, headers } = await on.begin({}, { headers: { 'Accept-Language': header } });
      assert.equal(status, 200);
      assert.match(String(headers['content-language']), /^(en|de|fr|es|it|pt-BR|ja|zh-Hans)$/);
    });
  }
});
