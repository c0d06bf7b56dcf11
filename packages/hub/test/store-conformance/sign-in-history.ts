/** What every store does with counts of sign-ins. */
import assert from 'node:assert/strict';
import type { SignInPeriod } from '../../src/store/sign-in-history.ts';
import type { StoreCheck } from './conformance.ts';
import { AT, exampleConnection } from './examples.ts';

const at = (minutes: number) => new Date(AT.getTime() + minutes * 60_000);
const period = (connection: string, minutes: 1 | 60, began: Date, ok = 1): SignInPeriod => ({
  ...{ connection, minutes, began },
  results: { ok },
  latencies: [0, ok],
});

export function signInHistoryConformance(check: StoreCheck): void {
  check('replaces counts of the same period, and finds them by length, time and connection', async (store) => {
    await store.putSignInPeriods([period('', 1, at(0)), period('a', 1, at(0)), period('a', 60, at(0)), period('a', 1, at(5))]);
    await store.putSignInPeriods([period('a', 1, at(0), 7)]);
    assert.deepEqual(await store.signInPeriods(1, at(0), 'a'), [period('a', 1, at(0), 7), period('a', 1, at(5))]);
    assert.deepEqual(await store.signInPeriods(1, at(1), 'a'), [period('a', 1, at(5))]);
    assert.deepEqual(await store.signInPeriods(60, at(0)), [period('a', 60, at(0))]);
    assert.deepEqual(await store.signInPeriods(1, at(0), ''), [period('', 1, at(0))]);
  });

  check('removes old counts, and those of deleted connections', async (store) => {
    await store.addConnection(exampleConnection('a'));
    const kept = [period('', 1, at(10)), period('a', 1, at(20)), period('', 60, at(30))];
    await store.putSignInPeriods([...kept, period('', 1, at(9)), period('a', 1, at(19)), period('', 60, at(29)), period('b', 1, at(99))]);
    await store.pruneSignInPeriods({ minutes: at(10), minutesOfConnections: at(20), hours: at(30) });
    assert.deepEqual([...(await store.signInPeriods(1, at(0))), ...(await store.signInPeriods(60, at(0)))], kept);
  });
}
