import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createLog } from '@landbridge/runtime';
import { exampleConnection } from '../../test/store-conformance/examples.ts';
import { openStoreForTest } from '../../test/store-for-test.ts';
import type { SignInEvent } from '../sign-in/events.ts';
import type { Store } from '../store/store.ts';
import { createSignInActivity } from './activity.ts';
import { keepActivity } from './history.ts';

const HOUR_MS = 3_600_000;

/** A hub's counts, with a clock of its own. */
async function start(store: Store, clock: { ms: number }) {
  const { log } = createLog({ level: 'error', format: 'json', destination: { write: () => {} } });
  const activity = createSignInActivity(() => clock.ms);
  const history = await keepActivity({ activity, store, log, now: () => clock.ms });
  const count = (result: SignInEvent['result'], connection = 'a', ms = 10) =>
    activity.count({
      ...{ action: 'login', connection, username: 'anna', remoteAddress: undefined, via: 'api', clientId: undefined },
      ...{ result, correlationId: 'c', instance: undefined, ms },
    });
  const ok = async (hours: number, minutes: number, connection?: string) =>
    (await history.periods(hours, minutes, connection)).map(({ amounts }) => amounts.ok);
  return { activity, history, count, ok };
}

async function storeWithConnections(t: TestContext): Promise<Store> {
  const store = openStoreForTest(t);
  for (const name of ['a', 'b']) await store.addConnection(exampleConnection(name));
  return store;
}

test('counts of sign-ins continue after a restart', async (t) => {
  const store = await storeWithConnections(t);
  const clock = { ms: 500_000 * HOUR_MS + 5 * 60_000 };
  const before = await start(store, clock);
  for (let n = 0; n < 20; n++) before.count('ok', 'a', 250);
  before.count('invalid_credentials', 'b');
  await before.history.stop();

  clock.ms += 60_000;
  const after = await start(store, clock);
  const { ok, refused, p95Ms } = after.activity.last(60);
  assert.deepEqual({ ok, refused, p95Ms }, { ok: 20, refused: 1, p95Ms: 300 });
  assert.equal(after.activity.last(60, 'a').ok, 20);
  after.count('ok', 'a');
  await after.history.stop();
  // The hour has what was counted before and after the restart.
  assert.deepEqual(await after.ok(7 * 24, 24 * 60, 'a'), [0, 0, 0, 0, 0, 0, 21]);
  assert.deepEqual(await after.ok(7 * 24, 24 * 60, 'b'), [0, 0, 0, 0, 0, 0, 0]);
  assert.deepEqual(await after.ok(7 * 24, 24 * 60), [0, 0, 0, 0, 0, 0, 21]);
});

test('minutes are kept for a day, and hours for a month', async (t) => {
  const store = await storeWithConnections(t);
  const clock = { ms: 500_000 * HOUR_MS };
  const first = await start(store, clock);
  first.count('ok');
  await first.history.stop();
  clock.ms += 25 * HOUR_MS;
  const second = await start(store, clock);
  second.count('ok');
  await second.history.stop();
  assert.equal((await store.signInPeriods(1, new Date(0), '')).length, 1);
  assert.deepEqual(await second.ok(7 * 24, 24 * 60), [0, 0, 0, 0, 0, 1, 1]);
  clock.ms += 30 * 24 * HOUR_MS;
  await (await start(store, clock)).history.stop();
  assert.equal((await store.signInPeriods(60, new Date(0), '')).length, 1);
});
