import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from '../../test/foreign-connector.ts';
import { startHubForTest } from '../../test/hub-under-test.ts';
import { operatorForTest } from '../../test/operator-for-test.ts';
import { createApiKey, findApiKey, revokeApiKey } from './api-keys.ts';

test('every address below /api requires a valid key', async (t) => {
  const { hub, store, apiKey } = await startHubForTest(t);
  const status = async (authorization: string | undefined, path = '/connections') => {
    const response = await fetch(`${hub.url}/api${path}`, { headers: authorization === undefined ? {} : { Authorization: authorization } });
    return response.status;
  };
  assert.equal(await status(`Bearer ${apiKey}`), 200);
  for (const wrong of [
    undefined,
    '',
    apiKey,
    `Basic ${apiKey}`,
    'Bearer ',
    `Bearer ${apiKey}x`,
    `Bearer ${apiKey.slice(0, -1)}`,
    'Bearer lbk_',
  ]) {
    await t.test(wrong === undefined ? 'no Authorization' : wrong.replace(apiKey, 'KEY') || 'empty', async () => {
      assert.equal(await status(wrong), 401, String(wrong));
      assert.equal(await status(wrong, '/no/such/path'), 401);
    });
  }
  const { apiKey: second, secret } = await createApiKey(operatorForTest(store), 'second', { scopes: ['view'] });
  assert.equal(await status(`Bearer ${secret}`), 200);
  await revokeApiKey(operatorForTest(store), second.id);
  assert.equal(await status(`Bearer ${secret}`), 401);
});

test('a key expires, and notes when it was last used', async (t) => {
  const { hub, store } = await startHubForTest(t);
  const { apiKey, secret } = await createApiKey(operatorForTest(store), 'application', { scopes: ['view'], days: 30 });
  const expiresAt = apiKey.expiresAt ?? new Date(0);
  assert.equal(Math.round((expiresAt.getTime() - Date.now()) / 86_400_000), 30);
  const used = async () => (await store.apiKeys()).find(({ id }) => id === apiKey.id)?.lastUsedAt;
  assert.equal(await used(), undefined);
  assert.equal((await fetch(`${hub.url}/api/connections`, { headers: { Authorization: `Bearer ${secret}` } })).status, 200);
  assert.ok(Date.now() - ((await used())?.getTime() ?? 0) < 60_000);
  assert.equal((await findApiKey(store, secret, '::1', new Date(expiresAt.getTime() - 1)))?.id, apiKey.id);
  assert.equal(await findApiKey(store, secret, '::1', expiresAt), undefined);
  for (const days of [0, -1, 1.5, Number.NaN, 3651]) {
    await assert.rejects(createApiKey(operatorForTest(store), 'x', { days }), { code: 'KEY_EXPIRY_INVALID' });
  }
});

test('an answer has the user’s immutable id, and the profile of a refused user only on request', async (t) => {
  const under = await startHubForTest(t);
  const connector = await connect(await under.provisioned(), { capabilities: ['subject', 'changeOwnPassword'] });
  const profile = { id: 'mapped', displayName: 'Anna' };
  connector.answerAll(({ claims }) =>
    claims.password === 'right'
      ? { profile, subject: 'immutable' }
      : { err: { name: 'AccountLocked', profile }, profile, subject: 'immutable' },
  );
  const ask = (path: string, body: object) => under.api(`/connections/corp/${path}`, { username: 'anna', ...body });
  const success = { subject: 'immutable', profile, from: 'directory' };
  assert.deepEqual((await ask('login', { password: 'right' })).body, success);
  for (const [path, body] of [
    ['login', { password: 'wrong' }],
    ['change-password', { password: 'new', oldPassword: 'wrong' }],
    ['change-password', { password: 'new' }],
  ] as const) {
    await t.test(`${path} ${Object.keys(body)}`, async () => {
      const plain = await ask(path, body);
      assert.deepEqual([plain.status, plain.body.error.code, 'profile' in plain.body], [401, 'account_locked', false]);
      const full = await ask(path, { ...body, profileOnFailure: true });
      assert.deepEqual([full.status, full.body.profile], [401, profile]);
    });
  }
  assert.equal((await ask('login', { password: 'x', profileOnFailure: 'yes' })).status, 400);
});

test('a key is stored as a hash only', async (t) => {
  const { store, apiKey } = await startHubForTest(t);
  assert.equal(await store.apiKeyByHash(apiKey), undefined);
  assert.ok(!JSON.stringify(await store.apiKeys()).includes(apiKey.slice(4)));
});

