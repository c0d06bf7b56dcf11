import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from '@landbridge/runtime';
import { exampleCertificate, exampleConnection } from '../../test/store-conformance/examples.ts';
import { openStoreForTest } from '../../test/store-for-test.ts';
import type { Connector } from './connector.ts';
import { createReconcileRegistrations } from './reconcile-registrations.ts';
import { createStatistics } from './statistics.ts';

const HOUR = 3_600_000;

test('before a signing key is removed, idle connectors that know no other register again once, one per connection at a time', async (t) => {
  const store = openStoreForTest(t);
  const startMs = Date.now();
  let nowMs = startMs;
  const retiresAt = new Date(startMs + 10 * HOUR);
  const open = new Set<Connector>();
  const closed: string[] = [];

  for (const name of ['corp', 'other']) {
    await store.addConnection(exampleConnection(name));
    await store.addCertificate(`id-${name}`, exampleCertificate('01'), 5);
  }
  async function add(id: string, name: string, facts: Partial<Connector> = {}): Promise<{ draining: boolean; inFlight: number }> {
    await store.seeInstance(
      {
        id,
        connectionId: `id-${name}`,
        thumbprint: '01',
        identity: id,
        hostName: undefined,
        version: undefined,
        remoteAddress: '',
        at: new Date(),
      },
      64,
    );
    const state = { draining: false, inFlight: 0 };
    const connector: Connector = {
      instance: id,
      connection: exampleConnection(name),
      remoteAddress: '',
      agentVersion: undefined,
      connectedAt: new Date(startMs),
      signing: { kid: 'old' },
      capabilities: [],
      tell: () => {},
      get draining() {
        return state.draining;
      },
      get inFlight() {
        return state.inFlight;
      },
      open: true,
      eligibility: () => 'eligible',
      ask: () => assert.fail(),
      received: () => {},
      heard: () => {},
      isMidFrame: () => false,
      drain(on) {
        state.draining = on;
      },
      ping() {},
      close(code) {
        open.delete(connector);
        closed.push(`${id} ${code}`);
      },
      drop: () => assert.fail(),
      ...facts,
    };
    open.add(connector);
    return state;
  }

  const apply = createReconcileRegistrations({
    store,
    online: { add: () => assert.fail(), of: () => [], all: () => [...open], onBeat() {}, closeAll() {}, stop() {} },
    keys: {
      sign: () => assert.fail(),
      pemForRegistration: () => assert.fail(),
      lifeOf: (kid) => ({ removed: kid === 'old' && nowMs >= retiresAt.getTime(), retiresAt: kid === 'old' ? retiresAt : undefined }),
      jwks: { keys: [] },
      reload: async () => {},
    },
    statistics: createStatistics(),
    log: createLog({ level: 'error', format: 'json', destination: { write: () => {} } }).log,
    now: () => nowMs,
  });

  const busy = await add('busy', 'corp');
  busy.inFlight = 1;
  await add('idle', 'corp');
  await add('elsewhere', 'other');
  await add('new key', 'corp', { signing: { kid: 'new' } });
  await add('reads jwks', 'corp', { signing: { kid: undefined } });
  await add('has a session', 'corp', { signing: undefined });
  await apply();
  assert.deepEqual([closed, busy.draining], [[], false]);

  nowMs = retiresAt.getTime() - HOUR / 4;
  await apply();
  assert.deepEqual([closed, busy.draining], [['elsewhere 1012'], true]);
  busy.inFlight = 0;
  await apply();
  assert.deepEqual(closed, ['elsewhere 1012', 'busy 1012']);
  await apply();
  assert.deepEqual(closed, ['elsewhere 1012', 'busy 1012', 'idle 1012']);
  // It came back without registering again: it stays until the key is removed.
  await add('stubborn', 'corp', { connectedAt: new Date(nowMs) });
  await apply();
  assert.equal(closed.length, 3);
  nowMs = retiresAt.getTime();
  await apply();
  assert.deepEqual(closed.slice(3), ['stubborn 1012']);
  assert.deepEqual([...open].map(({ instance }) => instance).sort(), ['has a session', 'new key', 'reads jwks']);
});
