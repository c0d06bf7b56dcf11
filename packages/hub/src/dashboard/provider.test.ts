import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { hashOfToken, hashPassword } from '@landbridge/web';
import { TOTP } from 'otpauth';
import { signedInBrowser } from '../../test/administrators-for-test.ts';
import { startHubForTest } from '../../test/hub-under-test.ts';
import { CLIENT_ID, startOpenIdProvider } from '../../test/openid-provider.ts';
import { operatorForTest } from '../../test/operator-for-test.ts';
import { createPlainBrowser, type Shown } from '../../test/plain-browser.ts';
import { addProviderAdministrator, allowPasswords, inviteAdministrator, resetAdministrator } from '../administrators/administrators.ts';
import { newTotpSecret } from '../administrators/one-time-codes.ts';

const PASSWORD = 'eleven blue horses';
const LONG_AGO = { authenticatedAt: new Date(Date.now() - 3_600_000) };

/** A hub with a provider beside it. */
async function start(t: TestContext, settings: Record<string, string> = {}, options: { claimsInIdToken?: boolean } = {}) {
  const provider = await startOpenIdProvider(t);
  const under = await startHubForTest(t, {
    ADMIN_OIDC_ISSUER: provider.issuer,
    ADMIN_OIDC_CLIENT_ID: CLIENT_ID,
    ADMIN_OIDC_CLIENT_SECRET_FILE: provider.secretFile,
    ...settings,
  });
  const dashboard = `${under.hub.publicUrl}/dashboard`;
  provider.serve(`${dashboard}/provider/callback`, options);
  return { ...under, provider, dashboard, operator: operatorForTest(under.store) };
}

/** The owner ben, signed in with the provider as its user 1. */
async function startWithBen(t: TestContext) {
  const under = await start(t);
  const { provider, store, dashboard, operator } = under;
  await addProviderAdministrator(operator, 'ben', 'owner', { issuer: provider.issuer, subject: '1' });
  const browser = createPlainBrowser();
  await provider.visit(browser, `${dashboard}/provider`, '1');
  const [ben] = await store.administrators();
  const [session] = await store.sessions(ben?.id ?? '');
  return { ...under, browser, session };
}

const linkOf = ({ text }: Shown, label: RegExp) => {
  const found = [...text.matchAll(/<a class="button plain" href="([^"]+)">([^<]+)</g)].find(([, , shown = '']) => label.test(shown));
  return found?.[1]?.replaceAll('&amp;', '&') ?? '';
};

test('an invitation is accepted with the provider, which then signs the administrator in by issuer and subject alone', async (t) => {
  const { provider, store, hub, dashboard, operator } = await start(t);
  provider.users['1'] = { preferred_username: 'ben', email: 'ben@fabrikam.com' };
  provider.users['2'] = { preferred_username: 'ben', email: 'ben@fabrikam.com' };
  const link = await inviteAdministrator(operator, hub.publicUrl, 'ben', 'operator');
  const browser = createPlainBrowser();
  const accepted = await provider.visit(browser, hub.publicUrl + linkOf(await browser.open(link), /^Accept with/), '1');
  assert.match(accepted.text, /ben <span class="role">operator</);
  const [ben] = await store.administrators();
  assert.deepEqual([ben?.issuer, ben?.subject, ben?.passwordHash], [provider.issuer, '1', undefined]);
  assert.equal((await createPlainBrowser().open(link)).status, 400);

  const elsewhere = createPlainBrowser();
  const page = await elsewhere.open(`${dashboard}/sign-in?next=/dashboard/audit`);
  const signedIn = await provider.visit(elsewhere, hub.publicUrl + linkOf(page, /^Sign in with/), '1');
  assert.equal(signedIn.url, `${dashboard}/audit`);
  // Same name, same mail address, another subject.
  const other = await provider.visit(createPlainBrowser(), `${dashboard}/provider`, '2');
  assert.equal(other.status, 400);
  assert.match(other.text, /not an administrator of this hub \(subject 2\)/);
  assert.equal((await store.administrators()).length, 1);
  const records = await store.auditRecords({ action: 'administrator.sign-in' }, 10);
  assert.deepEqual(records.map(({ actor, result }) => `${actor} ${result}`).sort(), [
    'administrator:(unknown) refused',
    'administrator:ben ok',
    'administrator:ben ok',
  ]);
  // An account without a password gets no passkey or password that would still work after the provider has removed its access.
  const [session] = await store.sessions(ben?.id ?? '');
  await store.confirmSession(session?.id ?? '', new Date());
  for (const path of ['/account/totp/new', '/account/recovery-codes', '/account/passkeys']) {
    const body = new URLSearchParams({ token: session?.formToken ?? '' });
    const refused = await elsewhere.open(dashboard + path, { method: 'POST', body, headers: { Origin: hub.publicUrl } });
    assert.match(refused.text, /Your account has no password in this hub/, path);
  }
});

