import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleAdministrator } from '../../test/administrators-for-test.ts';
import { openStoreForTest } from '../../test/store-for-test.ts';
import { createSessions } from './sessions.ts';

const MINUTE_MS = 60_000;
const ABOUT = { remoteAddress: '192.0.2.1', browser: 'x'.repeat(1000) };

test('a session ends if it is idle and after its longest time; automatic refreshes do not extend it', async (t) => {
  const store = openStoreForTest(t);
  const anna = exampleAdministrator('anna');
  await store.addAdministrator(anna);
  let nowMs = 1_700_000_000_000;
  const sessions = createSessions(store, { idleMs: 30 * MINUTE_MS, longestMs: 120 * MINUTE_MS, freshMs: 10 * MINUTE_MS }, () => nowMs);

  const idle = await sessions.open(anna, 'full', ABOUT);
  for (let n = 0; n < 4; n++) {
    nowMs += 9 * MINUTE_MS;
    if (n < 3) assert.ok(await sessions.find(idle, false));
  }
  assert.equal(await sessions.find(idle, true), undefined);

  const busy = await sessions.open(anna, 'full', ABOUT);
  for (let n = 0; n < 12; n++) {
    nowMs += 10 * MINUTE_MS;
    assert.ok(await sessions.find(busy, true));
  }
  nowMs += 1;
  assert.equal(await sessions.find(busy, true), undefined);

  const half = await sessions.open(anna, 'password', ABOUT);
  nowMs += 11 * MINUTE_MS;
  assert.equal(await sessions.find(half, true), undefined);
  assert.equal(await sessions.find(undefined, true), undefined);
  assert.equal((await store.sessions(anna.id)).length, 0);
});
