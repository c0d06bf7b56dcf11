import assert from 'node:assert/strict';
import { request } from 'node:http';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import * as openid from 'openid-client';
import { type Application, createApplication, pathOf } from '../../test/application.ts';
import { connect } from '../../test/foreign-connector.ts';
import { type HubUnderTest, startHubForTest } from '../../test/hub-under-test.ts';
import { createPlainBrowser, type PlainBrowser, type Shown } from '../../test/plain-browser.ts';

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

async function start(t: TestContext): Promise<{ hub: HubUnderTest; app: Application }> {
  const hub = await startHubForTest(t);
  const connector = await connect(await hub.provisioned());
  connector.answerAll(() => ({ profile: { id: 'anna-id', displayName: 'Anna Berg' } }));
  return { hub, app: await createApplication(hub, { name: 'Television', public: true, redirectUris: [], deviceFlow: true }) };
}

const begin = (app: Application) => openid.initiateDeviceAuthorization(app.config, { scope: 'openid profile' });

async function enter(browser: PlainBrowser, address: string, code: string): Promise<Shown> {
  const page = await browser.open(address);
  return browser.submit(page, pathOf(page), { user_code: code });
}

/** One request, as a device polls. */
async function poll(hub: HubUnderTest, app: Application, deviceCode: string): Promise<string> {
  const form = {
    grant_type: DEVICE_GRANT,
    device_code: deviceCode,
    client_id: app.clientId,
    ...(app.secret && { client_secret: app.secret }),
  };
  const response = await fetch(`${hub.hub.publicUrl}/oidc/token`, { method: 'POST', body: new URLSearchParams(form) });
  return String(Object(await response.json()).error ?? 'tokens');
}

test('a device signs a user in, who enters its code in a browser', async (t) => {
  const { hub, app } = await start(t);
  const device = await begin(app);
  assert.match(device.user_code, /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
  assert.equal(await poll(hub, app, device.device_code), 'authorization_pending');
  const browser = createPlainBrowser();
  const question = await enter(browser, device.verification_uri, device.user_code.toLowerCase().replace('-', ' '));
  assert.match(question.text, /Television wants to sign in/);
  assert.ok(question.text.includes(device.user_code));
  const login = await browser.follow(await browser.submit(question, pathOf(question), { confirm: 'yes' }));
  const done = await browser.follow(await browser.submit(login, pathOf(login), { username: 'anna', password: 'right' }));
  assert.match(done.text, /Your device is signed in/);
  const tokens = await openid.pollDeviceAuthorizationGrant(app.config, { ...device, interval: 0.01 });
  assert.equal(tokens.claims()?.name, 'Anna Berg');
  const userinfo = await openid.fetchUserInfo(app.config, tokens.access_token, tokens.claims()?.sub ?? '');
  assert.equal(userinfo.name, 'Anna Berg');
  assert.equal(await poll(hub, app, device.device_code), 'invalid_grant');
  assert.match((await enter(browser, device.verification_uri, device.user_code)).text, /This code is wrong or no longer valid/);
});

test('a device gets no tokens if the user refuses', async (t) => {
  const { hub, app } = await start(t);
  const device = await begin(app);
  const browser = createPlainBrowser();
  const question = await enter(browser, device.verification_uri, device.user_code);
  await browser.submit(question, pathOf(question), { abort: 'yes' });
  assert.equal(await poll(hub, app, device.device_code), 'access_denied');
});

test('only an application with the option begins a device sign-in', async (t) => {
  const { hub } = await start(t);
  const app = await createApplication(hub);
  await assert.rejects(begin(app), /not allowed for this client|error in the response/);
});

test('a device code works for its own application only', async (t) => {
  const { hub, app } = await start(t);
  const other = await createApplication(hub, { deviceFlow: true });
  const device = await begin(app);
  assert.equal(await poll(hub, other, device.device_code), 'invalid_grant');
  assert.equal(await poll(hub, app, device.device_code), 'authorization_pending');
});

test('a code is confirmed only by the hub’s own form', async (t) => {
  const { app } = await start(t);
  const device = await begin(app);
  const browser = createPlainBrowser();
  await browser.open(device.verification_uri);
  const forged = await fetch(device.verification_uri, {
    method: 'POST',
    headers: { Cookie: [...browser.cookies].map(([name, { value }]) => `${name}=${value}`).join('; ') },
    body: new URLSearchParams({ user_code: device.user_code, confirm: 'yes', xsrf: 'guessed' }),
  });
  assert.doesNotMatch(await forged.text(), /wants to sign in|signed in/);
});

test('a code that is sent without a session leads to the form, and confirms nothing', async (t) => {
  const { hub, app } = await start(t);
  const device = await begin(app);
  const code = { user_code: device.user_code };
  for (const fields of [code, { ...code, xsrf: 'guessed', confirm: 'yes' }]) {
    const browser = createPlainBrowser();
    const answer = await browser.open(device.verification_uri, { method: 'POST', body: new URLSearchParams(fields) });
    const shown = await browser.follow(answer);
    assert.deepEqual([answer.status, shown.url, shown.status], [303, device.verification_uri, 200]);
    assert.match(shown.text, /Enter the code that your device shows/);
  }
  assert.equal(await poll(hub, app, device.device_code), 'authorization_pending');
});

test('guessing user codes is stopped after 60 attempts, however many requests are simultaneous', async (t) => {
  const { app } = await start(t);
  const device = await begin(app);
  const guesses = Array.from({ length: 100 }, () =>
    fetch(device.verification_uri, { method: 'POST', body: new URLSearchParams({ user_code: 'BBBB-BBBB' }) }),
  );
  const statuses = (await Promise.all(guesses)).map(({ status }) => status);
  assert.equal(statuses.filter((status) => status !== 429).length, 60);
  const right = await fetch(device.verification_uri, { method: 'POST', body: new URLSearchParams({ user_code: device.user_code }) });
  assert.equal(right.status, 429);
});

test('no other spelling of an address bypasses the limit of user codes', async (t) => {
  const { app } = await start(t);
  const { verification_uri: address } = await begin(app);
  const post = (path: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      // Unlike `fetch`, this sends the path unchanged.
      const sent = request(address, { method: 'POST', path }, (response) => resolve(response.resume().statusCode));
      sent.on('error', reject).end();
    });
  for (let n = 0; n < 60; n++) assert.notEqual(await post('/oidc/device'), 429);
  for (const path of ['/oidc/device', '/oidc/device/', '/oidc/DEVICE', '/oidc/Device/?x']) assert.equal(await post(path), 429, path);
  for (const path of ['/oidc/device#x', '/oidc/device%20']) assert.equal(await post(path), 404, path);
});

