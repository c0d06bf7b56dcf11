import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createBackoff, sleep } from './backoff.ts';

describe('backoff', () => {
  it('grows to its maximum and starts over only after a success that lasted', () => {
    let now = 0;
    const backoff = createBackoff({ firstMs: 100, maxMs: 1000, holdMs: 5000, now: () => now, random: () => 1 });
    assert.deepEqual(
      [1, 2, 3, 4, 5, 6].map(() => backoff.nextMs()),
      [100, 200, 400, 800, 1000, 1000],
    );
    backoff.succeeded();
    now += 4999;
    assert.equal(backoff.nextMs(), 1000);
    backoff.succeeded();
    now += 5000;
    assert.equal(backoff.nextMs(), 100);
    assert.equal(backoff.nextMs(), 200);
  });

  it('spreads delays between half and all of their length', () => {
    assert.equal(createBackoff({ firstMs: 100, maxMs: 1000, holdMs: 1, random: () => 0 }).nextMs(), 50);
    assert.equal(createBackoff({ firstMs: 100, maxMs: 1000, holdMs: 1, random: () => 0.5 }).nextMs(), 75);
  });

  it('never overflows, however many failures there are', () => {
    const backoff = createBackoff({ firstMs: 100, maxMs: 60_000, holdMs: 1, random: () => 1 });
    for (let i = 0; i < 5000; i++) backoff.nextMs();
    assert.equal(backoff.nextMs(), 60_000);
  });
});

describe('sleep', () => {
  it('resolves immediately if aborted before or during the sleep', async () => {
    const controller = new AbortController();
    const sleeping = sleep(3_600_000, controller.signal);
    controller.abort();
    await sleeping;
    await sleep(3_600_000, controller.signal);
  });
});
