import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createLog } from '@landbridge/runtime';
import { fakeConnector } from '../../test/fake-connector.ts';
import { createOnlineConnectors } from './online.ts';

const INTERVAL_MS = 5000;

function counted(name: string) {
  const counts = { pings: 0, dropped: 0 };
  const connector = fakeConnector({
    instance: name,
    ping: () => {
      counts.pings++;
    },
    drop: () => {
      counts.dropped++;
    },
  });
  return { counts, connector };
}

function online(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { log } = createLog({ level: 'error', format: 'text', destination: { write: () => {} } });
  const connectors = createOnlineConnectors(log, INTERVAL_MS);
  t.after(() => connectors.stop());
  return connectors;
}

test('every connector is pinged once per interval, spread over the interval', (t) => {
  const connectors = online(t);
  const all = Array.from({ length: 200 }, (_, index) => counted(String(index)));
  const stepMs = 100;
  for (const { connector } of all) connectors.add(connector);
  const total = () => all.reduce((sum, { counts }) => sum + counts.pings, 0);
  const before = total();
  let most = 0;
  for (let elapsedMs = 0; elapsedMs < INTERVAL_MS; elapsedMs += stepMs) {
    const earlier = total();
    t.mock.timers.tick(stepMs);
    most = Math.max(most, total() - earlier);
  }
  assert.equal(total() - before, all.length);
  assert.ok(most <= all.length / 10, `${most} at once`);
});

test('a connector that misses three pings is dropped, and one that answers is not', (t) => {
  const connectors = online(t);
  const [silent, alive] = [counted('silent'), counted('alive')];
  connectors.add(silent.connector);
  const { heard } = connectors.add(alive.connector);
  for (let n = 0; n < 4; n++) {
    assert.equal(silent.counts.dropped, 0);
    t.mock.timers.tick(INTERVAL_MS);
    heard();
  }
  assert.deepEqual([silent.counts.pings, silent.counts.dropped], [3, 1]);
  assert.deepEqual([alive.counts.pings, alive.counts.dropped], [4, 0]);
});
