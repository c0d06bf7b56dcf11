import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';
import { startHeartbeat } from './heartbeat.ts';

beforeEach(() => mock.timers.reset());

function started() {
  mock.timers.enable({ apis: ['setInterval'] });
  const seen = { bytes: 0, pings: 0, silent: 0 };
  const stop = startHeartbeat({
    intervalMs: 3000,
    misses: 3,
    bytesRead: () => seen.bytes,
    ping: () => seen.pings++,
    onSilent: () => seen.silent++,
  });
  return { seen, stop };
}

test('reports a silent hub once, after three pings without a byte', () => {
  const { seen } = started();
  mock.timers.tick(9000);
  assert.deepEqual(seen, { bytes: 0, pings: 3, silent: 0 });
  mock.timers.tick(3000);
  assert.deepEqual(seen, { bytes: 0, pings: 3, silent: 1 });
  mock.timers.tick(60_000);
  assert.equal(seen.silent, 1);
});

test('takes any byte as a sign of life', () => {
  const { seen, stop } = started();
  for (let n = 0; n < 20; n++) {
    mock.timers.tick(9000);
    seen.bytes++;
  }
  assert.equal(seen.silent, 0);
  stop();
  mock.timers.tick(60_000);
  assert.equal(seen.silent, 0);
});
