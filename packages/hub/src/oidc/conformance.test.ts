/** Points of the OpenID conformance profiles (Basic OP, Config OP) that no other test shows; `docs/applications.md` lists all. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import * as openid from 'openid-client';
import { z } from 'zod';
import { type Application, createApplication } from '../../test/application.ts';
import { connect } from '../../test/foreign-connector.ts';
import { type HubUnderTest, startHubForTest } from '../../test/hub-under-test.ts';

async function start(t: TestContext): Promise<{ hub: HubUnderTest; app: Application; issuer: string }> {
  const hub = await startHubForTest(t);
  const connector = await connect(await hub.provisioned());
  connector.answerAll(({ claims }) => ({ profile: { id: `${claims.username}-id`, displayName: 'Anna Berg' } }));
  return { hub, app: await createApplication(hub), issuer: `${hub.hub.publicUrl}/oidc` };
}

test('the discovery document has the metadata that clients need to configure themselves', async (t) => {
  const { issuer } = await start(t);
  const response = await fetch(`${issuer}/.well-known/openid-configuration`);
  assert.match(response.headers.get('Content-Type') ?? '', /^application\/json/);
  const document = z.record(z.string(), z.unknown()).parse(await response.json());
  for (const [name, expected] of Object.entries({
    issuer,
    authorization_endpoint: `${issuer}/authorize`,
    token_endpoint: `${issuer}/token`,
    userinfo_endpoint: `${issuer}/userinfo`,
    jwks_uri: `${issuer}/jwks`,
    end_session_endpoint: `${issuer}/logout`,
    revocation_endpoint: `${issuer}/revoke`,
    introspection_endpoint: `${issuer}/introspect`,
    device_authorization_endpoint: `${issuer}/device-authorization`,
    response_types_supported: ['code'],
    response_modes_supported: ['form_post', 'query'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256', 'ES256'],
    code_challenge_methods_supported: ['S256'],
    ui_locales_supported: ['en', 'de', 'fr', 'es', 'it', 'pt', 'ja', 'zh'],
    backchannel_logout_supported: true,
    authorization_response_iss_parameter_supported: true,
    claims_parameter_supported: false,
  })) {
    await t.test(name, () => {
      const found = document[name];
      const sorted = (value: unknown) => (Array.isArray(value) ? [...value].sort() : value);
      assert.deepEqual(sorted(found), sorted(expected));
    });
  }
});

test('a request parameter without effect is not an error', async (t) => {
  const { app } = await start(t);
  const { browser } = await app.signIn();
  const requests: Record<string, string>[] = [
    { display: 'popup' },
    { acr_values: '1 2' },
    { claims_locales: 'de' },
    { ui_locales: 'se' },
    { unknown_parameter: 'x' },
    { scope: 'openid address phone' },
  ];
  for (const parameters of requests) {
    await t.test(JSON.stringify(parameters), async () => {
      const { url, checks } = await app.begin(parameters);
      const { onward = '' } = await browser.follow(await browser.open(url));
      assert.ok((await app.finish(onward, checks)).id_token, onward);
    });
  }
});

test('userinfo accepts a token in the header of a GET or POST, and in a form', async (t) => {
  const { app, issuer } = await start(t);
  const { tokens } = await app.signIn();
  const headers = { Authorization: `Bearer ${tokens.access_token}` };
  for (const [how, init] of [
    ['GET', { headers }],
    ['POST', { method: 'POST', headers }],
    ['form', { method: 'POST', body: new URLSearchParams({ access_token: tokens.access_token }) }],
  ] satisfies [string, RequestInit][]) {
    await t.test(how, async () => {
      const response = await fetch(`${issuer}/userinfo`, init);
      assert.equal(z.object({ sub: z.string() }).parse(await response.json()).sub, tokens.claims()?.sub);
    });
  }
  const none = await fetch(`${issuer}/userinfo`, { headers: { Authorization: 'Bearer wrong' } });
  assert.match(none.headers.get('WWW-Authenticate') ?? '', /error="invalid_token"/);
});

test('an application authenticates with its secret in the header or in the form', async (t) => {
  const { app, issuer } = await start(t);
  for (const [name, method] of [
    ['header', openid.ClientSecretBasic(app.secret)],
    ['form', openid.ClientSecretPost(app.secret)],
  ] as const) {
    await t.test(name, async () => {
      const config = await openid.discovery(new URL(issuer), app.clientId, undefined, method, { execute: [openid.allowInsecureRequests] });
      const { tokens } = await app.signIn();
      assert.ok((await openid.refreshTokenGrant(config, tokens.refresh_token ?? '')).access_token);
    });
  }
});

test('id_token_hint with prompt=none succeeds for the user who is signed in, and for no other', async (t) => {
  const { app } = await start(t);
  const { browser, tokens } = await app.signIn();
  const { tokens: others } = await app.signIn({ username: 'ben' });
  const silent = async (hint = '') =>
    (await browser.follow(await browser.open((await app.begin({ prompt: 'none', id_token_hint: hint })).url))).onward ?? '';
  assert.match(await silent(tokens.id_token), /\?code=/);
  assert.match(await silent(others.id_token), /error=login_required/);
});
