import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import * as openid from 'openid-client';
import { z } from 'zod';
import { type Application, createApplication, REDIRECT_URI } from '../../test/application.ts';
import { connect } from '../../test/foreign-connector.ts';
import { type HubUnderTest, startHubForTest } from '../../test/hub-under-test.ts';
import { operatorForTest } from '../../test/operator-for-test.ts';
import { createClient } from './clients.ts';

const ANNA = {
  id: 'anna-id',
  displayName: 'Anna Berg',
  name: { givenName: 'Anna', familyName: 'Berg' },
  nickname: 'anna',
  emails: [{ value: 'anna@fabrikam.example' }],
  groups: ['Staff', 'Everyone'],
};

async function start(t: TestContext): Promise<{ hub: HubUnderTest; app: Application }> {
  const hub = await startHubForTest(t);
  const connector = await connect(await hub.provisioned());
  connector.answerAll(({ claims }) =>
    claims.password === 'right' ? { profile: { ...ANNA, id: `${claims.username}-id` } } : { err: { name: 'WrongPassword' }, profile: {} },
  );
  return { hub, app: await createApplication(hub) };
}

function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path).toString('latin1') : '';
}

test('a client library signs a user in, reads the claims, refreshes and signs out', async (t) => {
  const { hub, app } = await start(t);
  const { browser, tokens } = await app.signIn();
  const claims = tokens.claims();
  assert.ok(claims);
  assert.equal(claims.iss, `${hub.hub.publicUrl}/oidc`);
  assert.deepEqual(
    [claims.name, claims.given_name, claims.family_name, claims.preferred_username, claims.connection, claims.email, claims.email_verified],
    ['Anna Berg', 'Anna', 'Berg', 'anna', 'corp', 'anna@fabrikam.example', false],
  );
  assert.deepEqual([claims.groups, claims.amr], [['Staff', 'Everyone'], ['pwd']]);
  assert.ok(Math.abs(Number(claims.auth_time) - Date.now() / 1000) < 60);
  const userinfo = await openid.fetchUserInfo(app.config, tokens.access_token, claims.sub);
  assert.deepEqual([userinfo.groups, userinfo.sub], [['Staff', 'Everyone'], claims.sub]);

  const refreshed = await openid.refreshTokenGrant(app.config, tokens.refresh_token ?? '');
  assert.notEqual(refreshed.refresh_token, tokens.refresh_token);
  assert.equal(refreshed.claims()?.sub, claims.sub);

  const signOut = openid.buildEndSessionUrl(app.config, {
    id_token_hint: refreshed.id_token ?? '',
    post_logout_redirect_uri: 'https://app.example/signed-out',
    state: 'x',
  });
  const question = await browser.open(signOut.href);
  assert.match(question.text, /Sign out\?/);
  const done = await browser.follow(await browser.submit(question, '/confirm', { logout: 'yes' }));
  assert.equal(done.onward, 'https://app.example/signed-out?state=x');
  await assert.rejects(openid.refreshTokenGrant(app.config, refreshed.refresh_token ?? ''));
  await assert.rejects(openid.fetchUserInfo(app.config, refreshed.access_token, claims.sub));
});

test('a code works once, even for two simultaneous requests', async (t) => {
  const { hub, app } = await start(t);
  const { browser } = await app.signIn();
  const { url, checks } = await app.begin();
  const { onward = '' } = await browser.follow(await browser.open(url));
  const outcomes = await Promise.allSettled([1, 2, 3, 4].map(() => app.finish(onward, checks)));
  const [tokens, ...others] = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  assert.ok(tokens !== undefined && others.length === 0);
  await assert.rejects(app.finish(onward, checks), { error: 'invalid_grant' });
  await assert.rejects(openid.fetchUserInfo(app.config, tokens.access_token, openid.skipSubjectCheck));
  assert.ok(!JSON.stringify(hub.logLines).includes(new URL(onward).searchParams.get('code') ?? ''));
});

