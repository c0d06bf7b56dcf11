import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { signedInBrowser } from '../../test/administrators-for-test.ts';
import { makeIdentity, provision } from '../../test/foreign-connector.ts';
import { startHubForTest } from '../../test/hub-under-test.ts';
import { operatorForTest } from '../../test/operator-for-test.ts';
import { createApiKey } from '../api/api-keys.ts';
import { createClient } from '../oidc/clients.ts';
import type { AdministratorRole } from '../store/administrators.ts';
import { hasRole, permissionFor, permittedRoutes } from './permissions.ts';

/** What forms need besides the token. */
const FIELDS: Record<string, Record<string, string>> = {
  'POST /new-connection': { name: 'branch' },
  'POST /connections/:name/delete': { typed: 'corp' },
  'POST /connections/:name/try': { username: 'anna', password: 'x' },
  'POST /clients/new': { name: 'x', redirectUris: 'https://app.example/callback' },
  'POST /clients/:id/change': { name: 'x', redirectUris: 'https://app.example/callback', 'all-connections': 'on' },
  'POST /api-keys/new': { name: 'x', scope: 'sign-in', 'all-connections': 'on' },
  'POST /api-keys/:id': { name: 'x', scope: 'search', 'all-connections': 'on' },
  'POST /administrators': { name: 'carl', role: 'owner' },
  'POST /administrators/:name/role': { role: 'operator' },
};

async function start(t: TestContext) {
  const under = await startHubForTest(t);
  const { store, hub } = under;
  await provision(await under.createConnection('corp'), makeIdentity());
  const [connection] = await store.connections();
  const [certificate] = await store.certificates(connection?.id ?? '');
  const { client } = await createClient(operatorForTest(store), { name: 'Billing', redirectUris: ['https://app.example/callback'] });
  const { apiKey } = await createApiKey(operatorForTest(store), 'billing');
  const [key] = await store.signingKeys();
  await signedInBrowser(store, 'ben');

  /** The addresses of a route: one for each action in braces. */
  const addressesOf = (route: string) => {
    const filled = route
      .replace('/connections/:name', '/connections/corp')
      .replace('/connectors/:id', `/connectors/${certificate?.thumbprint}`)
      .replace('/clients/:id', `/clients/${client.id}`)
      .replace('/api-keys/:id', `/api-keys/${apiKey.id}`)
      .replace('/administrators/:name', '/administrators/ben')
      .replace(':kid', key?.kid ?? '')
      .replace(/:id/, 'x');
    const [, before = filled, choices = '', after = ''] = /^(.*):action\{(.*)\}(.*)$/.exec(filled) ?? [];
    return choices.split('|').map((choice) => before + choice + after);
  };
  /** Everything that a role could change, as text. */
  const state = async () =>
    JSON.stringify([
      await store.connections(),
      await store.certificates(connection?.id ?? ''),
      await store.apiKeys(),
      await store.oidcClients(),
      await store.signingKeys(),
      await store.administrators(),
      (await store.auditRecords({}, 1000)).length,
    ]);
  const send = async (who: Awaited<ReturnType<typeof signedInBrowser>>, address: string) => {
    const [method = '', path = ''] = address.split(' ');
    const route = permittedRoutes().find((candidate) => addressesOf(candidate).includes(address)) ?? '';
    const post = {
      method: 'POST',
      body: new URLSearchParams({ token: who.formToken, ...FIELDS[route] }),
      headers: { Origin: hub.publicUrl },
    };
    return who.browser.open(`${hub.publicUrl}/dashboard${path}`, method === 'POST' ? post : {});
  };
  return { ...under, addressesOf, state, send };
}

const isOwnAccount = (route: string) => / \/(?:account|sign-out)/.test(route);
const others = (role: AdministratorRole) =>
  permittedRoutes().filter((route) => !isOwnAccount(route) && !hasRole(role, permissionFor(route)?.role ?? 'owner'));

