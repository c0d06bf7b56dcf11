import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { TOTP } from 'otpauth';
import { auditForTest } from '../../test/audit-for-test.ts';
import { startHubForTest } from '../../test/hub-under-test.ts';
import { operatorForTest } from '../../test/operator-for-test.ts';
import { createPlainBrowser, type PlainBrowser, type Shown } from '../../test/plain-browser.ts';
import { firstAdministratorLink, inviteAdministrator } from '../administrators/administrators.ts';
import { changeConnection } from '../connections/connections.ts';
import { safeNext } from './pages/open-session.ts';

const PASSWORD = 'eleven blue horses';
const COOKIE = 'landbridge-session';

const codeOf = (secret: string, stepsAhead = 0) => new TOTP({ secret }).generate({ timestamp: Date.now() + stepsAhead * 30_000 });
const hidden = (shown: Shown, name: string) => new RegExp(`name="${name}" value="([^"]*)"`).exec(shown.text)?.[1] ?? '';

async function enrol(link: string, browser: PlainBrowser): Promise<{ secret: string; overview: Shown }> {
  const invitation = await browser.open(link);
  const enrolPage = await browser.follow(await browser.submit(invitation, '/invitation', { password: PASSWORD, again: PASSWORD }));
  const secret = hidden(enrolPage, 'secret');
  const overview = await browser.follow(await browser.submit(enrolPage, '/enrol/totp', { code: codeOf(secret) }));
  assert.equal(overview.status, 200);
  return { secret, overview };
}

/** A hub with one signed-in administrator. */
async function start(t: TestContext) {
  const started = await startHubForTest(t);
  const browser = createPlainBrowser();
  const link = (await firstAdministratorLink(operatorForTest(started.store), started.hub.publicUrl)) ?? '';
  const enrolled = await enrol(link, browser);
  return { ...started, ...enrolled, browser, link, dashboard: `${started.hub.publicUrl}/dashboard` };
}

async function signIn(dashboard: string, browser: PlainBrowser, password: string, next = ''): Promise<Shown> {
  const page = await browser.open(`${dashboard}/sign-in${next}`);
  return browser.submit(page, '/sign-in', { name: 'admin', password });
}

test('without a session, every page redirects to the sign-in and no form has an effect', async (t) => {
  const { hub } = await startHubForTest(t);
  for (const path of ['', '/connections/corp', '/audit', '/account', '/api-keys', '/whatever']) {
    const shown = await createPlainBrowser().open(`${hub.publicUrl}/dashboard${path}`);
    assert.equal(shown.onward, `${hub.publicUrl}/dashboard/sign-in?next=${encodeURIComponent(`/dashboard${path}`)}`);
  }
  const response = await fetch(`${hub.publicUrl}/dashboard/api-keys`, { method: 'POST', body: 'name=x', redirect: 'manual' });
  assert.equal(response.status, 303);
});

test('an invitation works once: it ends when a password is set, or when it is replaced', async (t) => {
  const { store, hub, link, dashboard } = await start(t);
  const stranger = createPlainBrowser();
  assert.equal((await stranger.open(link)).status, 400);
  assert.equal((await stranger.open(`${dashboard}/invitation?code=`)).status, 400);

  const invited = createPlainBrowser();
  const second = await inviteAdministrator(operatorForTest(store), hub.publicUrl, 'ben');
  const opened = await stranger.open(second);
  const enrolling = await invited.follow(
    await invited.submit(await invited.open(second), '/invitation', { password: PASSWORD, again: PASSWORD }),
  );
  assert.equal(
    (await stranger.submit(opened, '/invitation', { password: 'another long password', again: 'another long password' })).status,
    400,
  );
  assert.equal((await stranger.open(second)).status, 400);
  const done = await invited.submit(enrolling, '/enrol/totp', { code: codeOf(hidden(enrolling, 'secret')) });
  assert.equal((await invited.follow(done)).status, 200);
  assert.equal(await firstAdministratorLink(operatorForTest(store), hub.publicUrl), undefined);
});

test('neither a password alone nor an unfinished invitation opens a page', async (t) => {
  const { store, hub, dashboard } = await start(t);
  const browser = createPlainBrowser();
  const second = await browser.follow(await signIn(dashboard, browser, PASSWORD));
  assert.match(second.text, /Second factor/);
  assert.match((await browser.open(dashboard)).onward ?? '', /sign-in/);

  const invited = createPlainBrowser();
  const link = await inviteAdministrator(operatorForTest(store), hub.publicUrl, 'ben');
  await invited.submit(await invited.open(link), '/invitation', { password: PASSWORD, again: PASSWORD });
  assert.match((await invited.open(dashboard)).onward ?? '', /sign-in/);
  // Without a second factor, the password does not work either.
  const page = await createPlainBrowser().open(`${dashboard}/sign-in`);
  const stranger = createPlainBrowser();
  assert.equal((await stranger.submit(await stranger.open(page.url), '/sign-in', { name: 'ben', password: PASSWORD })).status, 400);
});

