import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createLog } from '@landbridge/runtime';
import { exampleConnection } from '../../test/store-conformance/examples.ts';
import { openStoreForTest } from '../../test/store-for-test.ts';
import { createCredentialChecks } from './checks.ts';
import { createCredentialCache } from './credentials.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const { log } = createLog({ level: 'error', format: 'json', destination: { write: (line) => assert.fail(line) } });

async function begin(t: Parameters<typeof openStoreForTest>[0]) {
  const store = openStoreForTest(t);
  const connection = exampleConnection('corp');
  await store.addConnection(connection);
  const clock = { now: Date.parse('2026-11-30T08:00:00Z') };
  const directory = { isUp: true, times: {} as Record<string, number>, answers: true, asked: 0 };
  const open = () =>
    createCredentialChecks({
      ...{ store, log, now: () => clock.now },
      isServed: () => directory.isUp,
      async passwordTimes() {
        directory.asked++;
        return directory.answers ? { times: directory.times } : { failure: { code: 'connector_outdated' } };
      },
    });
  const checks = await open();
  const cache = await createCredentialCache({
    ...{ store, log, now: () => clock.now, uncheckedBefore: checks.uncheckedBefore },
    settings: { CREDENTIAL_CACHE: true, CREDENTIAL_CACHE_MAX_AGE_HOURS: 24 },
  });
  const remember = async (name: string) => {
    cache.remember(connection, name, 'right', { profile: { id: name }, subject: name });
    await cache.idle();
  };
  const isCached = async (name: string) => (await cache.find(connection, name, 'right')) !== undefined;
  /** The next heartbeats, with the work that they start. */
  const beat = async (isUp: boolean) => {
    directory.isUp = isUp;
    await checks.look();
    await delay(20);
  };
  return { store, connection, clock, directory, checks, open, remember, isCached, beat };
}

test('after an outage, an entry counts only if the password has not changed since, and other users keep their entries', async (t) => {
  const { clock, directory, remember, isCached, beat } = await begin(t);
  await beat(true);
  for (const name of ['anna', 'ben', 'carl', 'dora']) await remember(name);
  clock.now += HOUR;
  await beat(false);
  assert.equal(await isCached('anna'), true);
  clock.now += HOUR;
  // Carl is disabled. Dora's password was changed within the clock tolerance.
  directory.times = { anna: clock.now - 3 * HOUR, ben: clock.now - MINUTE, dora: clock.now - 2 * HOUR - 2 * MINUTE };
  await beat(true);
  await beat(false);
  assert.deepEqual(await Promise.all(['anna', 'ben', 'carl', 'dora'].map(isCached)), [true, false, false, false]);
});

test('entries from before an outage do not count while they cannot be checked, and a fresh sign-in counts', async (t) => {
  const { clock, directory, store, connection, remember, isCached, beat, open } = await begin(t);
  await beat(true);
  await remember('anna');
  await remember('ben');
  clock.now += MINUTE;
  await beat(false);
  clock.now += MINUTE;
  directory.answers = false;
  await beat(true);
  clock.now += 1000;
  await remember('ben');
  clock.now += MINUTE;
  await beat(false);
  assert.deepEqual(await Promise.all(['anna', 'ben'].map(isCached)), [false, true]);
  // A restart of the hub forgets nothing.
  const again = await open();
  assert.equal(again.uncheckedBefore(connection.id), (await store.credentialsUncheckedBefore(connection.id))?.getTime());
  assert.ok(again.uncheckedBefore(connection.id) !== undefined);
  directory.answers = true;
  directory.times = { anna: clock.now - HOUR, ben: clock.now - HOUR };
  await beat(true);
  await beat(false);
  assert.deepEqual(await Promise.all(['anna', 'ben'].map(isCached)), [true, true]);
});

test('a changed password invalidates the entry within a quarter of an hour, even without an outage', async (t) => {
  const { clock, directory, remember, isCached, beat } = await begin(t);
  await beat(true);
  await remember('anna');
  clock.now += 14 * MINUTE;
  directory.times = { anna: clock.now };
  await beat(true);
  const { asked } = directory;
  clock.now += MINUTE;
  await beat(true);
  assert.equal(directory.asked, asked + 1);
  await beat(false);
  assert.equal(await isCached('anna'), false);
});