test('the database contains neither device codes nor user codes, and a hash from it yields no tokens', async (t) => {
  const { hub, app } = await start(t);
  const device = await begin(app);
  const browser = createPlainBrowser();
  const question = await enter(browser, device.verification_uri, device.user_code);
  const login = await browser.follow(await browser.submit(question, pathOf(question), { confirm: 'yes' }));
  const db = new DatabaseSync(hub.databasePath, { readOnly: true });
  const rows = db.prepare('SELECT * FROM oidc_records').all();
  db.close();
  const dump = JSON.stringify(rows);
  for (const secret of [device.device_code, device.user_code, device.user_code.replace('-', '')]) assert.ok(!dump.includes(secret));
  await browser.follow(await browser.submit(login, pathOf(login), { username: 'anna', password: 'right' }));
  const key = String(rows.find(({ kind }) => kind === 'DeviceCode')?.key);
  for (const stolen of [key, `#${key}`]) assert.equal(await poll(hub, app, stolen), 'invalid_grant');
  assert.equal(await poll(hub, app, device.device_code), 'tokens');
});

test('a hash from the database does not work as any kind of token', async (t) => {
  const { hub } = await start(t);
  const browserApp = await createApplication(hub);
  await browserApp.signIn();
  const db = new DatabaseSync(hub.databasePath, { readOnly: true });
  const rows = db.prepare('SELECT kind, key FROM oidc_records').all();
  db.close();
  const stolen = (kind: string) => `#${String(rows.find((row) => row.kind === kind)?.key)}`;
  const userinfo = await fetch(`${hub.hub.publicUrl}/oidc/userinfo`, { headers: { Authorization: `Bearer ${stolen('AccessToken')}` } });
  assert.equal(userinfo.status, 401);
  for (const kind of ['AccessToken', 'RefreshToken']) {
    assert.equal((await openid.tokenIntrospection(browserApp.config, stolen(kind))).active, false, kind);
  }
  await assert.rejects(openid.refreshTokenGrant(browserApp.config, stolen('RefreshToken')), { error: 'invalid_grant' });
});