test('an invitation can name the subject, and no two administrators have the same', async (t) => {
  const { provider, store, dashboard, operator } = await start(t);
  const identity = { issuer: provider.issuer, subject: '7' };
  await addProviderAdministrator(operator, 'carla', 'read-only', identity);
  await assert.rejects(addProviderAdministrator(operator, 'carl', 'owner', identity), { code: 'ADMINISTRATOR_EXISTS' });
  const { text } = await provider.visit(createPlainBrowser(), `${dashboard}/provider`, '7');
  assert.match(text, /carla <span class="role">read-only</);

  const { browser } = await signedInBrowser(store, 'anna');
  const bind = await browser.submit(await browser.open(`${dashboard}/account`), '/account/provider', {});
  const taken = await provider.visit(browser, new URL(linkOf(bind, /^Continue to/), dashboard).href, '7');
  assert.match(taken.text, /belongs to another administrator/);
});

for (const claimsInIdToken of [true, false]) {
  test(`claims in the ${claimsInIdToken ? 'ID token' : 'UserInfo response'} give roles, change them and take them away`, async (t) => {
    const roles = { ADMIN_OIDC_OWNERS: 'hub-owners', ADMIN_OIDC_READ_ONLY: 'hub-readers,auditors' };
    const { provider, store, dashboard } = await start(t, roles, { claimsInIdToken });
    await signedInBrowser(store, 'dora');
    provider.users['5'] = { preferred_username: 'dora', groups: ['staff', 'auditors'] };
    const visit = async () => (await provider.visit(createPlainBrowser(), `${dashboard}/provider`, '5')).text;
    // A name that is taken does not sign the user in as that administrator.
    assert.match(await visit(), /dora-2 <span class="role">read-only</);
    provider.users['5'] = { preferred_username: 'dora', groups: ['hub-owners', 'auditors'] };
    assert.doesNotMatch(await visit(), /class="role">read-only/);
    const dora = await store.administratorByIdentity({ issuer: provider.issuer, subject: '5' });
    assert.equal(dora?.role, 'owner');
    assert.equal((await store.auditRecords({ action: 'administrator.role' }, 5)).length, 1);
    provider.users['5'] = { preferred_username: 'dora', groups: ['staff'] };
    assert.match(await visit(), /not an administrator of this hub/);
    assert.equal((await store.sessions(dora?.id ?? '')).length, 0);
  });
}

test('a critical action continues with the submitted values after the provider has authenticated the administrator again', async (t) => {
  const { provider, store, dashboard, hub, browser, session } = await startWithBen(t);
  await store.confirmSession(session?.id ?? '', LONG_AGO.authenticatedAt);

  const ask = async () => {
    const page = await browser.open(`${dashboard}/api-keys/new`);
    const question = await browser.submit(page, '/api-keys/new', { name: 'typed once', scope: 'sign-in', 'all-connections': 'on' });
    assert.doesNotMatch(question.text, /confirm-password/);
    return hub.publicUrl + linkOf(question, /^Confirm with/);
  };
  // Another user of the provider is not this administrator.
  const wrong = await provider.visit(browser, await ask(), '2');
  assert.match(wrong.text, /as a different user/);
  assert.match(
    (await browser.submit(await browser.open(`${dashboard}/api-keys/new`), '/api-keys/new', { name: 'x' })).text,
    /Confirm that it is you/,
  );

  const link = await ask();
  const confirmed = await provider.visit(browser, link, '1');
  assert.equal(confirmed.asked, true, 'the session at the provider is not enough');
  const done = await browser.follow(await browser.submit(confirmed, '/api-keys/new', {}));
  assert.match(done.text, /API key for typed once created/);
  // A continued action can be used once, and only in its session.
  assert.match((await provider.visit(browser, link, '1')).text, /Nothing to continue/);
  await store.confirmSession(session?.id ?? '', LONG_AGO.authenticatedAt);
  const carl = await signedInBrowser(store, 'carl');
  assert.match((await provider.visit(carl.browser, await ask(), '1')).text, /Nothing to continue/);
});

test('a provider that does not authenticate again, or omits auth_time, confirms nothing', async (t) => {
  const { provider, dashboard, hub, browser, session } = await startWithBen(t);
  // A sign-in without a time of authentication is not a fresh one.
  assert.equal(session?.authenticatedAt.getTime(), 0);
  const question = await browser.submit(await browser.open(`${dashboard}/api-keys/new`), '/api-keys/new', { name: 'x' });
  const toProvider = await browser.open(hub.publicUrl + linkOf(question, /^Confirm with/));
  const weakened = new URL(toProvider.onward ?? '');
  assert.deepEqual([weakened.searchParams.get('prompt'), weakened.searchParams.get('max_age')], ['login', '0']);
  // Simulates a provider that ignores these parameters.
  weakened.searchParams.delete('prompt');
  weakened.searchParams.delete('max_age');
  const back = await provider.visit(browser, { ...toProvider, onward: weakened.href }, '1');
  assert.equal(back.asked, false);
  assert.match(back.text, /did not ask for your credentials again/);
});

