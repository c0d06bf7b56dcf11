import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeConnector } from '../../test/fake-connector.ts';
import type { Connector } from '../connectors/connector.ts';
import { createChoose } from './choose.ts';

const MAX = 10;
const anything = { needs: undefined, not: new Set<Connector>() };

test('the fewest under way are asked first, those in doubt last, and equals take turns', () => {
  const choose = createChoose(MAX);
  const [busy, free, doubtful, slow] = [
    fakeConnector({ inFlight: 3 }),
    fakeConnector({ inFlight: 2 }),
    fakeConnector({ presence: 'doubtful' }),
    fakeConnector({ silentSinceMs: Date.now() }),
  ];
  assert.equal(choose([doubtful, busy, slow, free], anything), free);
  assert.equal(choose([doubtful, busy], anything), busy);
  assert.equal(choose([doubtful], anything), doubtful);
  const equals = [fakeConnector(), fakeConnector(), fakeConnector()];
  const asked = Array.from({ length: 6 }, () => choose(equals, anything));
  assert.deepEqual(new Set(asked.slice(0, 3)), new Set(equals));
  assert.deepEqual(asked.slice(3), asked.slice(0, 3));
});

test('who cannot answer is not asked, and the reason is that of the one that came furthest', () => {
  const choose = createChoose(MAX);
  const gone = [fakeConnector({ open: false }), fakeConnector({ draining: true }), fakeConnector({ presence: 'silent' })];
  const down = fakeConnector({ directory: 'down', capabilities: ['changeOwnPassword'] });
  const full = [fakeConnector({ inFlight: MAX }), fakeConnector({ congested: true })];
  assert.equal(choose([], anything), 'connector_offline');
  assert.equal(choose(gone, anything), 'connector_offline');
  assert.equal(choose([...gone, down], anything), 'directory_unavailable');
  assert.equal(choose([...full, down, ...gone], anything), 'connector_busy');
  const needs = { needs: 'changeOwnPassword', not: new Set<Connector>() } as const;
  assert.equal(choose(full, needs), 'connector_outdated');
  assert.equal(choose([...full, down], needs), 'directory_unavailable');
  const well = fakeConnector();
  assert.equal(choose([well], { needs: undefined, not: new Set([well]) }), 'connector_offline');
});
