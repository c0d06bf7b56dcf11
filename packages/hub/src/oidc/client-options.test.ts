import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import * as openid from 'openid-client';
import { z } from 'zod';
import { type Application, createApplication } from '../../test/application.ts';
import { connect } from '../../test/foreign-connector.ts';
import { type HubUnderTest, startHubForTest } from '../../test/hub-under-test.ts';
import { operatorForTest } from '../../test/operator-for-test.ts';
import { changeClient } from './clients.ts';

async function start(t: TestContext): Promise<HubUnderTest> {
  const hub = await startHubForTest(t);
  const connector = await connect(await hub.provisioned());
  connector.answerAll(() => ({ profile: { id: 'anna-id' } }));
  return hub;
}

/** What an old library sends: no code challenge. */
async function beginWithoutPkce(app: Application) {
  const { url, checks } = await app.begin();
  const asked = new URL(url);
  for (const name of ['code_challenge', 'code_challenge_method']) asked.searchParams.delete(name);
  const { pkceCodeVerifier: _, ...others } = checks;
  return { url: asked.href, checks: others };
}

test('an application with a secret signs users in without PKCE only if it is permitted to', async (t) => {
  const hub = await start(t);
  const app = await createApplication(hub, { allowMissingPkce: true });
  const { browser } = await app.signIn();
  const { url, checks } = await beginWithoutPkce(app);
  const { onward = '' } = await browser.follow(await browser.open(url));
  assert.ok((await app.finish(onward, checks)).id_token);
  await changeClient(operatorForTest(hub.store), app.clientId, { allowMissingPkce: false });
  assert.match((await browser.open((await beginWithoutPkce(app)).url)).onward ?? '', /error=invalid_request/);
});

test('the option to omit PKCE does not weaken sign-ins that use it', async (t) => {
  const hub = await start(t);
  const app = await createApplication(hub, { allowMissingPkce: true });
  const { browser } = await app.signIn();
  for (const [what, change] of [
    ['a wrong verifier', { pkceCodeVerifier: openid.randomPKCECodeVerifier() }],
    ['no verifier', { pkceCodeVerifier: undefined }],
  ] as const) {
    await t.test(what, async () => {
      const { url, checks } = await app.begin();
      const { onward = '' } = await browser.follow(await browser.open(url));
      const { pkceCodeVerifier: _, ...others } = checks;
      const { pkceCodeVerifier } = change;
      const given = pkceCodeVerifier === undefined ? others : { ...others, pkceCodeVerifier };
      await assert.rejects(app.finish(onward, given), { error: 'invalid_grant' });
    });
  }
  await t.test('a verifier for a code without a challenge', async () => {
    const { url, checks } = await beginWithoutPkce(app);
    const { onward = '' } = await browser.follow(await browser.open(url));
    await assert.rejects(app.finish(onward, { ...checks, pkceCodeVerifier: openid.randomPKCECodeVerifier() }), { error: 'invalid_grant' });
  });
  await t.test('the method plain', async () => {
    const { onward } = await browser.open((await app.begin({ code_challenge_method: 'plain' })).url);
    assert.match(onward ?? '', /error=invalid_request/);
  });
});

test('an option that weakens a defence is refused for public applications, and its warning is shown while it is on', async (t) => {
  const hub = await start(t);
  const body = { name: 'App', redirectUris: ['https://app.example/cb'] };
  const answer = z.object({ client: z.looseObject({ id: z.string(), warnings: z.array(z.string()) }) });
  for (const option of ['allowMissingPkce', 'introspectOthers']) {
    await t.test(option, async () => {
      const refused = await hub.api('/clients', { ...body, public: true, [option]: true });
      assert.equal(refused.status, 400);
      assert.match(JSON.stringify(refused.body), /applications with a secret only/);
      const { body: created } = await hub.api('/clients', { ...body, [option]: true });
      const { client } = answer.parse(created);
      assert.deepEqual([client[option], client.warnings.length], [true, 1]);
      const { body: changed } = await hub.api(`/clients/${client.id}`, { [option]: false }, 'PATCH');
      assert.deepEqual(answer.parse(changed).client.warnings, []);
      const entries = (await hub.store.auditRecords({}, 100)).filter(({ subject }) => subject === client.id);
      assert.deepEqual(entries.map(({ action, detail }) => [action, detail?.includes(option)]).sort(), [
        ['client.change', false],
        ['client.create', true],
      ]);
    });
  }
  for (const wrong of [
    { corsOrigins: ['*'] },
    { corsOrigins: ['null'] },
    { corsOrigins: 'https://x.example' },
    { allowMissingPkce: 'on' },
  ]) {
    assert.equal((await hub.api('/clients', { ...body, ...wrong })).status, 400, JSON.stringify(wrong));
  }
});

