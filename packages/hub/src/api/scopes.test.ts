import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { connect } from '../../test/foreign-connector.ts';
import { type HubUnderTest, startHubForTest } from '../../test/hub-under-test.ts';
import { operatorForTest } from '../../test/operator-for-test.ts';
import { createPlainBrowser } from '../../test/plain-browser.ts';
import { API_SCOPE_NAMES, type ApiScope } from '../store/api-keys.ts';
import { apiRoutes } from './api.ts';
import { changeApiKey, createApiKey, type KeyPermissions } from './api-keys.ts';

/** Bodies with which a call would do something. Other calls need none. */
const BODIES: Readonly<Record<string, object>> = {
  'POST /connections/:name/login': { username: 'a', password: 'b' },
  'POST /connections/:name/change-password': { username: 'a', password: 'new', oldPassword: 'b' },
  'POST /connections/:name/search': { search: 'a' },
  'POST /connections': { name: 'new' },
  'PATCH /connections/:name': { displayName: 'x' },
  'POST /connections/:name/connectors': {},
  'POST /connections/:name/connectors/:id/approve': {},
  'POST /connections/:name/connectors/:id/drain': {},
  'POST /connections/:name/connectors/:id/resume': {},
  'POST /connections/:name/connectors/:id/revoke': {},
  'POST /connections/:name/connectors/:id/confirm-change': { signInEndpoint: 'https://other.example/wsfed' },
  'POST /connections/:name/connectors/:id/dismiss-change': { signInEndpoint: 'https://other.example/wsfed' },
  'POST /signing-keys/rotate': {},
  'POST /clients': { name: 'x', redirectUris: ['https://app.example/'] },
  'PATCH /clients/:id': { name: 'x' },
  'POST /api-keys': { name: 'x', scopes: ['api-keys'] },
  'PATCH /api-keys/:id': { name: 'x' },
};

const CONNECTOR_ACTIONS = ['approve', 'drain', 'resume', 'revoke', 'confirm-change', 'dismiss-change'];

/** An independent copy, so that a mistake in the program's table is noticed. */
const CALLS: Readonly<Record<ApiScope, readonly string[]>> = {
  'sign-in': ['POST /connections/:name/login', 'POST /connections/:name/change-password'],
  search: ['POST /connections/:name/search', 'GET /connections/:name/groups'],
  'reset-password': [],
  view: ['GET /connections', 'GET /connections/:name', 'GET /connections/:name/connectors'],
  provision: [
    ...['POST /connections', 'PATCH /connections/:name', 'DELETE /connections/:name'],
    ...['POST /connections/:name/ticket', 'DELETE /connections/:name/ticket'],
    'POST /connections/:name/connectors',
    ...CONNECTOR_ACTIONS.map((action) => `POST /connections/:name/connectors/:id/${action}`),
  ],
  applications: [
    ...['POST /clients', 'GET /clients', 'GET /clients/:id', 'PATCH /clients/:id', 'DELETE /clients/:id', 'POST /clients/:id/secret'],
  ],
  'signing-keys': ['GET /signing-keys', 'POST /signing-keys/rotate', 'DELETE /signing-keys/:id', 'POST /oidc-keys/rotate'],
  audit: ['GET /audit'],
  'api-keys': ['GET /api-keys', 'POST /api-keys', 'PATCH /api-keys/:id', 'DELETE /api-keys/:id'],
};
const ALL_CALLS = Object.values(CALLS).flat();

async function keyOf({ store }: HubUnderTest, permissions: Omit<KeyPermissions, 'name'>): Promise<string> {
  return (await createApiKey(operatorForTest(store), 'application', permissions)).secret;
}

