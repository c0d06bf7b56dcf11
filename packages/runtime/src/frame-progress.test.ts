import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFrameProgress } from './frame-progress.ts';

test('bytes of an incomplete frame count as progress until they stop', () => {
  const socket = { bytes: 0, now: 0 };
  const progress = createFrameProgress(
    () => socket.bytes,
    () => socket.now,
  );
  const wait = (ms: number, bytes = 0) => {
    socket.now += ms;
    socket.bytes += bytes;
    return progress.isMidFrame();
  };
  assert.equal(wait(1000), false);
  for (let n = 0; n < 30; n++) assert.equal(wait(1000, 10), true);
  assert.deepEqual([wait(1900), wait(200)], [true, false]);
  for (let n = 0; n < 30; n++) {
    socket.bytes += 10;
    progress.frame();
    assert.equal(wait(1000), false);
  }
});
