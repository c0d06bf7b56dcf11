import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectSocket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { z } from 'zod';
import { type Application, createApplication, pathOf } from '../../test/application.ts';
import { connect, type ForeignConnector } from '../../test/foreign-connector.ts';
import { type HubUnderTest, startHubForTest } from '../../test/hub-under-test.ts';
import { createPlainBrowser, type PlainBrowser, type Shown } from '../../test/plain-browser.ts';

interface LoginUnderTest {
  hub: HubUnderTest;
  app: Application;
  browser: PlainBrowser;
  connector: ForeignConnector;
  /** The first page of a new sign-in. */
  begin(parameters?: Record<string, string>): Promise<Shown>;
}

async function start(t: TestContext, environment: Record<string, string> = {}): Promise<LoginUnderTest> {
  const hub = await startHubForTest(t, environment);
  const connector = await connect(await hub.provisioned(), { capabilities: ['changeOwnPassword'] });
  const app = await createApplication(hub);
  const browser = createPlainBrowser();
  return {
    hub,
    app,
    browser,
    connector,
    begin: async (parameters) => browser.follow(await browser.open((await app.begin(parameters)).url)),
  };
}

const CREDENTIALS = { username: 'anna', password: 'secret-word' };

test('each failure has its own message, but an unknown name looks like a wrong password', async (t) => {
  const { browser, connector, begin, hub } = await start(t);
  connector.answerAll(({ claims }) => ({ err: { name: claims.username }, profile: {} }));
  const page = await begin();
  const messages = new Map<string, string>();
  for (const name of ['WrongUsername', 'WrongPassword', 'AccountLocked', 'AccountDisabled', 'AccountExpired', 'Strange']) {
    await t.test(`${name} shows the form again, without the password`, async () => {
      const shown = await browser.submit(page, pathOf(page), { username: name, password: CREDENTIALS.password });
      assert.equal(shown.status, 200);
      messages.set(name, /role="alert" id="problem">([^<]*)</.exec(shown.text)?.[1] ?? '');
      assert.ok(!shown.text.includes(CREDENTIALS.password));
      assert.ok(shown.text.includes(`value="${name}"`));
    });
  }
  assert.equal(messages.get('WrongUsername'), messages.get('WrongPassword'));
  assert.match(messages.get('AccountLocked') ?? '', /locked/);
  assert.match(messages.get('AccountDisabled') ?? '', /disabled/);
  assert.match(messages.get('AccountExpired') ?? '', /expired/);
  for (const [name, heading] of [
    ['PasswordExpired', /Your password has expired/],
    ['PasswordChangeRequired', /must be changed/],
  ] as const) {
    await t.test(`${name} asks for a new password`, async () => {
      const shown = await browser.submit(page, pathOf(page), { username: name, password: CREDENTIALS.password });
      assert.match(shown.text, heading);
      assert.match(shown.text, /autocomplete="new-password"/);
    });
  }
  connector.socket.close();
  await connector.closed;
  const offline = await browser.submit(page, pathOf(page), CREDENTIALS);
  assert.match(offline.text, /cannot be reached right now. Try again in a moment/);
  assert.ok(!JSON.stringify(hub.logLines).includes(CREDENTIALS.password));
});

test('too many attempts show the time to wait', async (t) => {
  const { browser, connector, begin } = await start(t);
  connector.answerAll(() => ({ err: { name: 'WrongPassword' }, profile: {} }));
  const page = await begin();
  let shown = page;
  for (let n = 0; n < 50 && !/too many attempts/.test(shown.text); n++) {
    shown = await browser.submit(page, pathOf(page), { username: 'anna', password: `guess ${n}` });
  }
  assert.match(shown.text, /There were too many attempts\. <span[^>]*>Try again in \d+ (second|minute)/);
});

