import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CodedError } from '@landbridge/runtime';
import { createWaits } from './waits.ts';

const HOUR_MS = 3_600_000;

function start() {
  let nowMs = 1_000_000_000_000;
  const waits = createWaits(() => nowMs);
  /** @returns undefined where it may be tried, else how long to wait */
  const fail = (name: string, address: string): number | undefined => {
    try {
      waits.begin({ name, address });
      return undefined;
    } catch (error) {
      assert.ok(error instanceof CodedError && error.code === 'TOO_MANY_ATTEMPTS');
      return Number(/(\d+) second/.exec(error.message)?.[1]);
    }
  };
  return {
    waits,
    fail,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

test('four failures are free; then each doubles the wait, up to a quarter of an hour, and never for good', () => {
  const { fail, pass } = start();
  for (let n = 0; n < 4; n++) assert.equal(fail('anna', '192.0.2.1'), undefined);
  const seen: number[] = [];
  for (let n = 0; n < 15; n++) {
    const seconds = fail('anna', '192.0.2.1') ?? 0;
    seen.push(seconds);
    pass(seconds * 1000);
    assert.equal(fail('Anna', '192.0.2.1'), undefined, 'after the wait it may be tried');
  }
  assert.deepEqual(seen.slice(0, 5), [1, 2, 4, 8, 16]);
  assert.equal(Math.max(...seen), 900);
  pass(25 * HOUR_MS);
  for (let n = 0; n < 4; n++) assert.equal(fail('anna', '192.0.2.1'), undefined);
});

test('who fails in another’s name from many addresses keeps her away for a minute at most', () => {
  const { fail, pass } = start();
  for (let n = 0; n < 200; n++) {
    fail('anna', `198.51.100.${n}`);
    pass(61_000);
  }
  fail('anna', '198.51.100.250');
  assert.equal(fail('anna', '192.0.2.1'), 60);
});

test('attempts at the same time count before the first has failed; a right one takes its own back and not those of the address', () => {
  const { waits, fail } = start();
  const attempts = Array.from({ length: 4 }, () => waits.begin({ name: 'anna', address: '192.0.2.1' }));
  assert.equal(fail('anna', '192.0.2.1'), 1);
  attempts[0]?.();
  assert.equal(fail('anna', '192.0.2.1'), undefined);

  for (let n = 0; n < 30; n++) fail(`nobody${n}`, '192.0.2.7');
  assert.equal(fail('ben', '192.0.2.7'), 1);
});

test('codes are counted for the administrator, from wherever', () => {
  const { waits } = start();
  for (let n = 0; n < 4; n++) waits.begin({ administratorId: 'a' });
  assert.throws(() => waits.begin({ administratorId: 'a' }), /try again in 1 second$/);
  waits.begin({ administratorId: 'b' });
});