test('a read-only administrator can open no form and change nothing by any route', async (t) => {
  const { store, addressesOf, state, send } = await start(t);
  const who = await signedInBrowser(store, 'rita', { role: 'read-only' });
  const before = await state();
  const forms = permittedRoutes().filter((route) => route.startsWith('POST') && !isOwnAccount(route));
  assert.ok(forms.length >= 18);
  for (const route of new Set([...forms, ...others('read-only')])) {
    for (const address of addressesOf(route)) {
      const { status, text } = await send(who, address);
      assert.equal(status, 403, address);
      assert.match(text, /Your role “read-only” may not [a-z].*This needs the role “(?:operator|owner)”/, address);
    }
  }
  assert.equal(await state(), before);
});

test('an operator can do everything except invite, change roles, reset second factors and create API keys', async (t) => {
  const { store, addressesOf, state, send } = await start(t);
  const who = await signedInBrowser(store, 'otto', { role: 'operator' });
  const before = await state();
  const forbidden = others('operator').flatMap(addressesOf);
  for (const address of [
    'POST /api-keys/new',
    'POST /administrators',
    'POST /administrators/ben/role',
    'POST /administrators/ben/reset',
    'POST /administrators/ben/remove',
  ]) {
    assert.ok(forbidden.includes(address), address);
  }
  for (const address of forbidden) assert.equal((await send(who, address)).status, 403, address);
  assert.equal(await state(), before);
  for (const route of permittedRoutes().filter((candidate) => !isOwnAccount(candidate) && !others('operator').includes(candidate))) {
    // A deletion would break the remaining cases.
    if (/\/delete|:action/.test(route)) continue;
    // No connector has shown a code here.
    const permitted = / \/code\b/.test(route) && route !== 'GET /code' ? [400, 404] : [200, 303];
    for (const address of addressesOf(route)) assert.ok(permitted.includes((await send(who, address)).status), address);
  }
});

test('pages show only the actions that the role permits', async (t) => {
  const { store, hub } = await start(t);
  const pages = ['', '/connections/corp', '/clients', '/api-keys', '/signing-keys', '/audit', '/administrators'];
  for (const role of ['owner', 'operator', 'read-only'] as const) {
    const { browser } = await signedInBrowser(store, `someone-${role}`, { role });
    for (const path of pages) {
      const { text, status } = await browser.open(`${hub.publicUrl}/dashboard${path}`);
      assert.equal(status, 200, path);
      if (role === 'read-only') {
        const targets = [...text.matchAll(/<form method="post" action="([^"]+)"/g)].map(([, target]) => target);
        assert.deepEqual(new Set(targets), new Set(['/dashboard/sign-out']), path);
      }
      for (const [, link = ''] of text.matchAll(/href="\/dashboard([^"?]*)"/g)) {
        if (link.startsWith('/assets/')) continue;
        assert.equal((await browser.open(`${hub.publicUrl}/dashboard${link}`)).status, 200, `${role}: ${link} on ${path}`);
      }
    }
  }
});

test('a changed role takes effect at once, ends the sessions, and is in the audit log', async (t) => {
  const { store, send } = await start(t);
  const anna = await signedInBrowser(store, 'anna');
  const otto = await signedInBrowser(store, 'otto', { role: 'operator' });
  assert.equal((await send(anna, 'POST /administrators/ben/role')).status, 303);
  const [ben] = (await store.administrators()).filter(({ name }) => name === 'ben');
  assert.equal(ben?.role, 'operator');
  assert.equal((await store.sessions('id-ben')).length, 0);
  const [record] = await store.auditRecords({ action: 'administrator.role' }, 1);
  assert.deepEqual([record?.actor, record?.subject, record?.detail], ['administrator:anna', 'ben', 'owner → operator']);

  await store.changeRole('id-otto', 'read-only');
  assert.equal((await send(otto, 'POST /connections/corp/disable')).status, 403);
});