test('a response from the provider is accepted only once, unchanged, and in the browser that began', async (t) => {
  const { provider, dashboard, operator } = await start(t);
  await addProviderAdministrator(operator, 'ben', 'owner', { issuer: provider.issuer, subject: '1' });
  const callback = async (browser = createPlainBrowser()) => {
    let shown = await browser.open(`${dashboard}/provider`);
    while (!shown.onward?.startsWith(`${dashboard}/provider/callback`)) {
      shown =
        shown.onward === undefined
          ? await browser.submit(shown, new URL(shown.url).pathname, { login: '1' })
          : await browser.open(shown.onward);
    }
    return { browser, address: shown.onward };
  };
  const stolen = await callback();
  const victim = createPlainBrowser();
  assert.match((await victim.open(stolen.address)).text, /was started in another browser/);
  const ownAttempt = await callback(victim);
  assert.match((await victim.open(stolen.address)).text, /was rejected/, 'another state');
  assert.equal((await victim.open(ownAttempt.address)).status, 400, 'the note of the attempt is used up');

  const { browser, address } = await callback();
  const note = browser.cookies.get('landbridge-provider');
  assert.match(note?.attributes ?? '', /HttpOnly.*SameSite=Lax/i);
  assert.equal((await browser.open(address)).status, 303);
  if (note !== undefined) browser.cookies.set('landbridge-provider', note);
  assert.equal((await browser.open(address)).status, 400, 'the code is used up');
  const changed = await callback();
  assert.equal((await changed.browser.open(changed.address.replace(/code=[^&]+/, 'code=x'))).status, 400);
});

test('a method weaker than ADMIN_OIDC_ACR is refused', async (t) => {
  const { provider, dashboard, operator } = await start(t, { ADMIN_OIDC_ACR: 'second-factor' });
  await addProviderAdministrator(operator, 'ben', 'owner', { issuer: provider.issuer, subject: '1' });
  assert.match((await provider.visit(createPlainBrowser(), `${dashboard}/provider`, '1')).text, /ADMIN_OIDC_ACR/);
  provider.acr = 'second-factor';
  assert.equal((await provider.visit(createPlainBrowser(), `${dashboard}/provider`, '1')).status, 200);
});

test('while the provider is down, passwords work if it is not required or a command permits them', async (t) => {
  const { provider, store, dashboard, operator, hub } = await start(t, { ADMIN_OIDC_REQUIRED: 'true' });
  const totpSecret = newTotpSecret();
  await signedInBrowser(store, 'anna', { passwordHash: await hashPassword(PASSWORD), totpSecret });
  await provider.stop();
  const browser = createPlainBrowser();
  const down = await browser.open(`${dashboard}/provider`);
  assert.equal(down.status, 400);
  assert.match(down.text, /cannot be reached/);

  const signIn = async () => {
    const page = await browser.open(`${dashboard}/sign-in`);
    if (!page.text.includes('name="password"')) return page;
    const second = await browser.follow(await browser.submit(page, '/sign-in', { name: 'anna', password: PASSWORD }));
    return browser.follow(await browser.submit(second, '/second-factor', { code: new TOTP({ secret: totpSecret }).generate() }));
  };
  assert.match((await signIn()).text, /sign in with the OpenID provider/);
  // A forged form is rejected too.
  const page = await browser.open(`${dashboard}/sign-in`);
  const visitor = browser.cookies.get('landbridge-visitor')?.value;
  const form = `<form method="post" action="/dashboard/sign-in"><input type="hidden" name="token" value="${hashOfToken(`form ${visitor}`)}"></form>`;
  const forged = await browser.submit({ ...page, text: form }, '/sign-in', { name: 'anna', password: PASSWORD });
  assert.match(forged.text, /sign in with the OpenID provider/);
  assert.equal((await store.auditRecords({ action: 'administrator.sign-in' }, 5)).length, 0);
  const invitation = await browser.open(await inviteAdministrator(operator, hub.publicUrl, 'carl'));
  assert.doesNotMatch(invitation.text, /name="password"/);

  await allowPasswords(operator, 1);
  assert.match((await signIn()).text, /<h1>Overview<\/h1>/);
  await allowPasswords(operator, 0);
  assert.match((await signIn()).text, /sign in with the OpenID provider/);
  await assert.rejects(allowPasswords(operator, 1000), { code: 'HOURS_INVALID' });
  const [record] = await store.auditRecords({ action: 'administrator.allow-passwords' }, 1);
  assert.equal(record?.actor, 'command-line');
});

test('an optional provider does not affect passwords, and its outage ends no session', async (t) => {
  const { provider, store, dashboard } = await start(t);
  const { browser } = await signedInBrowser(store, 'anna');
  await provider.stop();
  assert.match((await createPlainBrowser().open(`${dashboard}/sign-in`)).text, /name="password"/);
  assert.equal((await browser.open(dashboard)).status, 200);
});

test('resetting an administrator also removes their sign-in through the provider', async (t) => {
  const { provider, store, dashboard, operator, hub } = await start(t);
  await addProviderAdministrator(operator, 'ben', 'owner', { issuer: provider.issuer, subject: '1' });
  await resetAdministrator(operator, hub.publicUrl, 'ben');
  assert.match((await provider.visit(createPlainBrowser(), `${dashboard}/provider`, '1')).text, /not an administrator of this hub/);
  assert.equal((await store.administratorByName('ben'))?.subject, undefined);
});
