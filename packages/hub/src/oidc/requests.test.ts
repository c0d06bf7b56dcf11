import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import * as openid from 'openid-client';
import { type Application, createApplication, pathOf } from '../../test/application.ts';
import { connect } from '../../test/foreign-connector.ts';
import { type HubUnderTest, startHubForTest } from '../../test/hub-under-test.ts';
import { createPlainBrowser } from '../../test/plain-browser.ts';

async function start(t: TestContext, groups = ['Staff']): Promise<{ hub: HubUnderTest; app: Application }> {
  const hub = await startHubForTest(t);
  const connector = await connect(await hub.provisioned());
  connector.answerAll(({ claims }) => ({
    profile: { id: `${claims.username}-id`, username: claims.username, emails: [{ value: `${claims.username}@fabrikam.example` }], groups },
  }));
  return { hub, app: await createApplication(hub) };
}

test('a user who is signed in chooses the account if the application asks for it', async (t) => {
  const { app } = await start(t);
  const { browser, tokens } = await app.signIn();
  const choose = async () => {
    const { url, checks } = await app.begin({ prompt: 'select_account' });
    return { page: await browser.follow(await browser.open(url)), checks };
  };
  const same = await choose();
  assert.match(same.page.text, /Continue as anna/);
  const { onward = '' } = await browser.follow(await browser.submit(same.page, `${pathOf(same.page)}/continue`, {}));
  assert.equal((await app.finish(onward, same.checks)).claims()?.sub, tokens.claims()?.sub);
  const other = await choose();
  const form = await browser.open(`${other.page.url}?other`);
  const switched = await browser.follow(await browser.submit(form, pathOf(other.page), { username: 'ben', password: 'right' }));
  // The provider ends the session of the first user, with a form that submits itself.
  const end = await browser.follow(await browser.submit(switched, '/logout/confirm', {}));
  assert.equal((await app.finish(end.onward ?? '', other.checks)).claims()?.preferred_username, 'ben');
});

test('choosing an account does not bypass signing in', async (t) => {
  const { app } = await start(t);
  await t.test('without a session users get the form', async () => {
    const browser = createPlainBrowser();
    const page = await browser.follow(await browser.open((await app.begin({ prompt: 'select_account' })).url));
    assert.match(page.text, /name="password"/);
    const { token = '' } = /name="token" value="(?<token>[^"]*)"/.exec(page.text)?.groups ?? {};
    const forced = await browser.open(`${page.url}/continue`, { method: 'POST', body: new URLSearchParams({ token }) });
    assert.deepEqual([forced.status, forced.onward], [303, page.url]);
  });
  await t.test('with prompt=login the password is asked after the choice', async () => {
    const { browser } = await app.signIn();
    const page = await browser.follow(await browser.open((await app.begin({ prompt: 'login select_account' })).url));
    const next = await browser.follow(await browser.submit(page, `${pathOf(page)}/continue`, {}));
    assert.match(next.text, /name="password"/);
  });
  await t.test('with prompt=none nobody is asked', async () => {
    const { onward = '' } = await createPlainBrowser().open((await app.begin({ prompt: 'none' })).url);
    assert.match(onward, /error=login_required/);
  });
});

test('a response is sent as a form post if the application requests it', async (t) => {
  const { app } = await start(t);
  const { browser } = await app.signIn();
  const { url, checks } = await app.begin({ response_mode: 'form_post' });
  const page = await browser.open(url);
  assert.match(page.text, /<form method="post" action="https:\/\/app\.example\/callback">/);
  assert.match(page.headers.get('Content-Security-Policy') ?? '', /script-src 'sha256-/);
  const fields = Object.fromEntries(
    [...page.text.matchAll(/name="([^"]*)" value="([^"]*)"/g)].map(([, name = '', value = '']) => [name, value]),
  );
  assert.deepEqual(Object.keys(fields).sort(), ['code', 'iss', 'state']);
  assert.ok((await app.finish(`https://app.example/callback?${new URLSearchParams(fields)}`, checks)).id_token);
});

test('login_hint fills in the user name as plain text, and ui_locales is not an error', async (t) => {
  const { app } = await start(t);
  for (const [hint, shown] of [
    ['anna', 'value="anna"'],
    ['"><script>alert(1)</script>', 'value="&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;"'],
  ] as const) {
    await t.test(hint, async () => {
      const browser = createPlainBrowser();
      const page = await browser.follow(await browser.open((await app.begin({ login_hint: hint, ui_locales: 'fr-CA de' })).url));
      assert.ok(page.text.includes(shown), page.text);
    });
  }
});

test('groups that do not fit into an ID token are marked there and come from userinfo', async (t) => {
  const groups = Array.from({ length: 300 }, (_, n) => `CN=Group ${n},OU=Groups,DC=fabrikam,DC=example`);
  const { hub, app } = await start(t, groups);
  const endpoint = `${hub.hub.publicUrl}/oidc/userinfo`;
  const { tokens } = await app.signIn();
  const claims = tokens.claims();
  assert.equal(claims?.groups, undefined);
  assert.deepEqual([claims?._claim_names, claims?._claim_sources], [{ groups: 'userinfo' }, { userinfo: { endpoint } }]);
  const userinfo = await openid.fetchUserInfo(app.config, tokens.access_token, claims?.sub ?? '');
  assert.deepEqual([userinfo.groups, userinfo._claim_names], [groups, undefined]);
  const without = await createApplication(hub, { scopes: ['profile'] });
  assert.equal((await without.signIn()).tokens.claims()?._claim_names, undefined);
});

test('an e-mail address counts as verified only if an operator enabled that for the connection and its domain belongs to the connection', async (t) => {
  const { hub, app } = await start(t);
  for (const [emailVerified, emailDomains, expected] of [
    [false, ['fabrikam.example'], ['anna@fabrikam.example', false]],
    [true, [], ['anna@fabrikam.example', false]],
    [true, ['fabrikam.example'], ['anna@fabrikam.example', true]],
    [true, ['contoso.example'], [undefined, undefined]],
  ] as const) {
    await t.test(`${emailVerified ? 'enabled' : 'not enabled'}, domains: ${emailDomains.join() || 'none'}`, async () => {
      assert.equal((await hub.api('/connections/corp', { emailVerified, emailDomains }, 'PATCH')).status, 200);
      const claims = (await app.signIn({ parameters: { connection: 'corp' } })).tokens.claims();
      assert.deepEqual([claims?.email, claims?.email_verified], expected);
    });
  }
});
