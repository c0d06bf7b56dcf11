import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { watchLiveness } from './liveness.ts';

const TIMES = { checkIntervalMs: 500, doubtfulAfterChecks: 3, silentAfterChecks: 9 };

function watched(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const counted = { pings: 0, silent: 0 };
  let midFrame = false;
  const liveness = watchLiveness({ ping: () => counted.pings++, isMidFrame: () => midFrame, onSilent: () => counted.silent++ }, TIMES);
  const arriving = (is: boolean) => {
    midFrame = is;
  };
  return { liveness, arriving, counted, wait: (ms: number) => t.mock.timers.tick(ms) };
}

test('a connector without requests in flight is not checked', (t) => {
  const { liveness, counted, wait } = watched(t);
  wait(60_000);
  liveness.begin();
  liveness.end();
  wait(60_000);
  assert.deepEqual([liveness.state, counted.pings, counted.silent], ['alive', 0, 0]);
});

test('a connector that answers no ping is suspect after 1.5 s, and dropped once after 4.5 s', (t) => {
  const { liveness, counted, wait } = watched(t);
  liveness.begin();
  wait(1499);
  assert.deepEqual([liveness.state, counted.pings], ['alive', 2]);
  wait(1);
  assert.equal(liveness.state, 'doubtful');
  wait(2999);
  assert.deepEqual([liveness.state, counted.silent], ['doubtful', 0]);
  wait(1);
  assert.deepEqual([liveness.state, counted.silent], ['silent', 1]);
  wait(10_000);
  assert.equal(counted.silent, 1);
});

test('a sign of life ends the doubt, and the end of its requests does not', (t) => {
  const { liveness, counted, wait } = watched(t);
  liveness.begin();
  wait(2000);
  liveness.end();
  assert.equal(liveness.state, 'doubtful');
  wait(60_000);
  assert.equal(liveness.state, 'doubtful');
  liveness.heard();
  assert.equal(liveness.state, 'alive');
  liveness.begin();
  for (let second = 0; second < 60; second++) {
    wait(1000);
    liveness.heard();
  }
  assert.deepEqual([liveness.state, counted.silent], ['alive', 0]);
});

test('a long frame that is still arriving keeps a connector from becoming suspect', (t) => {
  const { liveness, counted, arriving, wait } = watched(t);
  liveness.begin();
  arriving(true);
  wait(30_000);
  assert.equal(liveness.state, 'alive');
  arriving(false);
  wait(4500);
  assert.deepEqual([liveness.state, counted.silent], ['silent', 1]);
});