test('connections are created, listed, shown and deleted', async (t) => {
  const { api, hub } = await startHubForTest(t);
  const created = await api('/connections', { name: 'corp' });
  assert.equal(created.status, 201);
  assert.ok(created.body.ticket.startsWith(`${hub.publicUrl}/p/ad/`));
  assert.equal(created.body.connection.name, 'corp');
  const again = await api('/connections', { name: 'corp' });
  assert.equal(again.status, 409);
  assert.equal(again.body.error.code, 'connection_exists');
  const list = await api('/connections');
  assert.deepEqual(list.body.connections, [created.body.connection]);
  assert.deepEqual((await api('/connections/corp')).body.connection, created.body.connection);
  assert.ok(!JSON.stringify(list.body).includes(created.body.ticket.split('/').at(-1) ?? ''));
  assert.equal((await api('/connections/corp', undefined, 'DELETE')).status, 204);
  assert.equal((await api('/connections/corp')).status, 404);
  assert.equal((await api('/connections/corp', undefined, 'DELETE')).body.error.code, 'connection_not_found');
});

test('an error names the invalid field and never its value', async (t) => {
  const { api, createConnection } = await startHubForTest(t);
  await createConnection();
  const login = '/connections/corp/login';
  const cases: [string, unknown, RegExp][] = [
    ['/connections', { name: 'a/b' }, /name/],
    ['/connections', { name: '../x' }, /name/],
    ['/connections', { name: 7 }, /"name"/],
    ['/connections', {}, /"name"/],
    [login, '{"username": "a", ', /not JSON/],
    [login, '"text"', /body/],
    [login, { username: 'a' }, /"password"/],
    [login, { username: 'a', password: null }, /"password"/],
    [login, { username: 'a', password: 7 }, /"password"/],
    [login, { username: { $ne: '' }, password: 'hidden' }, /"username"/],
    [login, { username: '', password: 'hidden' }, /"username"/],
    ['/connections/corp/search', { search: 1 }, /"search"/],
    ['/connections/corp/search', { limit: -1 }, /"limit"/],
    ['/connections/corp/search', { limit: 1.5 }, /"limit"/],
    ['/connections/corp/change-password', { username: 'a', password: '' }, /"password"/],
    ['/connections/corp/change-password', { username: 'a', password: 'hidden', oldPassword: '' }, /"oldPassword"/],
    ['/connections/corp/change-password', { username: 'a', password: 'hidden', oldPassword: null }, /"oldPassword"/],
  ];
  for (const [path, body, message] of cases) {
    await t.test(`${path} ${JSON.stringify(body)}`, async () => {
      const answer = await api(path, body);
      assert.equal(answer.status, 400, `${path} ${JSON.stringify(body)}`);
      assert.equal(answer.body.error.code, 'invalid_request');
      assert.match(answer.body.error.message, message);
      assert.doesNotMatch(JSON.stringify(answer.body), /hidden/);
    });
  }
  for (const limit of ['0', '-1', 'x', '1e99', '']) assert.equal((await api(`/connections/corp/groups?limit=${limit}`)).status, 400, limit);
  const large = await api(login, { username: 'a', password: 'x'.repeat(1024 * 1024) });
  assert.equal(large.status, 413);
  assert.equal(large.body.error.code, 'body_too_large');
  assert.equal((await api('/connections/nobody/login', { username: 'a', password: 'b' })).status, 404);
  assert.equal((await api('/connections/..%2fcorp/login', { username: 'a', password: 'b' })).status, 404);
});

test('a connection lists its online connectors', async (t) => {
  const { api, provisioned } = await startHubForTest(t);
  const connector = await connect(await provisioned(), { capabilities: ['drain'] });
  const [online] = (await api('/connections/corp')).body.connection.connectors;
  assert.ok(online);
  assert.match(online.instance, /^[0-9a-f]{12}$/);
  assert.equal(online.eligibility, 'eligible');
  assert.deepEqual([online.agentVersion, online.capabilities, online.draining, online.inFlight], ['6.1.0', ['drain'], false, 0]);
  connector.socket.close();
  await connector.closed;
  assert.deepEqual((await api('/connections/corp')).body.connection.connectors, []);
});

test('an internal error reveals no details', async (t) => {
  const { api, store, logLines } = await startHubForTest(t);
  store.connections = async () => {
    throw new Error('secret detail');
  };
  const { status, body } = await api('/connections');
  assert.equal(status, 500);
  assert.deepEqual(body.error, { code: 'internal_error', message: 'The hub failed; see its log' });
  assert.ok(!JSON.stringify(body).includes('secret detail'));
  assert.ok(logLines.some((line) => JSON.stringify(line).includes('secret detail')));
});
