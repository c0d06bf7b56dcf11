import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';
import { startHeartbeat } from './heartbeat.ts';

beforeEach(() => mock.timers.reset());

function started() {
  mock.timers.enable({ apis: ['setInterval'] });
  const seen = { pings: [] as Buffer[], silent: 0, midFrame: false };
  const heartbeat = startHeartbeat({
    intervalMs: 1000,
    misses: 3,
    ping: (payload) => seen.pings.push(payload),
    isMidFrame: () => seen.midFrame,
    onSilent: () => seen.silent++,
  });
  return { seen, heartbeat };
}

test('reports a silent hub once, after three unanswered pings', () => {
  const { seen } = started();
  mock.timers.tick(3000);
  assert.deepEqual([seen.pings.length, seen.silent], [3, 0]);
  mock.timers.tick(1000);
  assert.deepEqual([seen.pings.length, seen.silent], [3, 1]);
  mock.timers.tick(60_000);
  assert.equal(seen.silent, 1);
});

test('keeps the connection while pings are answered, even if each answer is late', () => {
  const { seen, heartbeat } = started();
  for (let n = 0; n < 20; n++) {
    mock.timers.tick(1000);
    const ping = seen.pings.at(-3);
    if (ping !== undefined) heartbeat.ponged(ping);
  }
  assert.equal(seen.silent, 0);
  heartbeat.stop();
  mock.timers.tick(60_000);
  assert.equal(seen.silent, 0);
});

test('accepts neither repeated nor unrelated pongs as answers', () => {
  const { seen, heartbeat } = started();
  for (let n = 0; n < 6 && seen.silent === 0; n++) {
    mock.timers.tick(1000);
    for (const payload of [seen.pings[0], Buffer.alloc(0), Buffer.from('draining'), Buffer.alloc(4, 0xff)]) {
      if (payload !== undefined) heartbeat.ponged(payload);
    }
  }
  assert.equal(seen.silent, 1);
});

test('waits for a long frame that is arriving', () => {
  const { seen } = started();
  seen.midFrame = true;
  mock.timers.tick(30_000);
  assert.equal(seen.silent, 0);
  seen.midFrame = false;
  mock.timers.tick(3000);
  assert.equal(seen.silent, 1);
});
