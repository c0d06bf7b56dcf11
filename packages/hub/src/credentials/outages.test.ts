import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleConnection } from '../../test/store-conformance/examples.ts';
import { createOutages } from './outages.ts';

const CORP = exampleConnection('corp');

function outages() {
  const clock = { now: 1_000_000_000, shortageAt: undefined as number | undefined };
  const it = createOutages({ afterMs: 30_000, shortageAt: () => clock.shortageAt, now: () => clock.now });
  return { it, clock };
}

test('the cache answers after an outage has lasted long enough, and no longer once the directory has answered', () => {
  const { it, clock } = outages();
  assert.match(it.refusal(CORP, 'connector_offline') ?? '', /too short/);
  clock.now += 29_999;
  assert.match(it.refusal(CORP, 'connector_timeout') ?? '', /too short/);
  clock.now += 1;
  assert.equal(it.refusal(CORP, 'connector_offline'), undefined);
  assert.match(it.refusal(exampleConnection('other'), 'connector_offline') ?? '', /too short/);
  it.over(CORP);
  assert.match(it.refusal(CORP, 'connector_offline') ?? '', /too short/);
});

test('a shortage of sockets does not count as an outage, unless a connector says that its directory is down', () => {
  const { it, clock } = outages();
  it.refusal(CORP, 'connector_offline');
  clock.now += 60_000;
  clock.shortageAt = clock.now;
  assert.match(it.refusal(CORP, 'connector_offline') ?? '', /flood/);
  assert.match(it.refusal(CORP, 'connector_lost') ?? '', /flood/);
  assert.equal(it.refusal(CORP, 'directory_unavailable'), undefined);
  clock.now += 10 * 60_000;
  assert.equal(it.refusal(CORP, 'connector_offline'), undefined);
});

test('an operator opens and closes the cache by hand', () => {
  const { it, clock } = outages();
  clock.shortageAt = clock.now;
  const connection = (changes: object) => ({ ...CORP, settings: { ...CORP.settings, ...changes } });
  assert.equal(it.refusal(connection({ cacheOpen: true }), 'connector_offline'), undefined);
  assert.match(it.refusal(connection({ cacheOpen: true, cacheClosed: true }), 'connector_offline') ?? '', /operator/);
});
