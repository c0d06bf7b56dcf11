import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { watchSilence } from './silence.ts';

const TIMES = { lookIntervalMs: 500, doubtfulAfterLooks: 3, silentAfterLooks: 12 };

function watched(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const counted = { pings: 0, silent: 0 };
  const silence = watchSilence({ ping: () => counted.pings++, onSilent: () => counted.silent++ }, TIMES);
  return { silence, counted, wait: (ms: number) => t.mock.timers.tick(ms) };
}

test('one that owes nothing is left alone', (t) => {
  const { silence, counted, wait } = watched(t);
  wait(60_000);
  silence.begin();
  silence.end();
  wait(60_000);
  assert.deepEqual([silence.presence, counted.pings, counted.silent], ['well', 0, 0]);
});

test('one from which nothing comes is pinged, in doubt after 1.5 s, and given up once after 6 s', (t) => {
  const { silence, counted, wait } = watched(t);
  silence.begin();
  wait(1499);
  assert.deepEqual([silence.presence, counted.pings], ['well', 2]);
  wait(1);
  assert.equal(silence.presence, 'doubtful');
  wait(4499);
  assert.deepEqual([silence.presence, counted.silent], ['doubtful', 0]);
  wait(1);
  assert.deepEqual([silence.presence, counted.silent], ['silent', 1]);
  wait(10_000);
  assert.equal(counted.silent, 1);
});

test('any sign of life ends the doubt; an end of what it owes does not', (t) => {
  const { silence, counted, wait } = watched(t);
  silence.begin();
  wait(2000);
  silence.end();
  assert.equal(silence.presence, 'doubtful');
  wait(60_000);
  assert.equal(silence.presence, 'doubtful');
  silence.heard();
  assert.equal(silence.presence, 'well');
  silence.begin();
  for (let second = 0; second < 60; second++) {
    wait(1000);
    silence.heard();
  }
  assert.deepEqual([silence.presence, counted.silent], ['well', 0]);
});