test('session fixation: each step sets a new cookie and invalidates the previous one', async (t) => {
  const { dashboard, secret } = await start(t);
  const browser = createPlainBrowser();
  const page = await browser.open(`${dashboard}/sign-in`);
  browser.cookies.set(COOKIE, { value: 'planted', path: '/', attributes: '' });
  const second = await browser.follow(await browser.submit(page, '/sign-in', { name: 'admin', password: PASSWORD }));
  const afterPassword = browser.cookies.get(COOKIE)?.value ?? '';
  assert.notEqual(afterPassword, 'planted');
  await browser.submit(second, '/second-factor', { code: codeOf(secret, 1) });
  const full = browser.cookies.get(COOKIE);
  assert.notEqual(full?.value, afterPassword);
  assert.match(full?.attributes ?? '', /HttpOnly/i);
  assert.match(full?.attributes ?? '', /SameSite=Lax/i);
  assert.equal((await browser.open(dashboard)).status, 200);
  for (const old of ['planted', afterPassword]) {
    const response = await fetch(dashboard, { headers: { Cookie: `${COOKIE}=${old}` }, redirect: 'manual' });
    assert.equal(response.status, 303);
  }
});

test('over HTTPS the cookies are Secure and have the __Host- prefix', async (t) => {
  const { hub } = await startHubForTest(t, { PUBLIC_URL: 'https://hub.example' });
  const response = await fetch(`${hub.url}/dashboard/sign-in`);
  assert.match(response.headers.getSetCookie().join(), /^__Host-landbridge-visitor=[\w-]+; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
});

test('CSRF: rejects a form from another site, without a token, or with the token of another session', async (t) => {
  const { dashboard, browser, store, hub } = await start(t);
  const other = createPlainBrowser();
  const { overview } = await enrol(await inviteAdministrator(operatorForTest(store), hub.publicUrl, 'ben'), other);
  const before = (await store.apiKeys()).length;
  const page = await browser.open(`${dashboard}/api-keys/new`);
  for (const [fields, headers] of [
    [{}, { Origin: 'https://evil.example' }],
    [{}, { Origin: 'null' }],
    [{ token: '' }, {}],
    [{ token: hidden(overview, 'token') }, {}],
  ] as const) {
    const answer = await browser.submit(page, '/api-keys/new', { name: 'x', ...fields }, headers);
    assert.equal(answer.status, 403);
  }
  assert.equal((await store.apiKeys()).length, before);
  // Nor can a forged form sign an administrator in to another account.
  const signInPage = await browser.open(`${dashboard}/sign-in`);
  for (const [fields, headers] of [
    [{}, { Origin: 'https://evil.example' }],
    [{ token: 'x' }, {}],
  ] as const) {
    const answer = await browser.submit(signInPage, '/sign-in', { name: 'admin', password: PASSWORD, ...fields }, headers);
    assert.equal(answer.status, 400);
  }
});

test('open redirect: signing in leads to the dashboard, whatever the link says', async (t) => {
  for (const next of [
    'https://evil.example',
    '//evil.example',
    '/\\evil.example',
    '/dashboard/../../login',
    '/dashboardevil',
    'javascript:alert(1)',
    '/dashboard\r\nSet-Cookie: a=b',
    '/api/connections',
    '\t//evil.example/dashboard',
    '/dashboard@evil.example',
  ]) {
    assert.match(safeNext(next), /^\/dashboard($|\/[\w%/-]*$)|^\/dashboard$/, next);
    assert.doesNotMatch(safeNext(next), /evil|[\r\n]|\.\./, next);
  }
  assert.equal(safeNext('/dashboard/connections/corp'), '/dashboard/connections/corp');
  const { dashboard, secret } = await start(t);
  const browser = createPlainBrowser();
  const second = await browser.follow(await signIn(dashboard, browser, PASSWORD, '?next=//evil.example/dashboard'));
  const done = await browser.submit(second, '/second-factor', { code: codeOf(secret, 1), next: 'https://evil.example' });
  assert.equal(done.onward, dashboard);
});

test('header injection: neither an address nor a form can add a header line', async (t) => {
  const { browser, dashboard } = await start(t);
  for (const path of ['/connections/a%0d%0aSet-Cookie:%20x=y', '/sign-in?next=%0d%0aSet-Cookie:%20x=y', '/audit?before=%0d%0aX:y']) {
    const shown = await browser.open(dashboard + path);
    assert.doesNotMatch([...shown.headers].join('\n'), /x=y|X:y/);
  }
  const page = await browser.open(`${dashboard}/new-connection`);
  const refused = await browser.submit(page, '/new-connection', { name: 'a\r\nLocation: https://evil.example' });
  assert.equal(refused.status, 400);
});

test('stored XSS: names, subjects and user names are escaped on every page, and the policy would block their scripts', async (t) => {
  const { browser, dashboard, store, api, createConnection } = await start(t);
  const evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>';
  await createConnection('corp');
  await changeConnection(operatorForTest(store), 'corp', { displayName: evil });
  await api('/connections/corp/login', { username: evil, password: 'x' });
  await auditForTest(store).record({
    actor: evil,
    action: evil,
    connection: evil,
    subject: evil,
    result: evil,
    detail: evil,
    correlationId: evil,
  });
  const keys = await browser.open(`${dashboard}/api-keys/new`);
  await browser.submit(keys, '/api-keys/new', { name: evil, scope: 'sign-in', 'all-connections': 'on' });
  for (const path of [
    '',
    '/connections/corp',
    '/connections/corp/try',
    '/audit',
    `/audit?subject=${encodeURIComponent(evil)}`,
    '/api-keys',
  ]) {
    const { text, headers, status } = await browser.open(dashboard + path);
    assert.equal(status, 200, path);
    if (path !== '/connections/corp/try') assert.match(text, /&lt;script&gt;alert\(1\)|&quot;&gt;&lt;script/, path);
    assert.doesNotMatch(text, /<script>|<img|onerror=(?!alert\(1\)&gt;)/, path);
    const policy = headers.get('Content-Security-Policy') ?? '';
    assert.match(policy, /default-src 'none'; script-src 'nonce-[\w+/=]+'; style-src 'nonce-/);
    assert.doesNotMatch(policy, /unsafe/);
    for (const [, attributes = ''] of text.matchAll(/<script([^>]*)>/g)) assert.match(attributes, /src="\/dashboard\/assets\//);
    assert.doesNotMatch(text, /<[^>]* (?:style|on\w+)="/, path);
  }
});

test('removing or resetting an administrator ends their sessions immediately', async (t) => {
  const { browser, dashboard, store, hub, secret } = await start(t);
  const ben = createPlainBrowser();
  await enrol(await inviteAdministrator(operatorForTest(store), hub.publicUrl, 'ben'), ben);
  const remove = await browser.open(`${dashboard}/administrators/ben/remove`);
  await browser.submit(remove, '/remove', {});
  assert.match((await ben.open(dashboard)).onward ?? '', /sign-in/);
  // The only administrator cannot be removed.
  const own = await browser.submit({ ...remove, text: remove.text.replaceAll('/ben/', '/admin/') }, '/remove', {});
  assert.equal(own.status, 400);

  const elsewhere = createPlainBrowser();
  const second = await elsewhere.follow(await signIn(dashboard, elsewhere, PASSWORD));
  await elsewhere.submit(second, '/second-factor', { code: codeOf(secret, 1) });
  assert.equal((await elsewhere.open(dashboard)).status, 200);
  await browser.submit(await browser.open(`${dashboard}/account`), '/sign-out-everywhere', {});
  for (const one of [browser, elsewhere]) assert.match((await one.open(dashboard)).onward ?? '', /sign-in/);
});

test('a code works once, and so does a recovery code', async (t) => {
  const { dashboard, secret, overview } = await start(t);
  const attempt = async (code: string) => {
    const browser = createPlainBrowser();
    const second = await browser.follow(await signIn(dashboard, browser, PASSWORD));
    return (await browser.submit(second, '/second-factor', { code })).status;
  };
  const code = codeOf(secret, 1);
  assert.equal(await attempt(code), 303);
  assert.equal(await attempt(code), 400);
  // An older one is rejected too.
  assert.equal(await attempt(codeOf(secret)), 400);
  const recovery = /aria-label="Recovery codes" data-copy>([^<]+)</.exec(overview.text)?.[1]?.split('\n') ?? [];
  assert.equal(recovery.length, 10);
  assert.equal(await attempt(recovery[3]?.toUpperCase() ?? ''), 303);
  assert.equal(await attempt(recovery[3] ?? ''), 400);
});

test('brute force: wrong passwords delay even the right one, and are recorded in the audit log', async (t) => {
  const { dashboard, store } = await start(t);
  const browser = createPlainBrowser();
  // On a slow machine the waits would be over before the next attempt.
  t.mock.timers.enable({ apis: ['Date'], now: Date.now() });
  for (let n = 0; n < 4; n++) assert.match((await signIn(dashboard, browser, 'wrong password')).text, /Wrong name or password/);
  for (let n = 0; n < 3; n++) await signIn(dashboard, browser, 'wrong password');
  assert.match((await signIn(dashboard, browser, PASSWORD)).text, /Too many failed attempts: try again in/);
  const refused = (await store.auditRecords({ action: 'administrator.sign-in', result: 'refused' }, 10)).map(({ actor }) => actor);
  assert.ok(refused.length >= 4 && refused.every((actor) => actor === 'administrator:admin'));
});

test('an unknown name is not stored, because it may be a password', async (t) => {
  const { dashboard, store } = await start(t);
  const browser = createPlainBrowser();
  await browser.submit(await browser.open(`${dashboard}/sign-in`), '/sign-in', { name: 'my secret password', password: 'x' });
  const records = JSON.stringify(await store.auditRecords({}, 100));
  assert.doesNotMatch(records, /my secret password/);
  assert.match(records, /administrator:\(unknown\)/);
});
