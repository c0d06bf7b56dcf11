import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createReplayMemory } from './replay.ts';

test('remembers a token until it expires, and one without expiry for a day', () => {
  let nowMs = 0;
  const replay = createReplayMemory({ now: () => nowMs, onFull: () => {} });
  assert.equal(replay.firstTime('a', 60), true);
  assert.equal(replay.firstTime('b', undefined), true);
  nowMs = 59_000;
  assert.equal(replay.firstTime('a', 60), false);
  assert.equal(replay.firstTime('b', undefined), false);
  nowMs = 61_000;
  replay.firstTime('c', 120);
  assert.equal(replay.firstTime('a', 60), true, 'forgotten: it is rejected as expired');
  nowMs = 23 * 3600_000;
  replay.firstTime('d', 1e6);
  assert.equal(replay.firstTime('b', undefined), false);
});

test('drops the oldest tokens when it is full, and reports that once', () => {
  let full = 0;
  const replay = createReplayMemory({ now: () => 0, onFull: () => full++, maxRemembered: 100 });
  for (let n = 0; n < 150; n++) assert.equal(replay.firstTime(`token ${n}`, 1000), true);
  assert.equal(full, 1);
  assert.equal(replay.firstTime('token 60', 1000), false);
  assert.equal(replay.firstTime('token 10', 1000), true);
  assert.equal(full, 1);
});

test('drops expired tokens before others', () => {
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
