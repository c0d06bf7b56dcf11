import assert from 'node:assert/strict';
import { createPublicKey } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { CodedError } from '@landbridge/runtime';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import { auditForTest, TEST_KEY } from '../../test/audit-for-test.ts';
import { connect, makeIdentity, provision } from '../../test/foreign-connector.ts';
import { startHubForTest } from '../../test/hub-under-test.ts';
import type { Operator } from '../operator.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import { listSigningKeys, retireSigningKey, rotateSigningKeys } from './rotation.ts';
import { loadSigningKeys } from './signing-keys.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Keys of a running hub, with a clock that the test sets. */
async function keysWithClock(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'landbridge-rotation-'));
  const store = openSqliteStore(join(folder, 'hub.sqlite'), TEST_KEY);
  t.after(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const clock = { nowMs: Date.now() };
  const now = () => new Date(clock.nowMs);
  const keys = await loadSigningKeys(store, () => clock.nowMs);
  const operator: Operator = { store, audit: auditForTest(store), actor: 'command-line', takeEffect: () => keys.reload() };
  const kidOf = (kid?: string) => decodeProtectedHeader(keys.sign({}, kid)).kid ?? '';
  const published = () => keys.jwks.keys.map((key) => String(key.kid));
  return { store, keys, clock, now, operator, kidOf, published };
}

test('a new key is published, signs once every reader has had time to see it, and replaces the old one after the grace period', async (t) => {
  const { keys, clock, now, operator, kidOf, published, store } = await keysWithClock(t);
  const old = kidOf();
  const oldPem = keys.pemForRegistration();
  await rotateSigningKeys(operator, 24, now());
  const [next] = (await listSigningKeys(store, now())).filter(({ state }) => state === 'next');
  assert.ok(next);
  // Readers keep a document for 10 minutes.
  assert.ok(next.signsFrom.getTime() - clock.nowMs >= 10 * MINUTE);
  assert.ok(published().includes(next.kid) && published().includes(old));
  assert.equal(kidOf(), old);
  assert.equal(keys.pemForRegistration().kid, next.kid);

  clock.nowMs = next.signsFrom.getTime();
  assert.equal(kidOf(), next.kid);
  // For connectors that hold the old key as a PEM.
  const jwt = keys.sign({ pid: '1' }, old);
  await jwtVerify(jwt, createPublicKey(oldPem.pem));
  assert.equal(decodeProtectedHeader(jwt).kid, old);

  clock.nowMs += 24 * HOUR - 1;
  await keys.reload();
  assert.ok(published().includes(old));
  clock.nowMs += 1;
  await keys.reload();
  assert.deepEqual(published().length, 1);
  assert.ok(!published().includes(old));
  assert.equal(keys.lifeOf(old).removed, true);
  assert.equal(kidOf(old), next.kid);
});

test('a rotation is rejected during another one, or with an invalid grace period', async (t) => {
  const { operator, now, clock, store } = await keysWithClock(t);
  const coded = (code: string) => (error: unknown) => error instanceof CodedError && error.code === code;
  for (const grace of [0, -1, Number.NaN, 1e9]) await assert.rejects(rotateSigningKeys(operator, grace, now()), coded('INVALID_REQUEST'));
  await rotateSigningKeys(operator, 24, now());
  await assert.rejects(rotateSigningKeys(operator, 24, now()), coded('SIGNING_KEY_ROTATION_UNDER_WAY'));
  assert.equal((await store.signingKeys()).length, 2);
  clock.nowMs += HOUR;
  await rotateSigningKeys(operator, 24, now());
  assert.deepEqual((await listSigningKeys(store, now())).map(({ state }) => state).sort(), [...['next', 'retiring', 'signing']]);
});

test('a key is retired at once, and the next or a new one signs', async (t) => {
  const { operator, now, kidOf, published, store } = await keysWithClock(t);
  const first = kidOf();
  await retireSigningKey(operator, first, { now: now() });
  const second = kidOf();
  assert.notEqual(second, first);
  assert.ok(published().includes(second) && !published().includes(first));

  await rotateSigningKeys(operator, 24, now());
  const next = (await listSigningKeys(store, now())).find(({ state }) => state === 'next');
  await retireSigningKey(operator, second, { now: now() });
  assert.equal(kidOf(), next?.kid);
  assert.equal((await listSigningKeys(store, now())).length, 1);
  await assert.rejects(
    retireSigningKey(operator, second, { now: now() }),
    (error) => error instanceof CodedError && error.code === 'SIGNING_KEY_NOT_FOUND',
  );
});

test('if the next key is retired, the current one signs until another has been published', async (t) => {
  const { operator, now, kidOf, clock, store } = await keysWithClock(t);
  const present = kidOf();
  await rotateSigningKeys(operator, 24, now());
  const next = (await listSigningKeys(store, now())).find(({ state }) => state === 'next');
  await retireSigningKey(operator, next?.kid ?? '', { now: now() });
  assert.equal(kidOf(), present);
  const other = (await listSigningKeys(store, now())).find(({ state }) => state === 'next');
  assert.ok(other && other.signsFrom.getTime() > clock.nowMs);
  clock.nowMs = other.signsFrom.getTime();
  assert.equal(kidOf(), other.kid);
});

test('a connector with a PEM gets requests signed with that key during a rotation, and registers again when the key is removed', async (t) => {
  const { api, createConnection } = await startHubForTest(t);
  const ticket = await createConnection();
  const plain = await provision(ticket, makeIdentity());
  const connector = await connect(plain);
  connector.answerAll(() => ({ profile: { id: '1' } }));
  const login = async () => (await api('/connections/corp/login', { username: 'a', password: 'b' })).status;
  assert.equal(await login(), 200);
  const old = (await api('/signing-keys')).body.keys.find(({ algorithm }) => algorithm === 'RS256');
  assert.equal((await api('/signing-keys/rotate', {})).status, 201);
  // The connector verifies with the PEM from before the rotation.
  assert.equal(await login(), 200);
  assert.equal((await api('/signing-keys/rotate', {})).body.error.code, 'rotation_under_way');

  // The connector knows no other key, and an Auth0 connector would exit.
  const needed = await api(`/signing-keys/${old?.kid}`, undefined, 'DELETE');
  assert.deepEqual([needed.status, needed.body.error.code], [409, 'signing_key_needed']);
  assert.match(needed.body.error.message, /corp\/[0-9a-f]{40}$/);
  assert.equal(await login(), 200);
  assert.equal((await api(`/signing-keys/${old?.kid}?anyway=true`, undefined, 'DELETE')).status, 204);
  assert.equal(await connector.closed, 1012);
  await assert.rejects(connect(plain), /register_again/);
  const again = await connect(await provision(ticket, plain.identity));
  again.answerAll(() => ({ profile: { id: '1' } }));
  assert.equal(await login(), 200);
});
