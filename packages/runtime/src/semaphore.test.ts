import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createSemaphore, SemaphoreError, type SemaphoreRejection } from './semaphore.ts';

const rejectedAs = (reason: SemaphoreRejection) => (error: unknown) => error instanceof SemaphoreError && error.reason === reason;

test('runs up to maxRunning tasks at a time and rejects those beyond maxWaiting', async () => {
  const semaphore = createSemaphore({ maxRunning: 2, maxWaiting: 3 });
  const { promise, resolve } = Promise.withResolvers<void>();
  let atOnce = 0;
  let most = 0;
  const task = async () => {
    most = Math.max(most, ++atOnce);
    await promise;
    atOnce--;
    return 'done';
  };
  const results = Array.from({ length: 7 }, () => semaphore.run(task));
  for (const excess of results.slice(5)) await assert.rejects(excess, rejectedAs('full'));
  assert.equal(semaphore.waiting, 3);
  resolve();
  assert.deepEqual(await Promise.all(results.slice(0, 5)), Array(5).fill('done'));
  assert.equal(most, 2);
});

test('a task that fails frees its place', async () => {
  const semaphore = createSemaphore({ maxRunning: 1 });
  const failing = semaphore.run(() => Promise.reject(new Error('failed')));
  const next = semaphore.run(async () => 'done');
  await assert.rejects(failing, /failed/);
  assert.equal(await next, 'done');
});

test('starts waiting tasks in order', async () => {
  const semaphore = createSemaphore({ maxRunning: 1 });
  const order: number[] = [];
  await Promise.all([1, 2, 3, 4].map((n) => semaphore.run(async () => order.push(n))));
  assert.deepEqual(order, [1, 2, 3, 4]);
});

test('closing rejects waiting and later tasks, and resolves when the running ones have ended', async () => {
  const semaphore = createSemaphore({ maxRunning: 2 });
  const { promise, resolve } = Promise.withResolvers<string>();
  const running = [semaphore.run(() => promise), semaphore.run(() => promise)];
  const waiting = semaphore.run(() => promise);
  let isClosed = false;
  const closed = semaphore.close().then(() => {
    isClosed = true;
  });
  await assert.rejects(waiting, rejectedAs('closed'));
  assert.equal(isClosed, false);
  resolve('last');
  await closed;
  assert.deepEqual(await Promise.all(running), ['last', 'last']);
  await assert.rejects(
    semaphore.run(async () => {}),
    rejectedAs('closed'),
  );
});

test('a waiting task is rejected after its timeout, on abort, or with a given error, and the place goes to the next one', async () => {
  const semaphore = createSemaphore({ maxRunning: 1, waitTimeoutMs: 20, rejection: (reason) => new Error(`busy: ${reason}`) });
  const { promise, resolve } = Promise.withResolvers<void>();
  const running = semaphore.run(() => promise);
  const neverRun = async () => assert.fail('was run');
  await assert.rejects(semaphore.run(neverRun), /busy: timeout/);
  const controller = new AbortController();
  const aborted = semaphore.run(neverRun, controller.signal);
  controller.abort();
  await assert.rejects(aborted, /busy: aborted/);
  await assert.rejects(semaphore.run(neverRun, controller.signal), /busy: aborted/);
  const dropped = semaphore.run(neverRun);
  semaphore.rejectWaiting(new Error('dropped'));
  await assert.rejects(dropped, /dropped/);
  const next = semaphore.run(async () => 'done');
  resolve();
  await running;
  assert.equal(await next, 'done');
});

test('a place rests in proportion to its last task while others wait', async () => {
  const semaphore = createSemaphore({ maxRunning: 1, restFactor: 3 });
  const startedAt = performance.now();
  const busy = () => new Promise<number>((resolve) => setTimeout(() => resolve(performance.now() - startedAt), 20));
  const first = semaphore.run(busy);
  const second = semaphore.run(async () => performance.now() - startedAt);
  // Timers may fire up to a millisecond early.
  assert.ok((await second) >= 3.9 * (await first) - 2);
  await semaphore.idle();
});