test('strangers who guess a password do not keep its user out of their own browser', async (t) => {
  const { browser, connector, app, begin } = await start(t, { GUARD_WAIT_SECONDS: '0', GUARD_ADDRESS_ATTEMPTS: '5' });
  connector.answerAll(({ claims }) =>
    claims.password === CREDENTIALS.password ? { profile: { id: 'anna' } } : { err: { name: 'WrongPassword' }, profile: { id: 'anna' } },
  );
  await app.signIn({ browser, ...CREDENTIALS });
  const stranger = createPlainBrowser();
  const form = await stranger.follow(await stranger.open((await app.begin()).url));
  for (let n = 0; n < 8; n++) await stranger.submit(form, pathOf(form), { username: 'anna', password: `guess ${n}` });
  assert.match((await stranger.submit(form, pathOf(form), CREDENTIALS)).text, /too many attempts/);
  const again = await begin({ prompt: 'login' });
  assert.match((await browser.submit(again, pathOf(again), { ...CREDENTIALS, password: 'typing error' })).text, /is wrong/);
  const { text } = await browser.submit(again, pathOf(again), CREDENTIALS);
  assert.doesNotMatch(text, /too many attempts|is wrong/);
  assert.match(text, /app\.example|\/oidc\/authorize\//);
});

test('a user who changes their password is signed in with it; each rejection shows the form again', async (t) => {
  const { browser, connector, begin } = await start(t);
  let answer: unknown = { err: { name: 'PasswordExpired' }, profile: {} };
  const asked: unknown[] = [];
  connector.answerAll(({ name, claims }) => {
    asked.push([name, claims.password, claims.oldPassword]);
    return answer;
  });
  const first = await begin();
  const page = await browser.submit(first, pathOf(first), CREDENTIALS);
  const change = (fields: Record<string, string>) =>
    browser.submit(page, '/password', { username: 'anna', password: CREDENTIALS.password, new: 'n3w', again: 'n3w', ...fields });
  asked.length = 0;
  assert.match((await change({ again: 'other' })).text, /do not match/);
  assert.match((await change({ new: CREDENTIALS.password, again: CREDENTIALS.password })).text, /must differ from the current one/);
  assert.match((await change({ new: '' })).text, /Fill in all the passwords/);
  assert.deepEqual(asked, []);
  for (const [name, text] of [
    ['PasswordComplexityError', /does not meet the rules/],
    ['InsufficientAccessRightsError', /cannot be changed here/],
    ['WrongPassword', /current password is wrong/],
  ] as const) {
    await t.test(`${name} is explained`, async () => {
      answer = { err: { name }, profile: {} };
      // Each with another password, because a repeated wrong one does not reach the directory.
      assert.match((await change({ password: `${CREDENTIALS.password} ${name}` })).text, text);
    });
  }
  answer = { profile: { id: 'anna' } };
  asked.length = 0;
  const done = await browser.follow(await change({}));
  assert.match(done.onward ?? '', /^https:\/\/app\.example\/callback\?code=/);
  assert.deepEqual(asked, [
    ['change_password', 'n3w', CREDENTIALS.password],
    ['authenticate_user', 'n3w', undefined],
  ]);
});

test('selects the connection by e-mail domain, hint, name or choice', async (t) => {
  const { hub, browser, begin } = await start(t);
  await hub.createConnection('partners');
  await hub.createConnection('suppliers');
  await hub.api('/connections/corp', { emailDomains: ['fabrikam.example'], listed: false }, 'PATCH');
  const connectionIn = ({ text }: Shown) => /name="connection" value="([^"]*)"[^>]*>\s*<label/.exec(text)?.[1];
  const page = await begin();
  assert.equal(connectionIn(page), undefined);
  assert.doesNotMatch(page.text, /fabrikam|partners|corp/);
  const corp = await browser.submit(page, '/who', { username: 'Anna@FABRIKAM.example' });
  assert.equal(connectionIn(corp), 'corp');
  assert.match(corp.text, /value="Anna@FABRIKAM.example"/);
  assert.equal(connectionIn(await browser.submit(page, '/who', { username: 'fabrikam.example\\anna' })), 'corp');
  // One that is not offered is not found by its name either.
  assert.equal(connectionIn(await browser.submit(page, '/who', { username: 'CORP\\anna' })), undefined);
  assert.equal(connectionIn(await browser.submit(page, '/who', { username: 'PARTNERS\\ben' })), 'partners');
  const choice = await browser.submit(page, '/who', { username: 'anna@elsewhere.example' });
  assert.deepEqual(
    [...choice.text.matchAll(/<button[^>]*value="([^"]*)"/g)].map(([, name]) => name),
    ['partners', 'suppliers'],
  );
  assert.equal(connectionIn(await browser.submit(choice, '/who', { connection: 'partners' })), 'partners');
  await hub.api('/connections/suppliers', undefined, 'DELETE');
  assert.equal(connectionIn(await browser.submit(page, '/who', { username: 'anna' })), 'partners');
  await hub.api('/connections/partners', { emailDomains: ['partners.example'] }, 'PATCH');
  assert.match((await browser.submit(page, '/who', { username: 'anna@elsewhere.example' })).text, /“anna@elsewhere.example”. Choose yours/);
  await hub.api('/connections/partners', { listed: false }, 'PATCH');
  const nowhere = await browser.submit(page, '/who', { username: 'anna@elsewhere.example' });
  assert.match(nowhere.text, /No organisation matches this name/);
  assert.equal(connectionIn(nowhere), undefined);
  assert.doesNotMatch(nowhere.text, /fabrikam|partners/);

  assert.equal(connectionIn(await begin({ login_hint: 'ben@partners.example' })), 'partners');
  assert.match((await begin({ login_hint: 'ben@partners.example' })).text, /value="ben@partners.example"/);
  assert.equal(connectionIn(await begin({ connection: 'corp' })), 'corp');
  assert.equal(connectionIn(await begin({ connection: 'unknown' })), undefined);
  const other = await browser.open(`${(await begin({ connection: 'corp' })).url}?other`);
  assert.equal(connectionIn(other), 'corp');
  for (const name of ['corp', 'partners']) await hub.api(`/connections/${name}`, { enabled: false }, 'PATCH');
  assert.match((await begin()).text, /Signing in is not possible at the moment/);
});

