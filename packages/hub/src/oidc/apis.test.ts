import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as openid from 'openid-client';
import { type Application, createApplication } from '../../test/application.ts';
import { connect } from '../../test/foreign-connector.ts';
import { type HubUnderTest, startHubForTest } from '../../test/hub-under-test.ts';
import { operatorForTest } from '../../test/operator-for-test.ts';
import { checkApis } from './apis.ts';
import { changeClient } from './clients.ts';

const API = 'https://api.example/invoices';
const SCOPE = 'openid profile read write';

async function start(t: TestContext): Promise<{ hub: HubUnderTest; app: Application }> {
  const hub = await startHubForTest(t);
  const connector = await connect(await hub.provisioned());
  connector.answerAll(() => ({ profile: { id: 'anna-id', displayName: 'Anna Berg' } }));
  return { hub, app: await createApplication(hub, { apis: [`${API} read`, 'urn:example:other'] }) };
}

/** As an API validates a token (RFC 9068, section 4). */
function verify(hub: HubUnderTest, token: string, audience = API) {
  const issuer = `${hub.hub.publicUrl}/oidc`;
  return jwtVerify(token, createRemoteJWKSet(new URL(`${issuer}/jwks`)), { issuer, audience, typ: 'at+jwt', algorithms: ['RS256'] });
}

async function signIn(app: Application, resource = API) {
  const { browser } = await app.signIn();
  const { url, checks } = await app.begin({ resource, scope: SCOPE });
  const { onward = '' } = await browser.follow(await browser.open(url));
  return { onward, checks };
}

test('an application gets a token for an API that it was granted, with the scopes that it was granted', async (t) => {
  const { hub, app } = await start(t);
  const { onward, checks } = await signIn(app);
  const tokens = await openid.authorizationCodeGrant(app.config, new URL(onward), checks, { resource: API });
  const { payload } = await verify(hub, tokens.access_token);
  assert.deepEqual([payload.scope, payload.client_id, payload.sub, payload.aud], ['read', app.clientId, tokens.claims()?.sub, API]);
  assert.ok((payload.exp ?? 0) - (payload.iat ?? 0) <= 600);
  assert.equal(payload.name, undefined);
  const refreshed = await openid.refreshTokenGrant(app.config, tokens.refresh_token ?? '', { resource: API });
  assert.equal((await verify(hub, refreshed.access_token)).payload.scope, 'read');
  const plain = await openid.refreshTokenGrant(app.config, refreshed.refresh_token ?? '');
  assert.equal((await openid.fetchUserInfo(app.config, plain.access_token, payload.sub ?? '')).name, 'Anna Berg');
});

test('a token for an API is accepted by neither userinfo nor another API', async (t) => {
  const { hub, app } = await start(t);
  const { onward, checks } = await signIn(app);
  const tokens = await openid.authorizationCodeGrant(app.config, new URL(onward), checks, { resource: API });
  await assert.rejects(openid.fetchUserInfo(app.config, tokens.access_token, openid.skipSubjectCheck));
  await assert.rejects(verify(hub, tokens.access_token, 'urn:example:other'), { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED' });
  await assert.rejects(verify(hub, tokens.id_token ?? '', app.clientId), { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED' });
});

test('an API that was not granted is refused', async (t) => {
  const { hub, app } = await start(t);
  const { browser } = await app.signIn();
  for (const resource of ['https://other.example', `${API}/`, `${API}x`, 'https://api.example', 'urn:example:other#x', 'not a uri']) {
    await t.test(`to a request: ${resource}`, async () => {
      const { onward = '' } = await browser.follow(await browser.open((await app.begin({ resource, scope: SCOPE })).url));
      assert.match(onward, /error=invalid_target/);
    });
  }
  await t.test('to a code for another API', async () => {
    const { onward, checks } = await signIn(app);
    await assert.rejects(openid.authorizationCodeGrant(app.config, new URL(onward), checks, { resource: 'urn:example:other' }), {
      error: 'invalid_target',
    });
  });
  await t.test('to an application that has none', async () => {
    const other = await createApplication(hub);
    assert.match((await signIn(other)).onward, /error=invalid_target/);
  });
  await t.test('to a refresh, once it was taken away', async () => {
    const { onward, checks } = await signIn(app);
    const tokens = await openid.authorizationCodeGrant(app.config, new URL(onward), checks, { resource: API });
    await changeClient(operatorForTest(hub.store), app.clientId, { apis: [] });
    await assert.rejects(openid.refreshTokenGrant(app.config, tokens.refresh_token ?? '', { resource: API }), { error: 'invalid_target' });
  });
});

test('invalid APIs are rejected with the name of the field', async (t) => {
  checkApis(['https://api.example', 'urn:example:api read write:all', 'http://localhost:3000/api']);
  for (const entries of [
    [''],
    ['api'],
    ['https://api.example#x'],
    ['https://api.example openid'],
    ['https://api.example a"b'],
    ['javascript:x'],
    [API, `${API} read`],
  ]) {
    await t.test(JSON.stringify(entries), () => {
      assert.throws(() => checkApis(entries), { code: 'CLIENT_INVALID', message: /"apis"/ });
    });
  }
});

test('an application with a logout address gets a logout token when a user signs out', async (t) => {
  const received: string[] = [];
  const server = createServer(async (request, response) => {
    received.push(await text(request));
    response.end();
  }).listen(0, '127.0.0.1');
  t.after(() => server.close());
  const { hub } = await start(t);
  await new Promise((resolve) => (server.listening ? resolve(undefined) : server.once('listening', resolve)));
  const { port } = server.address() as AddressInfo;
  const told = await createApplication(hub, { backchannelLogoutUri: `http://127.0.0.1:${port}/logout` });
  const other = await createApplication(hub);
  const { browser, tokens } = await told.signIn();
  const { url, checks } = await other.begin();
  const { id_token } = await other.finish((await browser.follow(await browser.open(url))).onward ?? '', checks);
  const question = await browser.open(openid.buildEndSessionUrl(other.config, { id_token_hint: id_token ?? '' }).href);
  await browser.follow(await browser.submit(question, '/confirm', { logout: 'yes' }));
  const [body = ''] = received;
  const token = new URLSearchParams(body).get('logout_token') ?? '';
  const issuer = `${hub.hub.publicUrl}/oidc`;
  const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(`${issuer}/jwks`)), {
    issuer,
    audience: told.clientId,
    typ: 'logout+jwt',
  });
  assert.deepEqual([received.length, payload.sub, payload.sid], [1, tokens.claims()?.sub, tokens.claims()?.sid]);
  assert.deepEqual([payload.events, payload.nonce], [{ 'http://schemas.openid.net/event/backchannel-logout': {} }, undefined]);
  for (const backchannelLogoutUri of ['http://app.example/', 'com.example.app:/x', 'x']) {
    assert.equal((await hub.api(`/clients/${told.clientId}`, { backchannelLogoutUri }, 'PATCH')).status, 400);
  }
});
