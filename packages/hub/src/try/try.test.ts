import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from '../../test/foreign-connector.ts';
import { type HubUnderTest, startHubForTest } from '../../test/hub-under-test.ts';
import { exampleConnection } from '../../test/store-conformance/examples.ts';
import { createTrySessions, newTryLink, SESSION_LIFETIME_MS } from './access.ts';

interface Visit {
  status: number;
  text: string;
  cookie: string;
  headers: Headers;
}

async function visit(
  url: string,
  options: { cookie?: string; form?: Record<string, string>; headers?: Record<string, string> } = {},
): Promise<Visit> {
  const response = await fetch(url, {
    redirect: 'manual',
    headers: { ...(options.cookie === undefined ? {} : { Cookie: options.cookie }), ...options.headers },
    ...(options.form === undefined ? {} : { method: 'POST', body: new URLSearchParams(options.form) }),
  });
  const cookie = response.headers.get('set-cookie')?.split(';')[0] ?? options.cookie ?? '';
  return { status: response.status, text: await response.text(), cookie, headers: response.headers };
}

const tokenIn = (text: string) => /name="token" value="([^"]+)"/.exec(text)?.[1] ?? '';

async function openPage({ hub, store }: HubUnderTest, name = 'corp'): Promise<Visit> {
  const page = await visit(await newTryLink(store, hub.url, name));
  assert.equal(page.status, 200);
  return page;
}

test('a one-time link opens the page once, for its connection only', async (t) => {
  const under = await startHubForTest(t);
  await under.createConnection();
  await under.createConnection('other');
  const link = await newTryLink(under.store, under.hub.url, 'corp');
  const page = await visit(link);
  assert.match(page.text, /User name/);
  assert.match(page.text, /No connector is online/);
  const setCookie = page.headers.get('set-cookie') ?? '';
  for (const attribute of ['HttpOnly', 'SameSite=Strict', 'Path=/try/corp', 'Max-Age=3600'])
    assert.ok(setCookie.includes(attribute), attribute);

  const again = await visit(link);
  assert.equal(again.status, 403);
  assert.match(again.text, /used before/);
  assert.equal((await visit(`${under.hub.url}/try/corp`, { cookie: page.cookie })).status, 200);
  assert.equal((await visit(`${under.hub.url}/try/other`, { cookie: page.cookie })).status, 401);
  const forOther = await newTryLink(under.store, under.hub.url, 'other');
  assert.equal((await visit(forOther.replace('/try/other', '/try/corp'))).status, 403);
});

test('without a session the page asks for an API key, for known and unknown connections alike', async (t) => {
  const under = await startHubForTest(t);
  await under.createConnection();
  const { url } = under.hub;
  const [there, notThere] = [await visit(`${url}/try/corp`), await visit(`${url}/try/nope`)];
  assert.equal(there.status, 401);
  const same = ({ text }: Visit) => text.replaceAll(/nonce="[^"]*"/g, '').replaceAll(/corp|nope/g, '');
  assert.equal(same(there), same(notThere));
  assert.match(there.text, /API key/);
  assert.equal((await visit(`${url}/try/corp/access`, { form: { key: 'wrong' } })).status, 403);
  assert.equal(
    (await visit(`${url}/try/corp/access`, { form: { key: under.apiKey }, headers: { Origin: 'https://evil.example' } })).status,
    403,
  );
  const opened = await visit(`${url}/try/corp/access`, { form: { key: under.apiKey } });
  assert.equal(opened.status, 303);
  assert.match((await visit(`${url}/try/corp`, { cookie: opened.cookie })).text, /User name/);
  assert.equal((await visit(`${url}/try/corp`, { form: { username: 'a', password: 'b' } })).status, 401);
});