test('links to the help, the privacy notice and the password reset of a connection, by https only', async (t) => {
  const { hub, begin, app, browser } = await start(t);
  for (const address of ['http://help.example/', 'javascript:alert(1)', 'https://user:secret@help.example/', 'help']) {
    for (const name of ['helpUrl', 'privacyUrl', 'forgotPasswordUrl'])
      assert.equal((await hub.api('/connections/corp', { [name]: address }, 'PATCH')).status, 400, `${name} ${address}`);
  }
  assert.doesNotMatch((await begin()).text, /<footer|Forgot/);
  const links = {
    helpUrl: 'https://help.example/"><b>',
    privacyUrl: 'https://fabrikam.example/privacy',
    forgotPasswordUrl: 'https://reset.example',
  };
  assert.equal((await hub.api('/connections/corp', links, 'PATCH')).status, 200);
  const { text } = await begin();
  assert.match(text, /<a href="https:\/\/reset\.example\/" rel="noreferrer">Forgot your password\?<\/a>/);
  assert.match(text, /<a href="https:\/\/help\.example\/%22%3E%3Cb%3E" rel="noreferrer">Help<\/a>/);
  assert.match(text, /<a href="https:\/\/fabrikam\.example\/privacy" rel="noreferrer">Privacy<\/a>/);
  const german = await browser.follow(await browser.open((await app.begin({ ui_locales: 'xx de' })).url));
  assert.match(german.text, /<html lang="de">/);
  assert.match(german.text, /Passwort vergessen\?/);
  assert.match(german.text, /Datenschutz/);
});