test('scripts of an origin call the endpoints of their own application', async (t) => {
  const hub = await start(t);
  const own = await createApplication(hub, { public: true });
  const listed = await createApplication(hub, {
    public: true,
    redirectUris: ['com.example.app:/cb'],
    corsOrigins: ['https://spa.example'],
  });
  const withSecret = await createApplication(hub);
  const issuer = `${hub.hub.publicUrl}/oidc`;
  const allowed = async (app: Application, path: string, origin: string) => {
    const form = {
      client_id: app.clientId,
      token: 'x',
      refresh_token: 'x',
      grant_type: 'refresh_token',
      ...(app.secret && { client_secret: app.secret }),
    };
    const response = await fetch(issuer + path, { method: 'POST', headers: { Origin: origin }, body: new URLSearchParams(form) });
    await response.arrayBuffer();
    return response.headers.get('Access-Control-Allow-Origin');
  };
  for (const [what, app, origin, expected] of [
    ['the origin of its redirect URI', own, 'https://app.example', true],
    ['a listed origin', listed, 'https://spa.example', true],
    ['another application’s origin', own, 'https://spa.example', false],
    ['another port', own, 'https://app.example:8443', false],
    ['http', own, 'http://app.example', false],
    ['a longer host', own, 'https://app.example.evil.example', false],
    ['a sandboxed page, for an application with an address of its own scheme', listed, 'null', false],
    ['a redirect URI of an application with a secret', withSecret, 'https://app.example', false],
  ] as const) {
    for (const path of ['/token', '/revoke']) {
      await t.test(`${path}, ${what}: ${expected ? 'allowed' : 'refused'}`, async () => {
        assert.equal(await allowed(app, path, origin), expected ? origin : null);
      });
    }
  }
  for (const path of ['/.well-known/openid-configuration', '/jwks']) {
    await t.test(`${path} is public`, async () => {
      const response = await fetch(issuer + path, { headers: { Origin: 'https://any.example' } });
      await response.arrayBuffer();
      assert.equal(response.headers.get('Access-Control-Allow-Origin'), 'https://any.example');
      assert.equal(response.headers.get('Access-Control-Allow-Credentials'), null);
    });
  }
  const preflight = await fetch(`${issuer}/userinfo`, {
    method: 'OPTIONS',
    headers: { Origin: 'https://app.example', 'Access-Control-Request-Method': 'GET', 'Access-Control-Request-Headers': 'authorization' },
  });
  assert.equal(preflight.status, 204);
});

test('an application can introspect its own tokens, and those of others only if it is permitted to', async (t) => {
  const hub = await start(t);
  const app = await createApplication(hub);
  const { tokens } = await app.signIn();
  const active = (asking: Application, token = '') => openid.tokenIntrospection(asking.config, token).then((answer) => answer.active);
  assert.deepEqual(
    [await active(app, tokens.access_token), await active(app, tokens.refresh_token), await active(app, 'x')],
    [true, true, false],
  );
  const api = await createApplication(hub, { name: 'API', introspectOthers: true });
  const answer = await openid.tokenIntrospection(api.config, tokens.access_token);
  assert.deepEqual([answer.active, answer.client_id, answer.sub], [true, app.clientId, tokens.claims()?.sub]);
  const other = await createApplication(hub, { name: 'Other' });
  assert.equal(await active(other, tokens.access_token), false);
  const anyone = await createApplication(hub, { public: true });
  assert.equal(await active(anyone, tokens.access_token), false);
  await openid.tokenRevocation(other.config, tokens.access_token).catch(() => {});
  assert.equal(await active(app, tokens.access_token), true);
  await openid.tokenRevocation(app.config, tokens.refresh_token ?? '');
  assert.deepEqual([await active(app, tokens.refresh_token), await active(api, tokens.access_token)], [false, false]);
});
