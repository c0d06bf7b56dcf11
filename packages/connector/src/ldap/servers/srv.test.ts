import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inSrvOrder } from './srv.ts';

const record = (name: string, priority: number, weight: number) => ({ name, port: 389, priority, weight });
const names = (records: { name: string }[]) => records.map(({ name }) => name).join('');

/** The same numbers in every run (a linear congruential generator). */
function fixedRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('the order of SRV records', () => {
  it('follows the priority, whatever the weights', () => {
    const records = [record('c', 20, 100), record('a', 0, 0), record('b', 10, 1)];
    for (let seed = 0; seed < 50; seed++) assert.equal(names(inSrvOrder(records, fixedRandom(seed))), 'abc');
  });

  it('keeps every record exactly once, for any random number', () => {
    for (let seed = 0; seed < 200; seed++) {
      const random = fixedRandom(seed);
      const records = Array.from({ length: Math.floor(random() * 12) }, (_, i) =>
        record(String.fromCharCode(97 + i), Math.floor(random() * 3), Math.floor(random() * 4) * 50),
      );
      const ordered = inSrvOrder(records, random);
      assert.deepEqual(new Set(ordered), new Set(records));
      assert.equal(ordered.length, records.length);
      for (const [i, one] of ordered.entries()) assert.ok(i === 0 || (ordered[i - 1]?.priority ?? 0) <= one.priority);
    }
    for (const edge of [0, 0.999_999_999]) assert.equal(inSrvOrder([record('a', 0, 0), record('b', 0, 65_535)], () => edge).length, 2);
  });

  it('puts a record first in proportion to its weight', () => {
    const random = fixedRandom(1);
    const first = { a: 0, b: 0, z: 0 };
    for (let i = 0; i < 20_000; i++) {
      const [one] = inSrvOrder([record('a', 0, 300), record('b', 0, 100), record('z', 0, 0)], random);
      if (one?.name === 'a' || one?.name === 'b' || one?.name === 'z') first[one.name]++;
    }
    assert.ok(Math.abs(first.a / 20_000 - 0.75) < 0.02, JSON.stringify(first));
    assert.ok(first.z > 0 && first.z < 200, JSON.stringify(first));
  });
});