test('shows the colours and the footer of a connection, and rejects colours that are hard to read', async (t) => {
  const { hub, begin } = await start(t);
  for (const change of [{ accentColour: '#777777' }, { accentColourDark: '#333333' }, { accentColour: '#000}</style>' }])
    assert.equal((await hub.api('/connections/corp', change, 'PATCH')).status, 400, JSON.stringify(change));
  assert.doesNotMatch((await begin()).text, /<footer/);
  const look = { accentColour: '#7A1F5C', accentColourDark: '#f0a6d6', footerText: 'Fabrikam <b>Inc.</b>' };
  assert.equal((await hub.api('/connections/corp', look, 'PATCH')).status, 200);
  const { text } = await begin();
  assert.match(text, /--accent: light-dark\(#7a1f5c, #f0a6d6\)/);
  assert.match(text, /<footer class="links"><ul><li>Fabrikam &lt;b&gt;Inc\.&lt;\/b&gt;<\/li>/);
});

test('accepts a form only from its own page in its own browser', async (t) => {
  const { browser, connector, begin } = await start(t);
  const asked: string[] = [];
  connector.answerAll(({ name }) => {
    asked.push(name);
    return { profile: { id: 'anna' } };
  });
  const page = await begin();
  const path = pathOf(page);
  assert.equal((await browser.submit(page, path, { ...CREDENTIALS, token: '' })).status, 403);
  assert.equal((await browser.submit(page, path, { ...CREDENTIALS, token: 'guessed' })).status, 403);
  assert.equal((await browser.submit(page, path, CREDENTIALS, { Origin: 'https://evil.example' })).status, 403);
  assert.equal((await browser.submit(page, path, CREDENTIALS, { Origin: 'null' })).status, 403);
  assert.equal((await browser.submit(page, '/cancel', {}, { Origin: 'https://evil.example' })).status, 403);

  // Another browser, one without cookies, and a cookie of another sign-in.
  const stranger = createPlainBrowser();
  assert.equal((await stranger.open(page.url)).status, 404);
  assert.equal((await stranger.submit(page, path, CREDENTIALS)).status, 404);
  const cookie = browser.cookies.get('landbridge_interaction');
  assert.match(cookie?.attributes ?? '', /httponly/i);
  assert.match(cookie?.attributes ?? '', /samesite=lax/i);
  stranger.cookies.set('landbridge_interaction', { value: cookie?.value ?? '', path: '/', attributes: '' });
  assert.equal((await stranger.open(page.url)).status, 404, 'without its signature');
  const second = await begin();
  assert.notEqual(second.url, page.url);
  assert.equal((await browser.submit({ ...page, url: second.url }, path, CREDENTIALS)).status, 404);
  assert.deepEqual(asked, []);

  // The form token of one sign-in is invalid in another.
  const token = /name="token" value="([^"]*)"/.exec(page.text)?.[1] ?? '';
  assert.equal((await browser.submit(second, pathOf(second), { ...CREDENTIALS, token })).status, 403);
  const done = await browser.follow(await browser.submit(second, pathOf(second), CREDENTIALS));
  assert.match(done.onward ?? '', /callback\?code=/);
  // The sign-in has ended.
  assert.equal((await browser.submit(second, pathOf(second), CREDENTIALS)).status, 404);
});

test('rejects connections that the application may not use', async (t) => {
  const { hub, browser, connector } = await start(t);
  await hub.createConnection('partners');
  connector.answerAll(() => ({ profile: { id: 'anna' } }));
  const restricted = await createApplication(hub, { connections: ['partners'] });
  const asked = await browser.follow(await browser.open((await restricted.begin({ connection: 'corp' })).url));
  assert.match(asked.text, /No organisation is set up for this application/);
  const page = await browser.follow(await browser.open((await restricted.begin()).url));
  const shown = await browser.submit(page, pathOf(page), { ...CREDENTIALS, connection: 'corp' });
  assert.match(shown.text, /value="partners"/);
});

test('shows names as text, and forbids scripts and frames', async (t) => {
  const { hub, browser } = await start(t);
  const nasty = '"><script>alert(1)</script><img src=x onerror=alert(2)>\'';
  await hub.api('/connections/corp', { displayName: nasty }, 'PATCH');
  const application = await createApplication(hub, { name: nasty });
  const { url } = await application.begin({ login_hint: nasty, ui_locales: nasty });
  const page = await browser.follow(await browser.open(url));
  assert.equal(page.status, 200);
  const script = /<script src="\/login\/assets\/[\w-]+\.js" nonce="[^"]+" defer><\/script>/;
  assert.doesNotMatch(page.text.replace(script, ''), /<script|<img/);
  const policy = page.headers.get('Content-Security-Policy') ?? '';
  assert.match(
    policy,
    /^default-src 'none'; style-src 'nonce-[^']+'; script-src 'nonce-[^']+'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/,
  );
  assert.equal(page.headers.get('Cache-Control'), 'no-store');
  assert.equal(page.headers.get('X-Frame-Options'), 'DENY');
  const wrong = await browser.submit(page, pathOf(page), { username: nasty, password: '' });
  assert.doesNotMatch(wrong.text.replace(script, ''), /<script|<img/);
  const error = await browser.open(
    `${hub.hub.publicUrl}/oidc/authorize?client_id=${encodeURIComponent(nasty)}&scope=${encodeURIComponent(nasty)}`,
  );
  assert.doesNotMatch(error.text.replace(script, ''), /<script|<img/);
});