async function ask(
  hub: HubUnderTest,
  key: string,
  call: string,
  { name = 'corp', body = BODIES[call] }: { name?: string; body?: object } = {},
) {
  const [method = '', route = ''] = call.split(' ');
  // With an unknown id, permitted calls end with 404 and change nothing.
  const path = route.replace(':name', name).replace(':id', 'unknown');
  const response = await fetch(`${hub.hub.url}/api${path}`, {
    method,
    headers: { Authorization: `Bearer ${key}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, code: text === '' ? undefined : (JSON.parse(text).error?.code ?? undefined) };
}

async function startConnected(t: TestContext): Promise<HubUnderTest> {
  const hub = await startHubForTest(t);
  const connector = await connect(await hub.provisioned());
  connector.answerAll(() => ({ profile: { id: '1' } }));
  return hub;
}

test('this test covers all calls of the API', () => {
  // Only the list of routes is read, so the parts are never used.
  const routes = apiRoutes(Object.create(null)).routes.filter(({ method, path }) => method !== 'ALL' && path !== '/openapi.json');
  assert.deepEqual([...new Set(routes.map(({ method, path }) => `${method} ${path}`))].sort(), [...ALL_CALLS].sort());
});

for (const scope of API_SCOPE_NAMES) {
  test(`a key with the scope ${scope} reaches its own calls and no others`, async (t) => {
    const hub = await startConnected(t);
    const key = await keyOf(hub, { scopes: [scope] });
    const permitted = [...CALLS[scope], ...(scope === 'provision' ? CALLS.view : [])];
    // Deleting the connection comes last.
    for (const call of [...ALL_CALLS].sort(
      (a, b) => Number(a === 'DELETE /connections/:name') - Number(b === 'DELETE /connections/:name'),
    )) {
      await t.test(call, async () => {
        const { status, code } = await ask(hub, key, call);
        if (permitted.includes(call)) assert.notEqual(code, 'api_key_scope', `${status}`);
        else if (call.endsWith('/change-password') && scope === 'reset-password') assert.equal(code, 'api_key_scope');
        else assert.deepEqual([status, code], [403, 'api_key_scope']);
      });
    }
    const reset = { body: { username: 'a', password: 'new' } };
    const { code } = await ask(hub, key, 'POST /connections/:name/change-password', reset);
    assert.equal(code === 'api_key_scope', scope !== 'reset-password', code);
    assert.equal((await ask(hub, key, 'GET /no/such/path')).status, 403);
  });
}

test('a key created without choices only signs users in', async (t) => {
  const hub = await startConnected(t);
  const key = await keyOf(hub, {});
  assert.equal((await ask(hub, key, 'POST /connections/:name/login')).status, 200);
  for (const call of ALL_CALLS.filter((each) => !CALLS['sign-in'].includes(each))) {
    assert.equal((await ask(hub, key, call)).code, 'api_key_scope', call);
  }
});

test('a key for one connection sees neither other connections nor the hub as a whole', async (t) => {
  const hub = await startConnected(t);
  await hub.createConnection('other');
  const scopes: ApiScope[] = ['sign-in', 'search', 'reset-password', 'view', 'provision'];
  const key = await keyOf(hub, { scopes, connections: ['corp'] });
  assert.equal((await ask(hub, key, 'POST /connections/:name/login')).status, 200);
  for (const call of ALL_CALLS.filter((each) => each.includes('/:name'))) {
    await t.test(call, async () => {
      assert.deepEqual(await ask(hub, key, call, { name: 'other' }), { status: 404, code: 'connection_not_found' });
    });
  }
  assert.ok(await hub.store.connectionByName('other'));
  const response = await fetch(`${hub.hub.url}/api/connections`, { headers: { Authorization: `Bearer ${key}` } });
  assert.deepEqual(
    JSON.parse(await response.text()).connections.map(({ name }: { name: string }) => name),
    ['corp'],
  );
  assert.equal((await ask(hub, key, 'POST /connections')).code, 'api_key_scope');
  for (const scope of ['applications', 'signing-keys', 'audit', 'api-keys']) {
    await assert.rejects(keyOf(hub, { scopes: [scope], connections: ['corp'] }), { code: 'KEY_PERMISSIONS_INVALID' });
  }
});

test('a key works only from its addresses, and its last use shows the address', async (t) => {
  const hub = await startConnected(t);
  const call = 'POST /connections/:name/login';
  const elsewhere = await keyOf(hub, { addresses: ['192.0.2.0/24', '2001:db8::/32'] });
  assert.deepEqual(await ask(hub, elsewhere, call), { status: 403, code: 'api_key_address' });
  assert.ok(hub.logLines.some((line) => JSON.stringify(line).includes('API key rejected: address not allowed')));
  const here = await keyOf(hub, { addresses: ['127.0.0.1', '::1'] });
  assert.equal((await ask(hub, here, call)).status, 200);
  const used = (await hub.store.apiKeys()).map(({ lastUsedFrom }) => lastUsedFrom);
  assert.deepEqual([used[1], /^(127\.0\.0\.1|::1)$/.test(used[2] ?? '')], [undefined, true]);
});

test('a change takes effect at once, and invalid permissions are rejected', async (t) => {
  const hub = await startConnected(t);
  const operator = operatorForTest(hub.store);
  const { apiKey, secret } = await createApiKey(operator, 'application');
  assert.equal((await ask(hub, secret, 'GET /audit')).status, 403);
  await changeApiKey(operator, apiKey.id, { scopes: ['audit'] });
  assert.equal((await ask(hub, secret, 'GET /audit')).status, 200);
  assert.equal((await ask(hub, secret, 'POST /connections/:name/login')).status, 403);
  for (const [permissions, code] of [
    [{ scopes: [] }, 'KEY_PERMISSIONS_INVALID'],
    [{ scopes: ['everything'] }, 'KEY_PERMISSIONS_INVALID'],
    [{ connections: [] }, 'KEY_PERMISSIONS_INVALID'],
    [{ connections: ['corp'] }, 'KEY_PERMISSIONS_INVALID'],
    [{ scopes: ['search'], connections: ['nobody'] }, 'CONNECTION_NOT_FOUND'],
    [{ addresses: ['10.0.0.0/33'] }, 'KEY_PERMISSIONS_INVALID'],
    [{ name: '' }, 'KEY_NAME_INVALID'],
    [{ days: 0 }, 'KEY_EXPIRY_INVALID'],
  ] as const) {
    await assert.rejects(changeApiKey(operator, apiKey.id, permissions), { code }, JSON.stringify(permissions));
  }
  assert.deepEqual((await hub.store.apiKeys()).find(({ id }) => id === apiKey.id)?.scopes, ['audit']);
  await assert.rejects(changeApiKey(operator, 'unknown', {}), { code: 'KEY_NOT_FOUND' });
});

test('a key that manages keys can grant only its own permissions', async (t) => {
  const hub = await startConnected(t);
  const operator = operatorForTest(hub.store);
  const { apiKey: full } = await createApiKey(operator, 'full', { scopes: API_SCOPE_NAMES });
  const manager = await keyOf(hub, { scopes: ['api-keys', 'sign-in'], addresses: ['127.0.0.1', '::1'], days: 10 });
  const send = async (method: string, path: string, body: object) => {
    const headers = { Authorization: `Bearer ${manager}` };
    const response = await fetch(`${hub.hub.url}/api/api-keys${path}`, { method, headers, body: JSON.stringify(body) });
    return { status: response.status, body: JSON.parse(await response.text()) };
  };
  const { status, body } = await send('POST', '', { name: 'application', scopes: ['sign-in'], connections: ['corp'] });
  assert.equal(status, 201);
  assert.deepEqual([body.apiKey.connections, body.apiKey.addresses], [['corp'], ['127.0.0.1/32', '::1/128']]);
  assert.equal((await ask(hub, body.secret, 'POST /connections/:name/login')).status, 200);
  for (const [title, method, path, wanted] of [
    ['another scope', 'POST', '', { name: 'x', scopes: ['search'] }],
    ['all addresses', 'POST', '', { name: 'x', addresses: [] }],
    ['other addresses', 'POST', '', { name: 'x', addresses: ['192.0.2.7'] }],
    ['a later expiry', 'POST', '', { name: 'x', days: 11 }],
    ['no expiry', 'POST', '', { name: 'x', days: null }],
    ['more for an existing key', 'PATCH', `/${body.apiKey.id}`, { scopes: ['sign-in', 'search'] }],
    ['less for a key that has more', 'PATCH', `/${full.id}`, { scopes: ['sign-in'], addresses: ['::1'], days: 1 }],
  ] as const) {
    await t.test(title, async () => {
      const refused = await send(method, path, wanted);
      assert.deepEqual([refused.status, refused.body.error.code], [403, 'api_key_scope']);
    });
  }
});

test('the Try page accepts a key of its connection that may sign users in, and no other', async (t) => {
  const hub = await startConnected(t);
  await hub.createConnection('other');
  for (const [title, permissions, opens] of [
    ['sign-in', { connections: ['corp'] }, true],
    ['another connection', { connections: ['other'] }, false],
    ['another address', { addresses: ['192.0.2.7'] }, false],
    ['search', { scopes: ['search'] }, false],
  ] as const) {
    await t.test(title, async () => {
      const browser = createPlainBrowser();
      const page = await browser.open(`${hub.hub.publicUrl}/try/corp`);
      const answer = await browser.follow(await browser.submit(page, '/access', { key: await keyOf(hub, permissions) }));
      assert.equal(/name="password"/.test(answer.text), opens, answer.text);
    });
  }
});
