import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createGroupCache } from './cache.ts';
import { type KnownGroup, type Reference, referenceTo } from './group.ts';
import { createKnownGroups, type KnownGroups } from './known-groups.ts';

const [A, B] = [referenceTo('CN=a,DC=x'), referenceTo('CN=b,DC=x')];
const forever = new AbortController().signal;

/** Reads that end when the test says so, and a clock that does not advance until it is set. */
function startKnown(options: { cacheSeconds?: number; staleSeconds?: number } = {}) {
  const readings: { keys: string[]; done: PromiseWithResolvers<Map<string, KnownGroup>> }[] = [];
  const refreshFailures: unknown[] = [];
  const clock = { seconds: 1 };
  const known: KnownGroups = createKnownGroups({
    cacheSeconds: 600,
    staleSeconds: 0,
    ...options,
    read(references: readonly Reference[]) {
      const done = Promise.withResolvers<Map<string, KnownGroup>>();
      readings.push({ keys: references.map(({ key }) => key), done });
      return done.promise;
    },
    onRefreshFailed: (error) => refreshFailures.push(error),
    now: () => clock.seconds * 1000,
  });
  return {
    known,
    readings,
    refreshFailures,
    clock,
    /** Ends the last read. */
    answer(value: unknown, references: readonly Reference[] = [A, B]) {
      readings.at(-1)?.done.resolve(new Map(references.map((one) => [one.key, { group: { ...one, value }, parents: [] }])));
    },
    missing(reference: Reference) {
      readings.at(-1)?.done.resolve(new Map([[reference.key, { group: undefined, parents: [] }]]));
    },
  };
}
const valueIn = async (got: ReturnType<KnownGroups['get']>, { key } = A) => (await got).get(key)?.known.group?.value;

describe('cached groups', () => {
  it('are read once for all concurrent requests, several in one search', async () => {
    const { known, readings, answer } = startKnown();
    const first = known.get([A, B], forever);
    const second = known.get([B], forever);
    assert.deepEqual(
      readings.map(({ keys }) => keys),
      [[A.key, B.key]],
    );
    answer('one');
    assert.equal(await valueIn(first), 'one');
    assert.equal(await valueIn(second, B), 'one');
    assert.equal((await known.get([A], forever)).get(A.key)?.ageMs, 0);
    assert.equal(readings.length, 1);
  });

  it('are refreshed in the background in the second half of their lifetime, and before the answer after it', async () => {
    const { known, readings, answer, clock } = startKnown();
    const first = known.get([A], forever);
    answer('old');
    await first;
    clock.seconds += 299;
    assert.equal(await valueIn(known.get([A], forever)), 'old');
    assert.equal(readings.length, 1);
    clock.seconds += 1;
    assert.equal(await valueIn(known.get([A], forever)), 'old');
    assert.equal(readings.length, 2);
    await known.get([A], forever);
    assert.equal(readings.length, 2, 'a read is in flight already');
    answer('new');
    await readings[1]?.done.promise;
    assert.equal(await valueIn(known.get([A], forever)), 'new');
    clock.seconds += 600;
    const late = known.get([A], forever);
    assert.equal(readings.length, 3);
    answer('newest');
    assert.equal(await valueIn(late), 'newest');
  });

  it('stay valid until the end of their lifetime if a refresh fails', async () => {
    const { known, readings, answer, clock, refreshFailures } = startKnown();
    const first = known.get([A], forever);
    answer('old');
    await first;
    clock.seconds += 400;
    assert.equal(await valueIn(known.get([A], forever)), 'old');
    readings[1]?.done.reject(new Error('away'));
    await readings[1]?.done.promise.catch(() => {});
    await new Promise(setImmediate);
    assert.equal(refreshFailures.length, 1);
    clock.seconds += 201;
    const late = known.get([A], forever);
    readings.at(-1)?.done.reject(new Error('still away'));
    await assert.rejects(late, /still away/);
    assert.equal(known.fromCache([A]), undefined);
  });

  it('are kept beyond their lifetime only on request', async () => {
    const { known, answer, clock } = startKnown({ staleSeconds: 86_400 });
    const first = known.get([A], forever);
    answer('old', [A]);
    await first;
    clock.seconds += 86_399;
    assert.equal(known.fromCache([A])?.get(A.key)?.known.group?.value, 'old');
    assert.equal(known.fromCache([A, B]), undefined);
    clock.seconds += 2;
    assert.equal(known.fromCache([A]), undefined);
  });

  it('that do not exist are read again after a minute', async () => {
    const { known, readings, missing, clock } = startKnown();
    const first = known.get([A], forever);
    missing(A);
    assert.equal(await valueIn(first), undefined);
    clock.seconds += 29;
    await known.get([A], forever);
    assert.equal(readings.length, 1);
    clock.seconds += 31;
    const again = known.get([A], forever);
    assert.equal(readings.length, 2);
    missing(A);
    await again;
  });

  it('are not kept with GROUPS_CACHE_SECONDS=0', async () => {
    const { known, readings, answer } = startKnown({ cacheSeconds: 0 });
    for (const value of ['one', 'two']) {
      const got = known.get([A], forever);
      answer(value);
      assert.equal(await valueIn(got), value);
    }
    assert.equal(readings.length, 2);
  });

  it('are still read for the others if one caller gives up', async () => {
    const { known, answer } = startKnown();
    const gone = new AbortController();
    const impatient = known.get([A], gone.signal);
    const patient = known.get([A], forever);
    gone.abort(new Error('gone'));
    await assert.rejects(impatient, /gone/);
    answer('one');
    assert.equal(await valueIn(patient), 'one');
  });
});

describe('the cache of groups', () => {
  it('holds no more than its bytes, and drops the least recently used', () => {
    const cache = createGroupCache({ keepSeconds: 600, maxBytes: 100_000, now: () => 0 });
    const parents = Array.from({ length: 20 }, (_, i) => referenceTo(`CN=parent-${i},OU=Groups,DC=fabrikam,DC=local`));
    for (let i = 0; i < 200; i++) {
      cache.set(`g${i}`, { group: undefined, parents });
      assert.ok(cache.get('g0'), 'what is used stays');
    }
    const kept = Array.from({ length: 200 }, (_, i) => cache.get(`g${i}`)).filter(Boolean).length;
    assert.ok(kept > 5 && kept < 40, `${kept} groups of some 5 KB`);
    cache.set('huge', { group: { ...A, value: 'x'.repeat(100_000) }, parents: [] });
    assert.equal(cache.get('huge'), undefined);
    assert.ok(cache.get('g0'), 'a group that never fits does not evict others');
  });
});
