import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SignInEvent } from '../sign-in/events.ts';
import { createSignInActivity } from './activity.ts';

const MINUTE_MS = 60_000;

const finished = (result: SignInEvent['result'], ms = 10, connection = 'corp'): SignInEvent => ({
  action: 'login',
  connection,
  username: 'anna',
  remoteAddress: undefined,
  via: 'api',
  clientId: undefined,
  result,
  correlationId: 'c',
  instance: undefined,
  ms,
});

test('counts sign-ins by minute, connection and category', () => {
  let nowMs = 10_000 * MINUTE_MS;
  const activity = createSignInActivity(() => nowMs);
  activity.count(finished('ok'));
  activity.count(finished('ok_from_cache'));
  activity.count(finished('invalid_credentials'));
  nowMs += MINUTE_MS;
  activity.count(finished('connector_timeout', 30_000));
  activity.count(finished('ok', 4, 'branch'));
  const { ok, fromCache, refused, failed, byResult } = activity.last(2);
  assert.deepEqual({ ok, fromCache, refused, failed }, { ok: 3, fromCache: 1, refused: 1, failed: 1 });
  assert.equal(byResult.get('connector_timeout'), 1);
  assert.equal(activity.last(1).ok, 1);
  assert.equal(activity.last(2, 'branch').ok, 1);
  assert.equal(activity.last(2, 'nowhere').ok, 0);
  assert.deepEqual(
    activity.periods(3, 1).map(({ from, amounts }) => [from.getTime() / MINUTE_MS, amounts.ok]),
    [
      [9999, 0],
      [10_000, 2],
      [10_001, 1],
    ],
  );
  nowMs += 24 * 60 * MINUTE_MS;
  activity.count(finished('ok'));
  assert.equal(activity.last(100_000).ok, 1, 'a day is kept');
});

test('percentiles are upper bounds', () => {
  const activity = createSignInActivity(() => 0);
  assert.equal(activity.last(1).p50Ms, undefined);
  for (let n = 0; n < 94; n++) activity.count(finished('ok', 8));
  for (let n = 0; n < 6; n++) activity.count(finished('ok', 250));
  assert.equal(activity.last(1).p50Ms, 10);
  assert.equal(activity.last(1).p95Ms, 300);
});
