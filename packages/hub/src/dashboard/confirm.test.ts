import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { hashPassword } from '@landbridge/web';
import { TOTP } from 'otpauth';
import { signedInBrowser } from '../../test/administrators-for-test.ts';
import { startHubForTest } from '../../test/hub-under-test.ts';
import { newTotpSecret } from '../administrators/one-time-codes.ts';
import { permissionFor, permittedRoutes } from './permissions.ts';

const PASSWORD = 'eleven blue horses';
const LONG_AGO = { authenticatedAt: new Date(Date.now() - 11 * 60_000) };

const secret = newTotpSecret();
const codeOf = (stepsAhead = 0) => new TOTP({ secret }).generate({ timestamp: Date.now() + stepsAhead * 30_000 });

/** A hub, and an owner who authenticated eleven minutes ago. */
async function start(t: TestContext) {
  const under = await startHubForTest(t);
  const owner = { passwordHash: await hashPassword(PASSWORD), totpSecret: secret };
  const anna = await signedInBrowser(under.store, 'anna', owner, LONG_AGO);
  return { ...under, ...anna, dashboard: `${under.hub.publicUrl}/dashboard` };
}

const SIGN_IN_KEY = { scope: 'sign-in', 'all-connections': 'on' };

test('actions that grant or end access ask for password and second factor', async (t) => {
  const { browser, formToken, dashboard, hub, store, createConnection } = await start(t);
  await createConnection('corp');
  const before = (await store.auditRecords({}, 1000)).length;
  const critical = permittedRoutes().filter((route) => permissionFor(route)?.fresh);
  for (const action of [
    'api-keys/new',
    'api-keys/:id',
    'administrators',
    'administrators/:name/role',
    'connections/:name/ticket',
    'connections/:name/settings',
    'connections/:name/disable',
    'code/:code/approve',
    'clients/:id/secret',
  ]) {
    assert.ok(critical.includes(`POST /${action}`), action);
  }
  for (const route of critical) {
    const path = route
      .replace('POST ', '')
      .replace(/:name/, 'corp')
      .replace(/:\w+\{([\w-]+)[^}]*\}/, '$1')
      .replace(/:\w+/, 'x');
    const body = new URLSearchParams({ token: formToken, name: 'typed <b>' });
    const shown = await browser.open(dashboard + path, { method: 'POST', body, headers: { Origin: hub.publicUrl } });
    assert.match(shown.text, /<h1>Confirm that it is you<\/h1>/, route);
    assert.match(shown.text, /name="name" value="typed &lt;b&gt;"/, route);
  }
  assert.equal((await store.auditRecords({}, 1000)).length, before);
});

test('after the confirmation the action continues with the submitted values, and further actions need none for a while', async (t) => {
  const { browser, dashboard, store } = await start(t);
  const page = await browser.open(`${dashboard}/api-keys/new`);
  const question = await browser.submit(page, '/api-keys/new', { ...SIGN_IN_KEY, name: 'billing', days: '30' });
  const done = await browser.submit(question, '/api-keys/new', { 'confirm-password': PASSWORD, 'confirm-code': codeOf() });
  assert.match((await browser.follow(done)).text, /API key for billing created/);
  const key = (await store.apiKeys()).find(({ name }) => name === 'billing');
  assert.ok(key?.expiresAt);
  const [record] = await store.auditRecords({ action: 'administrator.confirm' }, 1);
  assert.deepEqual([record?.actor, record?.result, record?.detail], ['administrator:anna', 'ok', 'password and code']);

  const next = await browser.submit(await browser.open(`${dashboard}/api-keys/new`), '/api-keys/new', { ...SIGN_IN_KEY, name: 'other' });
  assert.equal(next.status, 303);
});

