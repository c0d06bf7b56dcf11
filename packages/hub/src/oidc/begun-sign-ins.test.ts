import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBegunSignIns } from './begun-sign-ins.ts';

test('an address, and the networks around it, begin a limited number of sign-ins in ten minutes', async (t) => {
  for (const [what, most, addressOf] of [
    ['an address', 1000, () => '192.0.2.1'],
    ['a /24 of IPv4', 4000, (n: number) => `192.0.2.${n % 256}`],
    ['a /48 of IPv6', 4000, (n: number) => `2001:db8:1:${n.toString(16)}::1`],
  ] as const) {
    await t.test(what, () => {
      let now = 0;
      const begun = createBegunSignIns({ now: () => now });
      const begin = (n: number) => {
        const may = begun.mayBegin(addressOf(n));
        if (may) begun.count(addressOf(n));
        return may;
      };
      assert.equal(Array.from({ length: 5000 }, (_, n) => begin(n)).filter(Boolean).length, most);
      assert.equal(begun.mayBegin('198.51.100.1'), true);
      now += 10 * 60_000;
      assert.equal(begin(1), true);
    });
  }
});
