import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createReplayMemory } from './replay.ts';

test('a token is remembered until it expires, and one without expiry for a day', () => {
  let nowMs = 0;
  const replay = createReplayMemory({ now: () => nowMs, onFull: () => {} });
  assert.equal(replay.firstTime('a', 60), true);
  assert.equal(replay.firstTime('b', undefined), true);
  nowMs = 59_000;
  assert.equal(replay.firstTime('a', 60), false);
  assert.equal(replay.firstTime('b', undefined), false);
  nowMs = 61_000;
  replay.firstTime('c', 120);
  assert.equal(replay.firstTime('a', 60), true, 'forgotten: whoever sends it again is refused for its expiry');
  nowMs = 23 * 3600_000;
  replay.firstTime('d', 1e6);
  assert.equal(replay.firstTime('b', undefined), false);
});

test('the memory is bounded: the oldest go first, and that is said once', () => {
  let full = 0;
  const replay = createReplayMemory({ now: () => 0, onFull: () => full++, maxRemembered: 100 });
  for (let n = 0; n < 150; n++) assert.equal(replay.firstTime(`token ${n}`, 1000), true);
  assert.equal(full, 1);
  assert.equal(replay.firstTime('token 60', 1000), false);
  assert.equal(replay.firstTime('token 10', 1000), true);
  assert.equal(full, 1);
});

test('expired tokens make room before others are forgotten', () => {
  let nowMs = 0;
  let full = 0;
  const replay = createReplayMemory({ now: () => nowMs, onFull: () => full++, maxRemembered: 100 });
  replay.firstTime('kept', undefined);
  for (let n = 0; n < 99; n++) replay.firstTime(`short ${n}`, 60);
  nowMs = 70_000;
  for (let n = 0; n < 99; n++) replay.firstTime(`later ${n}`, 130);
  assert.equal(replay.firstTime('kept', undefined), false);
  assert.equal(full, 0);
});
