import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLiveCounters } from './live-counters.ts';

interface Count {
  wrong: number;
  shared: boolean;
}

function counters({ max = 100, shared = 4 } = {}) {
  return createLiveCounters<Count>({
    max,
    shared,
    create: (isShared) => ({ wrong: 0, shared: isShared }),
    isLive: ({ wrong }) => wrong > 0,
  });
}

test('a counter that is only looked for takes no memory', () => {
  const it = counters();
  for (let n = 0; n < 1000; n++) it.find(`key ${n}`).wrong++;
  assert.equal(it.size, 0);
  assert.equal(it.find('key 1').wrong, 0);
});

test('no flood of other keys resets a live counter, and keys without a place share one', () => {
  const it = counters();
  it.keep('anna').wrong = 3;
  for (let n = 0; n < 10_000; n++) it.keep(`flood ${n}`).wrong++;
  assert.equal(it.size, 104);
  assert.equal(it.find('anna').wrong, 3);
  const late = it.find('late');
  assert.ok(late.shared && late.wrong > 1000);
});

test('counters that are no longer live make room, and a shared one is used until it is not live', () => {
  const it = counters({ max: 2, shared: 1 });
  it.keep('a').wrong = 1;
  it.keep('b').wrong = 1;
  it.keep('c').wrong = 1;
  it.keep('a').wrong = 0;
  assert.ok(it.keep('d').shared);
  it.keep('d').wrong = 0;
  assert.ok(!it.keep('d').shared);
  assert.equal(it.size, 2);
  it.keep('b').wrong = 0;
  it.release('b');
  it.release('d');
  assert.equal(it.size, 0);
});

test('without shared counters, a key that finds no place is not counted', () => {
  const it = counters({ max: 1, shared: 0 });
  it.keep('a').wrong = 1;
  it.keep('b').wrong = 1;
  assert.equal(it.find('b').wrong, 0);
  assert.equal(it.find('a').wrong, 1);
});
