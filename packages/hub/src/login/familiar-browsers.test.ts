import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Hono } from 'hono';
import { exampleConnection } from '../../test/store-conformance/examples.ts';
import { createFamiliarBrowsers } from './familiar-browsers.ts';

const CORP = exampleConnection('corp');

function browser() {
  const state = { now: 1e12, keys: ['key'], cookie: '' };
  const familiar = createFamiliarBrowsers({ keys: () => state.keys, isSecure: () => true, now: () => state.now });
  const app = new Hono()
    .get('/knows/:name', (c) => c.text(String(familiar.knows(c, CORP, c.req.param('name')))))
    .get('/elsewhere/:name', (c) => c.text(String(familiar.knows(c, exampleConnection('other'), c.req.param('name')))))
    .get('/remember/:name', (c) => {
      familiar.remember(c, CORP, c.req.param('name'));
      return c.text('');
    });
  const open = async (path: string) => {
    const response = await app.request(path, { headers: { Cookie: state.cookie } });
    const set = response.headers.get('set-cookie');
    if (set !== null) state.cookie = set.split(';')[0] ?? '';
    return response.text();
  };
  return { state, open };
}

test('a browser knows the users who signed in with it, in their connection, for 90 days', async () => {
  const { state, open } = browser();
  assert.equal(await open('/knows/anna'), 'false');
  await open('/remember/anna');
  await open('/remember/ben');
  assert.match(state.cookie, /^__Host-landbridge_known=/);
  assert.ok(!/anna|ben/.test(state.cookie));
  for (const [path, known] of [
    ['/knows/anna', 'true'],
    ['/knows/ANNA', 'true'],
    ['/knows/ben', 'true'],
    ['/knows/eve', 'false'],
    ['/elsewhere/anna', 'false'],
  ] as const)
    assert.equal(await open(path), known, path);
  state.keys = ['new key', 'key'];
  assert.equal(await open('/knows/anna'), 'true');
  state.now += 91 * 86_400_000;
  assert.equal(await open('/knows/anna'), 'false');
});

test('a proof of another hub, a changed one and a copied day are worthless', async () => {
  const { state, open } = browser();
  await open('/remember/anna');
  const { cookie } = state;
  for (const changed of [
    cookie.replace(/=(\d+)/, (_, day) => `=${Number(day) + 1}`),
    `${cookie}x`,
    cookie.replace('.', '.A'),
    '__Host-landbridge_known=~~.',
  ]) {
    state.cookie = changed;
    assert.equal(await open('/knows/anna'), 'false', changed);
  }
  state.cookie = cookie;
  state.keys = ['another'];
  assert.equal(await open('/knows/anna'), 'false');
});

test('a browser remembers eight users', async () => {
  const { open, state } = browser();
  for (let n = 0; n < 12; n++) await open(`/remember/user${n}`);
  assert.equal(await open('/knows/user3'), 'false');
  assert.equal(await open('/knows/user4'), 'true');
  assert.ok(state.cookie.length < 600);
});