test('a sign-in shows the profile, and no text of a directory becomes markup', async (t) => {
  const under = await startHubForTest(t);
  const connector = await connect(await under.provisioned());
  const evil = '<script>alert(1)</script>';
  connector.answerAll(() => ({
    profile: {
      id: 'anna-id',
      displayName: evil,
      groups: [`g${evil}`, { cn: evil }, '" onload="x'],
      [evil]: evil,
      list: [{ [evil]: evil }],
      __proto__: { a: evil },
    },
  }));
  const { text, cookie } = await openPage(under);
  const page = await visit(`${under.hub.url}/try/corp`, {
    cookie,
    form: { token: tokenIn(text), username: `"><b>${evil}`, password: 'pässwörd' },
  });
  assert.equal(page.status, 200);
  assert.match(page.text, /Signed in as &lt;script&gt;/);
  assert.doesNotMatch(page.text, /<script|<b>|" onload=/);
  assert.doesNotMatch(page.text, /pässwörd/);
  const policy = page.headers.get('content-security-policy') ?? '';
  assert.match(policy, /^default-src 'none'; style-src 'nonce-[^']+'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/);
  assert.equal(page.headers.get('cache-control'), 'no-store');
  assert.equal(page.headers.get('referrer-policy'), 'same-origin');
});

test('a failed sign-in shows the reason and no raw error', async (t) => {
  const under = await startHubForTest(t);
  const connector = await connect(await under.provisioned());
  connector.answerAll(({ claims }) => ({ err: { name: claims.username, message: 'x', inner: 'raw' }, profile: {} }));
  const { text, cookie } = await openPage(under);
  const signIn = (username: string) =>
    visit(`${under.hub.url}/try/corp`, { cookie, form: { token: tokenIn(text), username, password: 'p' } });
  const expected = {
    WrongPassword: 'The user name or the password is wrong',
    PasswordExpired: 'The password has expired',
    PasswordChangeRequired: 'The password must be changed',
    AccountLocked: 'The account is locked',
    AccountDisabled: 'The account is disabled',
    AccountExpired: 'The account has expired',
    '': 'Enter a user name',
    Unheard: 'The connector failed',
  };
  for (const [username, message] of Object.entries(expected)) {
    await t.test(username === '' ? 'without a user name' : username, async () => {
      const page = await signIn(username);
      assert.ok(page.text.includes(message), username);
      assert.doesNotMatch(page.text, /raw/);
    });
  }
  connector.socket.close();
  await connector.closed;
  assert.match((await signIn('anna')).text, /No connector is online for this connection/);
});

test('a form from another site, or without the token, is rejected', async (t) => {
  const under = await startHubForTest(t);
  const connector = await connect(await under.provisioned());
  let asked = 0;
  connector.answerAll(() => {
    asked++;
    return { profile: { id: '1' } };
  });
  const { text, cookie } = await openPage(under);
  const { text: otherPage } = await openPage(under);
  const form = { token: tokenIn(text), username: 'a', password: 'b' };
  const url = `${under.hub.url}/try/corp`;
  assert.equal((await visit(url, { cookie, form, headers: { Origin: 'https://evil.example' } })).status, 403);
  assert.equal((await visit(url, { cookie, form, headers: { Origin: 'null' } })).status, 403);
  assert.equal((await visit(url, { cookie, form, headers: { 'Sec-Fetch-Site': 'cross-site' } })).status, 403);
  assert.equal((await visit(url, { cookie, form: { username: 'a', password: 'b' } })).status, 403);
  assert.equal((await visit(url, { cookie, form: { ...form, token: tokenIn(otherPage) } })).status, 403);
  assert.equal(asked, 0);
  assert.equal((await visit(url, { cookie, form, headers: { Origin: under.hub.url } })).status, 200);
  assert.equal(asked, 1);
  assert.equal((await visit(url, { cookie, form: { ...form, password: 'x'.repeat(300_000) } })).status, 413);
});

test('a session expires, and with an https address its cookie is Secure', async (t) => {
  let now = 0;
  const sessions = createTrySessions(() => now);
  const connection = exampleConnection('corp');
  const { cookie } = sessions.open(connection);
  now = SESSION_LIFETIME_MS - 1;
  assert.ok(sessions.find(cookie, connection));
  assert.equal(sessions.find(cookie, { ...connection, id: '2' }), undefined);
  now = SESSION_LIFETIME_MS + 1;
  assert.equal(sessions.find(cookie, connection), undefined);

  const under = await startHubForTest(t, { PUBLIC_URL: 'https://hub.example.com' });
  await under.createConnection();
  assert.match((await openPage(under)).headers.get('set-cookie') ?? '', /; Secure/);
});