test('rejects profiles without an id, ignores malformed and reserved claims, and logs each dropped claim once', async (t) => {
  const { browser, connector, begin, app, hub } = await start(t);
  let profile: Record<string, unknown> = { displayName: 'Nobody' };
  connector.answerAll(() => ({ profile }));
  const page = await begin();
  assert.match((await browser.submit(page, pathOf(page), CREDENTIALS)).text, /cannot be identified/);
  profile = {
    id: 'x',
    displayName: { not: 'text' },
    name: 'text',
    emails: 'no list',
    groups: ['a', 7, null, { cn: 'b' }, { other: 1 }, 'x'.repeat(5000)],
    sub: 'somebody-else',
    iss: 'https://evil.example',
    connection: 'admin',
    auth_time: 0,
  };
  const claims = (await app.signIn({ username: 'strange' })).tokens.claims();
  assert.deepEqual([claims?.groups, claims?.name, claims?.email, claims?.connection], [['a', '7', 'b'], 'text', undefined, 'corp']);
  await app.signIn({ username: 'strange' });
  const said = hub.logLines.filter(({ msg }) => String(msg).startsWith('Some profile values did not become claims'));
  assert.deepEqual(
    said.map(({ dropped }) => dropped),
    [
      [
        'email: not an e-mail address',
        'groups[4]: an object without "cn", "name" or "dn" is not the name of a group',
        'groups[5]: a text of 5000 characters is longer than 1000',
      ],
    ],
  );
  assert.notEqual(claims?.sub, 'somebody-else');
  assert.match(claims?.iss ?? '', /^http:\/\/localhost/);
});

test('rejects oversized forms and bodies that never end', async (t) => {
  const { browser, begin, hub } = await start(t);
  const page = await begin();
  const large = await browser.submit(page, pathOf(page), { username: 'a', password: 'x'.repeat(100_000) });
  assert.equal(large.status, 413);
  const tokenEndpoint = await fetch(`${hub.hub.publicUrl}/oidc/token`, {
    method: 'POST',
    body: new URLSearchParams({ code: 'x'.repeat(100_000) }),
  });
  assert.equal(tokenEndpoint.status, 400);
  const { hostname, port } = new URL(hub.hub.url);
  const socket = connectSocket(Number(port), hostname);
  socket.on('error', () => {});
  socket.write(
    `POST /oidc/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nTransfer-Encoding: chunked\r\n\r\n`,
  );
  // More than the provider accepts, in a body that never ends.
  socket.write(`20000\r\n${'x'.repeat(0x20000)}\r\n`);
  const [answer] = z.tuple([z.instanceof(Buffer)]).parse(await once(socket, 'data'));
  assert.match(answer.toString(), /^HTTP\/1\.1 400/);
  socket.destroy();
});

test('a disabled account loses its other sign-ins', async (t) => {
  const { app, connector, browser } = await start(t);
  let disabled = false;
  connector.answerAll(() => (disabled ? { err: { name: 'AccountDisabled' }, profile: { id: 'anna' } } : { profile: { id: 'anna' } }));
  await app.signIn({ browser });
  disabled = true;
  const page = await browser.follow(await browser.open((await app.begin({ prompt: 'login' })).url));
  assert.match((await browser.submit(page, pathOf(page), CREDENTIALS)).text, /disabled/);
  assert.match((await browser.open((await app.begin({ prompt: 'none' })).url)).onward ?? '', /error=login_required/);
});