test('an access token can be revoked, and a client without refresh tokens gets none', async (t) => {
  const { hub, app } = await start(t);
  const { tokens } = await app.signIn();
  await openid.tokenRevocation(app.config, tokens.access_token);
  await assert.rejects(openid.fetchUserInfo(app.config, tokens.access_token, openid.skipSubjectCheck));
  const plain = await createApplication(hub, { refreshTokens: false });
  assert.equal((await plain.signIn()).tokens.refresh_token, undefined);
});

test('a public client needs no secret, a native one may use any port, and ID tokens can be ES256', async (t) => {
  const { hub } = await start(t);
  const spa = await createApplication(hub, { public: true, idTokenAlgorithm: 'ES256' });
  const { tokens } = await spa.signIn();
  assert.equal(JSON.parse(atob(tokens.id_token?.split('.')[0] ?? '')).alg, 'ES256');
  const native = await createApplication(hub, { public: true, redirectUris: ['http://127.0.0.1/callback'] });
  assert.match(
    (await native.signIn({ parameters: { redirect_uri: 'http://127.0.0.1:12345/callback' } })).returned,
    /^http:\/\/127.0.0.1:12345\/callback\?code=/,
  );
});

test('a request without PKCE, with another method, or with a wrong verifier gets no tokens', async (t) => {
  const { app } = await start(t);
  const { browser } = await app.signIn();
  const { url, checks } = await app.begin();
  for (const change of [
    (asked: URL) => asked.searchParams.delete('code_challenge'),
    (asked: URL) => asked.searchParams.set('code_challenge_method', 'plain'),
    (asked: URL) => asked.searchParams.set('response_type', 'token'),
    (asked: URL) => asked.searchParams.set('response_type', 'code id_token'),
  ]) {
    await t.test(String(change).replace(/^.*searchParams\./, ''), async () => {
      const asked = new URL(url);
      change(asked);
      const { onward } = await browser.open(asked.href);
      assert.match(onward ?? '', /^https:\/\/app\.example\/callback[?#].*error=/, asked.href);
    });
  }
  const { onward = '' } = await browser.follow(await browser.open(url));
  await assert.rejects(app.finish(onward, { ...checks, pkceCodeVerifier: openid.randomPKCECodeVerifier() }), { error: 'invalid_grant' });
});

test('a sign-in with too much to remember is rejected, and an address cannot begin any number of them', async (t) => {
  const { hub, app } = await start(t);
  const { url } = await app.begin();
  const records = () => {
    const db = new DatabaseSync(hub.databasePath, { readOnly: true });
    const row = db.prepare("SELECT count(*) AS count FROM oidc_records WHERE kind = 'Interaction'").get();
    db.close();
    return row?.count;
  };
  const huge = new URL(url);
  huge.searchParams.set('state', 's'.repeat(8000));
  const rejected = await fetch(huge, { redirect: 'manual' });
  assert.match(rejected.headers.get('location') ?? '', /^https:\/\/app\.example\/callback\?error=invalid_request/);
  assert.equal(records(), 0);
  const statuses: number[] = [];
  for (let n = 0; n < 1002; n++) {
    const response = await fetch(url, { redirect: 'manual' });
    await response.arrayBuffer();
    statuses.push(response.status);
  }
  assert.deepEqual([...new Set(statuses.slice(0, 1000))], [303]);
  assert.deepEqual(statuses.slice(1000), [429, 429]);
  assert.equal(records(), 1000);
});

test('an address cannot fill the database with sessions by opening forms, and sessions without a user end soon', async (t) => {
  const { hub } = await start(t);
  const base = `${hub.hub.publicUrl}/oidc`;
  const open = async (path: string) => {
    const response = await fetch(base + path);
    await response.arrayBuffer();
    return response.status;
  };
  const statuses: number[] = [];
  for (let n = 0; n < 500; n++) statuses.push(await open('/device'), await open('/logout'));
  assert.deepEqual([...new Set(statuses)], [200]);
  for (const path of ['/device', '/device?user_code=BBBBBBBB', '/logout', '/Logout/']) assert.equal(await open(path), 429, path);
  const db = new DatabaseSync(hub.databasePath, { readOnly: true });
  const stored = db.prepare("SELECT count(*) AS count, max(expires_at) AS ends FROM oidc_records WHERE kind = 'Session'").get();
  db.close();
  assert.equal(stored?.count, 1000);
  assert.ok(Number(stored?.ends) <= Date.now() + 30 * 60_000);
});

test('a browser is never redirected to an unregistered address, after signing in or out', async (t) => {
  const { hub, app } = await start(t);
  const { browser, tokens } = await app.signIn();
  const { url } = await app.begin();
  for (const uri of [
    'https://evil.example/callback',
    'https://app.example/callback/',
    'https://app.example/callback?x=1',
    'https://app.example/callback#x',
    'https://app.example:444/callback',
    'https://app.example.evil.example/callback',
    'https://app.example/callback/../../evil',
    'https://app.example@evil.example/callback',
    '//evil.example',
    'javascript:alert(1)',
    'https://app.example/callback\r\nSet-Cookie: a=b',
  ]) {
    await t.test(JSON.stringify(uri), async () => {
      const asked = new URL(url);
      asked.searchParams.set('redirect_uri', uri);
      const shown = await browser.open(asked.href);
      assert.equal(shown.onward, undefined, uri);
      assert.equal(shown.status, 400, uri);
      assert.equal(shown.headers.get('Set-Cookie')?.includes('a=b') ?? false, false);
      const out = openid.buildEndSessionUrl(app.config, { id_token_hint: tokens.id_token ?? '', post_logout_redirect_uri: uri });
      const refused = await browser.open(out.href);
      assert.deepEqual([refused.status, refused.onward], [400, undefined], uri);
    });
  }
  // Without a client the address is ignored.
  const question = await browser.open(`${hub.hub.publicUrl}/oidc/logout?post_logout_redirect_uri=https://evil.example`);
  const done = await browser.follow(await browser.submit(question, '/confirm', { logout: 'yes' }));
  assert.deepEqual([done.status, done.onward], [200, undefined]);
  assert.match(done.text, /You are signed out/);
});

test('headers of a request change no address', async (t) => {
  const { hub } = await start(t);
  const response = await fetch(`${hub.hub.url}/oidc/.well-known/openid-configuration`, {
    headers: { 'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'https', Forwarded: 'host=evil.example' },
  });
  const document = await response.text();
  assert.doesNotMatch(document, /evil/);
  const { issuer, registration_endpoint, token_endpoint, code_challenge_methods_supported } = JSON.parse(document);
  assert.equal(issuer, `${hub.hub.publicUrl}/oidc`);
  assert.equal(token_endpoint, `${issuer}/token`);
  assert.equal(registration_endpoint, undefined);
  assert.deepEqual(code_challenge_methods_supported, ['S256']);
});

test('a sign-out form from another site is rejected', async (t) => {
  const { hub, app } = await start(t);
  const { browser, tokens } = await app.signIn();
  await browser.open(`${hub.hub.publicUrl}/oidc/logout`);
  const response = await fetch(`${hub.hub.publicUrl}/oidc/logout/confirm`, {
    method: 'POST',
    body: new URLSearchParams({ logout: 'yes', xsrf: 'guessed' }),
    headers: { Cookie: [...browser.cookies].map(([name, { value }]) => `${name}=${value}`).join('; ') },
  });
  assert.equal(response.status, 400);
  await openid.fetchUserInfo(app.config, tokens.access_token, openid.skipSubjectCheck);
});

test('a sign-in changes the session ID, and a planted cookie is worthless', async (t) => {
  const { app } = await start(t);
  const { browser } = await app.signIn();
  const session = () => browser.cookies.get('landbridge_session')?.value;
  const before = session();
  assert.ok(before);
  assert.match(browser.cookies.get('landbridge_session')?.attributes ?? '', /httponly/i);
  await app.signIn({ browser, parameters: { prompt: 'login' } });
  assert.notEqual(session(), before);
  // The old ID with its valid signature is worthless.
  const after = session() ?? '';
  browser.cookies.set('landbridge_session', { value: before, path: '/', attributes: '' });
  const shown = await browser.open((await app.begin()).url);
  assert.match(shown.onward ?? '', /\/login\//);
  browser.cookies.set('landbridge_session', { value: after, path: '/', attributes: '' });
});

test('prompt, max_age and a second application reuse the session or ask again', async (t) => {
  const { hub, app } = await start(t);
  const { browser, tokens } = await app.signIn();
  const other = await createApplication(hub, { name: 'Other' });
  const where = async (application: Application, parameters: Record<string, string>) =>
    (await browser.open((await application.begin(parameters)).url)).onward ?? '';
  assert.match(await where(other, { prompt: 'none' }), /callback\?code=/);
  assert.match(await where(other, { prompt: 'consent', scope: 'openid offline_access' }), /callback\?code=/);
  assert.match(await where(app, { max_age: '3600' }), /callback\?code=/);
  assert.match(await where(app, { prompt: 'login' }), /\/login\//);
  assert.match(await where(app, { max_age: '0', prompt: 'none' }), /error=login_required/);
  assert.match(await where(app, { connection: 'corp' }), /callback\?code=/);
  assert.match(await where(app, { ui_locales: 'de fr' }), /callback\?code=/);
  browser.cookies.clear();
  assert.match(await where(app, { prompt: 'none' }), /error=login_required/);
  assert.ok(tokens);
});

test('an application gets users of its own enabled connections only', async (t) => {
  const { hub, app } = await start(t);
  await hub.createConnection('partners');
  const partners = await createApplication(hub, { connections: ['partners'] });
  const { browser, tokens } = await app.signIn({ parameters: { connection: 'corp' } });
  // The session is of corp, which is not for this application.
  assert.match((await browser.open((await partners.begin({ prompt: 'none' })).url)).onward ?? '', /error=login_required/);
  await hub.api('/connections/corp', { enabled: false }, 'PATCH');
  await assert.rejects(openid.refreshTokenGrant(app.config, tokens.refresh_token ?? ''), { error: 'invalid_grant' });
  await assert.rejects(openid.fetchUserInfo(app.config, tokens.access_token, openid.skipSubjectCheck));
  await hub.api('/connections/corp', { enabled: true }, 'PATCH');
  await hub.api('/connections/corp', undefined, 'DELETE');
  await assert.rejects(openid.fetchUserInfo(app.config, tokens.access_token, openid.skipSubjectCheck));
});

test('a subject is stable, and unique per user and connection', async (t) => {
  const { hub, app } = await start(t);
  const connector = await connect(await hub.provisioned('second'));
  connector.answerAll(({ claims }) => ({ profile: { id: `${claims.username}-id` } }));
  const subject = async (username: string, connection: string) =>
    (await app.signIn({ username, parameters: { connection } })).tokens.claims()?.sub;
  const subjects = [await subject('anna', 'corp'), await subject('ben', 'corp'), await subject('anna', 'second')];
  assert.equal(new Set(subjects).size, 3);
  assert.equal(await subject('anna', 'corp'), subjects[0]);
});

test('a wrong secret, a rotated secret and a deleted client are rejected', async (t) => {
  const { hub, app } = await start(t);
  const token = (id: string, secret: string) =>
    fetch(`${hub.hub.publicUrl}/oidc/token`, {
      method: 'POST',
      body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: 'x', client_id: id, client_secret: secret }),
    }).then(async (response) => [response.status, z.object({ error: z.string() }).parse(await response.json()).error]);
  const known = [400, 'invalid_grant'];
  const unknown = [401, 'invalid_client'];
  assert.deepEqual(await token(app.clientId, app.secret ?? ''), known);
  assert.deepEqual(await token(app.clientId, 'wrong'), unknown);
  const stored = await hub.store.oidcClient(app.clientId);
  assert.deepEqual(await token(app.clientId, stored?.secretHash ?? ''), unknown);
  const { status, body } = await hub.api(`/clients/${app.clientId}/secret`, {});
  assert.equal(status, 201);
  assert.deepEqual(await token(app.clientId, app.secret ?? ''), unknown);
  const { secret } = z.object({ secret: z.string() }).parse(body);
  assert.deepEqual(await token(app.clientId, secret), known);
  assert.equal((await hub.api(`/clients/${app.clientId}`, undefined, 'DELETE')).status, 204);
  assert.deepEqual(await token(app.clientId, secret), unknown);
});

test('the store has no session ID, code or token in clear text', async (t) => {
  const { hub, app } = await start(t);
  const { browser, tokens, returned } = await app.signIn();
  await app.begin().then(({ url }) => browser.open(`${url}&prompt=login`));
  await hub.store.close();
  const file = readFileSync(hub.databasePath).toString('latin1') + readIfThere(`${hub.databasePath}-wal`);
  assert.ok(file.includes('Billing'));
  const secrets = [tokens.access_token, tokens.refresh_token, app.secret, new URL(returned).searchParams.get('code')];
  for (const secret of [...secrets, browser.cookies.get('landbridge_session')?.value, 'right']) {
    assert.ok(secret && !file.includes(`"${secret}"`) && !(secret.length > 10 && file.includes(secret)), String(secret).slice(0, 6));
  }
});

test('keys can be rotated while users are signed in', async (t) => {
  const { hub, app } = await start(t);
  const { browser, tokens } = await app.signIn();
  const jwks = async () =>
    z.object({ keys: z.array(z.object({ kid: z.string() })) }).parse(await (await fetch(`${hub.hub.publicUrl}/oidc/jwks`)).json()).keys;
  const before = await jwks();
  assert.equal((await hub.api('/oidc-keys/rotate', {})).status, 201);
  assert.equal((await jwks()).length, before.length + 2);
  const { url, checks } = await app.begin({ prompt: 'none' });
  const { onward = '' } = await browser.open(url);
  const again = await app.finish(onward, checks);
  const kid = (token: string | undefined) => JSON.parse(atob(token?.split('.')[0] ?? '')).kid;
  assert.notEqual(kid(again.id_token), kid(tokens.id_token));
  assert.ok((await openid.refreshTokenGrant(app.config, again.refresh_token ?? '')).access_token);
});

test('behind a TLS proxy, cookies are Secure and addresses are public', async (t) => {
  const hub = await startHubForTest(t, { PUBLIC_URL: 'https://hub.example' });
  const { client } = await createClient(operatorForTest(hub.store), { name: 'App', redirectUris: [REDIRECT_URI] });
  const asked = new URLSearchParams({
    client_id: client.id,
    redirect_uri: REDIRECT_URI,
    response_type: 'code',
    scope: 'openid',
    code_challenge: 'x'.repeat(43),
    code_challenge_method: 'S256',
  });
  const response = await fetch(`${hub.hub.url}/oidc/authorize?${asked}`, { redirect: 'manual' });
  assert.match(response.headers.get('Location') ?? '', /^\/login\//);
  const cookies = response.headers.getSetCookie();
  assert.ok(cookies.length >= 4);
  for (const cookie of cookies) assert.match(cookie, /; samesite=lax; secure; httponly/i);
});

test('operators manage clients, errors name the field, and each change is in the audit log', async (t) => {
  const hub = await startHubForTest(t);
  await hub.createConnection();
  const good = { name: 'Billing', redirectUris: [REDIRECT_URI], connections: ['corp'] };
  const cases: [unknown, number, RegExp][] = [
    [{ ...good, name: '' }, 400, /"name"/],
    [{ ...good, redirectUris: [] }, 400, /"redirectUris"/],
    [{ ...good, redirectUris: ['http://app.example/'] }, 400, /"redirectUris"/],
    [{ ...good, postLogoutRedirectUris: ['x'] }, 400, /"postLogoutRedirectUris"/],
    [{ ...good, idTokenAlgorithm: 'none' }, 400, /"idTokenAlgorithm"/],
    [{ ...good, clientSecret: 'mine' }, 400, /clientSecret/],
    [{ ...good, connections: ['nobody'] }, 404, /nobody/],
  ];
  for (const [body, status, message] of cases) {
    await t.test(JSON.stringify(body), async () => {
      const answer = await hub.api('/clients', body);
      assert.equal(answer.status, status, JSON.stringify(body));
      assert.match(answer.body.error.message, message);
    });
  }
  const created = await hub.api('/clients', good);
  assert.equal(created.status, 201);
  const { client, secret } = z.object({ client: z.looseObject({ id: z.string() }), secret: z.string() }).parse(created.body);
  assert.match(secret, /^lbs_/);
  assert.deepEqual([client.connections, client.public, client.refreshTokens], [['corp'], false, false]);
  const list = await hub.api('/clients');
  assert.deepEqual(list.body, { clients: [client] });
  assert.ok(!JSON.stringify(list.body).includes('secretHash'));
  const open = z
    .object({ client: z.object({ id: z.string() }), secret: z.undefined().optional() })
    .parse((await hub.api('/clients', { ...good, public: true })).body);
  assert.equal((await hub.api(`/clients/${open.client.id}/secret`, {})).body.error.code, 'client_is_public');
  assert.equal((await hub.api(`/clients/${client.id}`, undefined, 'DELETE')).status, 204);
  assert.equal((await hub.api(`/clients/${client.id}`)).body.error.code, 'client_not_found');
  const actions = (await hub.store.auditRecords({}, 10)).map(({ action }) => action);
  assert.deepEqual(actions.filter((action) => action.startsWith('client.')).sort(), ['client.create', 'client.create', 'client.delete']);
});

test('a form_post response is submitted by the only script that the page allows', async (t) => {
  const { app } = await start(t);
  const { browser } = await app.signIn();
  const shown = await browser.open((await app.begin({ response_mode: 'form_post' })).url);
  assert.equal(shown.status, 200);
  assert.match(shown.text, /<form method="post" action="https:\/\/app\.example\/callback">/);
  assert.match(shown.headers.get('Content-Security-Policy') ?? '', /default-src 'none';script-src 'sha256-[^']+';base-uri 'none'/);
  assert.match((await browser.open((await app.begin({ response_mode: 'fragment' })).url)).onward ?? '', /error=/);
});

test('a sign-in from the cache has its own amr', async (t) => {
  const hub = await startHubForTest(t);
  const connector = await connect(await hub.provisioned());
  connector.answerAll(() => ({ profile: ANNA }));
  const app = await createApplication(hub);
  const put = hub.store.putCachedCredential;
  const kept = new Promise<void>((resolve) => {
    hub.store.putCachedCredential = async (...given) => {
      const outcome = await put(...given);
      resolve();
      return outcome;
    };
  });
  const online = (await app.signIn()).tokens.claims();
  await kept;
  connector.socket.close();
  await connector.closed;
  const offline = (await app.signIn()).tokens.claims();
  assert.deepEqual([online?.amr, offline?.amr], [['pwd'], ['pwd', 'cache']]);
  assert.equal(offline?.sub, online?.sub);
});