test('a wrong password, a wrong code or a used code neither continues the action nor loses the submitted values', async (t) => {
  const { browser, dashboard, store } = await start(t);
  const page = await browser.open(`${dashboard}/administrators`);
  let question = await browser.submit(page, '/administrators', { name: 'ben', role: 'operator' });
  for (const [password, code, problem] of [
    ['wrong', codeOf(), /Wrong name or password/],
    [PASSWORD, '000000', /The code is wrong/],
    [PASSWORD, '', /The code is wrong/],
  ] as const) {
    question = await browser.submit(question, '/administrators', { 'confirm-password': password, 'confirm-code': code });
    assert.match(question.text, problem);
    assert.match(question.text, /name="name" value="ben"/);
  }
  assert.equal(await store.administratorByName('ben'), undefined);
  const refused = await store.auditRecords({ action: 'administrator.confirm', result: 'refused' }, 10);
  assert.deepEqual(refused.map(({ detail }) => detail).sort(), ['code', 'code', 'password']);

  // A code that was used for one confirmation is not accepted for the next.
  const fields = { 'confirm-password': PASSWORD, 'confirm-code': codeOf(1) };
  assert.equal((await browser.submit(question, '/administrators', fields)).status, 303);
  const other = await signedInBrowser(store, 'second', {}, LONG_AGO);
  assert.ok(other);
  await store.confirmSession('session-anna', LONG_AGO.authenticatedAt);
  assert.match((await browser.submit(question, '/administrators', { ...fields, name: 'carl' })).text, /The code is wrong/);
  assert.equal(await store.administratorByName('carl'), undefined);
});

test('guesses at the confirmation are delayed like guesses at the sign-in, and share their count', async (t) => {
  const { browser, dashboard } = await start(t);
  const question = await browser.submit(await browser.open(`${dashboard}/api-keys/new`), '/api-keys/new', { ...SIGN_IN_KEY, name: 'x' });
  const attempt = (password: string) =>
    browser.submit(question, '/api-keys/new', { 'confirm-password': password, 'confirm-code': codeOf() });
  // Until the wait is longer than a slow machine needs.
  for (let wait = 0; wait < 8; await new Promise((resolve) => setTimeout(resolve, 100))) {
    wait = Number(/Too many failed attempts: try again in (\d+) second/.exec((await attempt('wrong')).text)?.[1] ?? 0);
  }
  assert.match((await attempt(PASSWORD)).text, /Too many failed attempts/);
  const stranger = await browser.open(`${dashboard}/sign-in`);
  assert.match((await browser.submit(stranger, '/sign-in', { name: 'anna', password: PASSWORD })).text, /Too many failed attempts/);
});

test('another site can neither send a confirmation nor reuse one', async (t) => {
  const { browser, dashboard, store } = await start(t);
  const question = await browser.submit(await browser.open(`${dashboard}/api-keys/new`), '/api-keys/new', { ...SIGN_IN_KEY, name: 'x' });
  const right = { 'confirm-password': PASSWORD, 'confirm-code': codeOf() };
  const before = (await store.apiKeys()).length;
  for (const [fields, headers] of [
    [{}, { Origin: 'https://evil.example' }],
    [{ token: 'x' }, {}],
  ] as const) {
    assert.equal((await browser.submit(question, '/api-keys/new', { ...right, ...fields }, headers)).status, 403);
  }
  assert.equal((await store.apiKeys()).length, before);
  // Rejected before anything was checked, so the code is still valid.
  assert.equal((await browser.submit(question, '/api-keys/new', right)).status, 303);
});

test('changing a second factor ends the other sessions', async (t) => {
  const { browser, dashboard, store } = await start(t);
  await store.confirmSession('session-anna', new Date());
  await store.addSession('other', {
    ...(await store.sessions('id-anna'))[0],
    id: 'elsewhere',
    administratorId: 'id-anna',
    stage: 'full',
    formToken: 'other',
    remoteAddress: undefined,
    browser: undefined,
    authenticatedAt: new Date(),
    createdAt: new Date(),
    lastSeenAt: new Date(),
  });
  const done = await browser.submit(await browser.open(`${dashboard}/account`), '/account/recovery-codes', {});
  assert.equal(done.status, 303);
  assert.deepEqual(
    (await store.sessions('id-anna')).map(({ id }) => id),
    ['session-anna'],
  );
});
