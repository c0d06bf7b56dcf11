import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSignInThrottle } from './sign-in-throttle.ts';

function start() {
  let nowMs = 1_000_000_000_000;
  const throttle = createSignInThrottle(() => nowMs);
  /** @returns the seconds to wait; undefined if the attempt was allowed, and failed */
  const fail = (name: string, address: string): number | undefined => {
    try {
      throttle.beginPassword(name, address);
      return undefined;
    } catch (error) {
      return Number(/(\d+) second/.exec(String(error))?.[1]);
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

test('four wrong passwords for one name from one address are free, whatever the case of the name', () => {
  const { fail } = start();
  for (const name of ['anna', 'Anna', 'ANNA', 'anna']) assert.equal(fail(name, '192.0.2.1'), undefined);
  assert.equal(fail('anna', '192.0.2.1'), 1);
});

test('failures under another’s name from many addresses delay that administrator by a minute at most', () => {
  const { fail, pass } = start();
  for (let n = 0; n < 200; n++) {
    fail('anna', `198.51.${n}.1`);
    pass(61_000);
  }
  fail('anna', '198.51.250.1');
  assert.equal(fail('anna', '192.0.2.1'), 60);
});

test('the networks of an address have a limit too', () => {
  const { fail } = start();
  for (let n = 0; n < 120; n++) assert.equal(fail(`unknown${n}`, `2001:db8:1:${n.toString(16)}::1`), undefined);
  assert.equal(fail('unknown', '2001:db8:1:ffff::1'), 1);
  assert.equal(fail('unknown', '2001:db8:2::1'), undefined);
});

test('a right password clears the name at this address, but not the address', () => {
  const { throttle, fail } = start();
  const attempts = Array.from({ length: 4 }, () => throttle.beginPassword('anna', '192.0.2.1'));
  assert.equal(fail('anna', '192.0.2.1'), 1);
  attempts[0]?.();
  assert.equal(fail('anna', '192.0.2.1'), undefined);

  for (let n = 0; n < 30; n++) fail(`unknown${n}`, '192.0.2.7');
  assert.equal(fail('ben', '192.0.2.7'), 1);
});

test('wrong codes count for the administrator, from any address', () => {
  const { throttle } = start();
  for (let n = 0; n < 4; n++) throttle.beginCode('a');
  assert.throws(() => throttle.beginCode('a'), /try again in 1 second$/);
  throttle.beginCode('b');
});
