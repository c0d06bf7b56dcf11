import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import * as openid from 'openid-client';
import { createApplication } from '../../test/application.ts';
import { connect } from '../../test/foreign-connector.ts';
import { type HubUnderTest, startHubForTest } from '../../test/hub-under-test.ts';
import { operatorForTest } from '../../test/operator-for-test.ts';
import type { ClientScope } from '../store/oidc-clients.ts';
import { changeClient } from './clients.ts';

const ANNA = { id: 'anna-id', displayName: 'Anna Berg', emails: [{ value: 'anna@fabrikam.example' }], groups: ['Staff'] };
/** One claim of each scope. */
const CLAIM_OF: Readonly<Record<ClientScope, string>> = { profile: 'name', email: 'email', groups: 'groups' };
const SCOPES: readonly ClientScope[] = ['profile', 'email', 'groups'];
const EVERYTHING = 'openid profile email groups offline_access';

async function start(t: TestContext): Promise<HubUnderTest> {
  const hub = await startHubForTest(t);
  const connector = await connect(await hub.provisioned());
  connector.answerAll(() => ({ profile: ANNA }));
  return hub;
}

/** The scopes whose claims are among these. */
function seenIn(claims: object | undefined): ClientScope[] {
  return SCOPES.filter((scope) => claims !== undefined && CLAIM_OF[scope] in claims);
}

function scopesIn(granted: string | undefined): string[] {
  return (granted ?? '').split(' ').filter((scope) => SCOPES.some((each) => each === scope));
}

test('an application gets the requested scopes that it was granted', async (t) => {
  const hub = await start(t);
  const subsets = SCOPES.reduce<ClientScope[][]>((lists, scope) => lists.flatMap((list) => [list, [...list, scope]]), [[]]);
  for (const granted of subsets) {
    const app = await createApplication(hub, { scopes: granted });
    for (const requested of [EVERYTHING, 'openid email groups', 'openid']) {
      await t.test(`granted ${granted.join(' ') || 'none'}, requested ${requested}`, async () => {
        const expected = granted.filter((scope) => requested.includes(scope));
        const { tokens } = await app.signIn({ parameters: { scope: requested } });
        assert.deepEqual(scopesIn(tokens.scope), expected);
        assert.deepEqual(seenIn(tokens.claims()), expected);
        const subject = tokens.claims()?.sub ?? '';
        assert.deepEqual(seenIn(await openid.fetchUserInfo(app.config, tokens.access_token, subject)), expected);
        const refreshed = await openid.refreshTokenGrant(app.config, tokens.refresh_token ?? '');
        assert.deepEqual([scopesIn(refreshed.scope), seenIn(refreshed.claims())], [expected, expected]);
        assert.deepEqual(seenIn(await openid.fetchUserInfo(app.config, refreshed.access_token, subject)), expected);
      });
    }
  }
});

test('a new application sees neither groups nor refresh tokens unless they are granted', async (t) => {
  const hub = await start(t);
  const app = await createApplication(hub, { scopes: undefined, refreshTokens: undefined });
  const { tokens } = await app.signIn({ parameters: { scope: EVERYTHING } });
  assert.deepEqual(seenIn(tokens.claims()), ['profile', 'email']);
  assert.equal(tokens.refresh_token, undefined);
});

test('a revoked scope disappears from userinfo and refreshed tokens at once, and a granted scope needs a new sign-in', async (t) => {
  const hub = await start(t);
  const operator = operatorForTest(hub.store);
  const app = await createApplication(hub);
  const { tokens } = await app.signIn({ parameters: { scope: EVERYTHING } });
  const subject = tokens.claims()?.sub ?? '';
  await changeClient(operator, app.clientId, { scopes: ['email'] });
  assert.deepEqual(seenIn(await openid.fetchUserInfo(app.config, tokens.access_token, subject)), ['email']);
  const refreshed = await openid.refreshTokenGrant(app.config, tokens.refresh_token ?? '');
  assert.deepEqual([scopesIn(refreshed.scope), seenIn(refreshed.claims())], [['email'], ['email']]);
  await assert.rejects(openid.refreshTokenGrant(app.config, refreshed.refresh_token ?? '', { scope: 'openid phone' }), {
    error: 'invalid_scope',
  });
  // Granted again, but not to existing tokens.
  const narrow = await createApplication(hub, { scopes: ['email'] });
  const signedIn = await narrow.signIn({ parameters: { scope: EVERYTHING } });
  await changeClient(operator, narrow.clientId, { scopes: SCOPES });
  assert.deepEqual(seenIn(await openid.fetchUserInfo(narrow.config, signedIn.tokens.access_token, subject)), ['email']);
  const again = await openid.refreshTokenGrant(narrow.config, signedIn.tokens.refresh_token ?? '');
  assert.deepEqual([scopesIn(again.scope), seenIn(again.claims())], [['email'], ['email']]);
  assert.deepEqual(seenIn((await narrow.signIn({ parameters: { scope: EVERYTHING } })).tokens.claims()), SCOPES);
  await changeClient(operator, app.clientId, { refreshTokens: false });
  await assert.rejects(openid.refreshTokenGrant(app.config, refreshed.refresh_token ?? ''), { error: 'invalid_request' });
});

test('a code that was issued before a scope was revoked yields tokens without it', async (t) => {
  const hub = await start(t);
  const app = await createApplication(hub);
  const { browser } = await app.signIn();
  const { url, checks } = await app.begin({ scope: EVERYTHING });
  const { onward = '' } = await browser.follow(await browser.open(url));
  await changeClient(operatorForTest(hub.store), app.clientId, { scopes: [] });
  const tokens = await app.finish(onward, checks);
  assert.deepEqual([scopesIn(tokens.scope), seenIn(tokens.claims())], [[], []]);
});

test('an operator reads and changes the scopes of an application through the API', async (t) => {
  const hub = await start(t);
  const body = { name: 'App', redirectUris: ['https://app.example/cb'], scopes: ['openid', 'groups'] };
  const created = await hub.api('/clients', body);
  assert.equal(created.status, 201);
  const [client] = await hub.store.oidcClients();
  assert.deepEqual(client?.scopes, ['groups']);
  assert.equal((await hub.api(`/clients/${client?.id}`, { scopes: ['email'], connections: ['corp'] }, 'PATCH')).status, 200);
  const changed = await hub.store.oidcClient(client?.id ?? '');
  assert.deepEqual([changed?.scopes, changed?.connectionIds?.length, changed?.redirectUris], [['email'], 1, ['https://app.example/cb']]);
  for (const wrong of [{ scopes: ['phone'] }, { scopes: 'email' }, { redirectUris: [] }, { name: '' }, { public: true }]) {
    assert.equal((await hub.api(`/clients/${client?.id}`, wrong, 'PATCH')).status, 400, JSON.stringify(wrong));
  }
});
