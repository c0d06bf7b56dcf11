import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CodedError } from '@landbridge/runtime';
import { createThrottle } from './throttle.ts';

const HOUR_MS = 3_600_000;

function start() {
  let nowMs = 1_000_000_000_000;
  const rules = { name: { free: 4, longestMs: 900_000 }, address: { free: 30, longestMs: 900_000, keepsFailures: true } } as const;
  const throttle = createThrottle(rules, { now: () => nowMs });
  /** @returns the seconds to wait; 0 if the attempt was allowed, and failed */
  const fail = (...keys: Parameters<typeof throttle.begin>[0]): number => {
    try {
      throttle.begin(keys);
      return 0;
    } catch (error) {
      assert.ok(error instanceof CodedError && error.code === 'TOO_MANY_ATTEMPTS');
      return Number(/(\d+) second/.exec(error.message)?.[1]);
    }
  };
  return {
    throttle,
    fail,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

describe('throttle', () => {
  it('doubles the wait with each failure after the free ones, up to the longest', () => {
    const { fail, pass } = start();
    for (let n = 0; n < 4; n++) assert.equal(fail(['name', 'anna']), 0);
    const waits: number[] = [];
    for (let n = 0; n < 15; n++) {
      const seconds = fail(['name', 'anna']);
      waits.push(seconds);
      pass(seconds * 1000);
      assert.equal(fail(['name', 'anna']), 0, 'allowed after the wait');
    }
    assert.deepEqual(waits.slice(0, 5), [1, 2, 4, 8, 16]);
    assert.equal(Math.max(...waits), 900);
  });
  it('forgets failures a day after the last one', () => {
    const { fail, pass } = start();
    for (let n = 0; n < 5; n++) fail(['name', 'anna']);
    pass(25 * HOUR_MS);
    for (let n = 0; n < 4; n++) assert.equal(fail(['name', 'anna']), 0);
  });
  it('does not forget a name while others fail in any number', () => {
    const { fail, pass } = start();
    for (let n = 0; n < 5; n++) fail(['name', 'anna']);
    for (let n = 0; n < 60_000; n++) fail(['name', `nobody ${n}`]);
    assert.equal(fail(['name', 'anna']), 1);
    pass(1000);
    fail(['name', 'anna']);
    assert.equal(fail(['name', 'anna']), 2);
  });
  it('counts parallel attempts before the first one has failed', () => {
    const { throttle, fail } = start();
    const attempts = Array.from({ length: 4 }, () => throttle.begin([['name', 'anna']]));
    assert.equal(fail(['name', 'anna']), 1);
    attempts[0]?.();
    assert.equal(fail(['name', 'anna']), 0);
  });
  it('a success does not clear the failures of an address', () => {
    const { throttle, fail } = start();
    for (let n = 0; n < 29; n++) fail(['name', `user${n}`], ['address', '192.0.2.7']);
    throttle.begin([
      ['name', 'ben'],
      ['address', '192.0.2.7'],
    ])();
    assert.equal(fail(['address', '192.0.2.7']), 0);
    assert.equal(fail(['name', 'carla'], ['address', '192.0.2.7']), 1);
  });
  it('counts keys of one rule apart', () => {
    const { fail } = start();
    for (let n = 0; n < 5; n++) fail(['name', 'anna']);
    assert.equal(fail(['name', 'ben']), 0);
    assert.equal(fail(['address', 'anna']), 0);
  });
});
