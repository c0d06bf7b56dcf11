import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fakeConnector } from '../../test/fake-connector.ts';
import type { Connector, Eligibility } from '../connectors/connector.ts';
import { createChoose } from './choose.ts';

const anything = { needs: undefined, not: new Set<Connector>() };
const connector = (eligibility: Eligibility, inFlight = 0) => fakeConnector({ eligibility: () => eligibility, inFlight });

test('the connector with the fewest requests in flight is chosen', () => {
  const choose = createChoose();
  const [busy, free] = [connector('eligible', 3), connector('eligible', 2)];
  assert.equal(choose([busy, free], anything), free);
});

test('a doubtful connector is chosen only if no other is eligible', () => {
  const choose = createChoose();
  const [busy, doubtful] = [connector('eligible', 3), connector('doubtful')];
  assert.equal(choose([doubtful, busy], anything), busy);
  assert.equal(choose([busy, doubtful], anything), busy);
  assert.equal(choose([doubtful, connector('connector_busy')], anything), doubtful);
});

test('equally busy connectors take turns', () => {
  const choose = createChoose();
  const equals = [connector('eligible'), connector('eligible'), connector('eligible')];
  const chosen = Array.from({ length: 6 }, () => choose(equals, anything));
  assert.deepEqual(new Set(chosen.slice(0, 3)), new Set(equals));
  assert.deepEqual(chosen.slice(3), chosen.slice(0, 3));
});

test('without an eligible connector the reason is that of the one that came closest', () => {
  const choose = createChoose();
  const offline = connector('connector_offline');
  const outdated = connector('connector_outdated');
  const down = connector('directory_unavailable');
  const busy = connector('connector_busy');
  assert.equal(choose([], anything), 'connector_offline');
  assert.equal(choose([outdated, offline], anything), 'connector_outdated');
  assert.equal(choose([offline, down, outdated], anything), 'directory_unavailable');
  assert.equal(choose([busy, down, offline], anything), 'connector_busy');
});

test('a connector that was already asked is not chosen again', () => {
  const asked = connector('eligible');
  assert.equal(createChoose()([asked], { needs: undefined, not: new Set([asked]) }), 'connector_offline');
});
