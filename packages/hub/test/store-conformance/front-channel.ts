/** What every store does with sign-ins on the front channel. */
import assert from 'node:assert/strict';
import type { FrontChannelSignIn } from '../../src/store/front-channel.ts';
import type { StoreCheck } from './conformance.ts';
import { AT, exampleConnection } from './examples.ts';

const later = (ms: number) => new Date(AT.getTime() + ms);

function example(changes: Partial<FrontChannelSignIn> = {}): FrontChannelSignIn {
  return { interaction: 'i1', connectionId: 'id-a', secretHash: 's1', payload: { text: 'ä' }, expiresAt: later(1000), ...changes };
}

export function frontChannelConformance(check: StoreCheck): void {
  check('returns a sign-in once, for its secret, before it expires, and keeps one per interaction', async (store) => {
    await store.addConnection(exampleConnection('a'));
    assert.equal(await store.putFrontChannelSignIn(example({ connectionId: 'id-b' })), false);
    assert.equal(await store.putFrontChannelSignIn(example({ secretHash: 's0' })), true);
    assert.equal(await store.putFrontChannelSignIn(example()), true);
    assert.equal(await store.takeFrontChannelSignIn('i1', 's0', AT), undefined);
    assert.equal(await store.takeFrontChannelSignIn('i2', 's1', AT), undefined);
    assert.equal(await store.takeFrontChannelSignIn('i1', 's1', later(1000)), undefined);
    assert.deepEqual(await store.takeFrontChannelSignIn('i1', 's1', AT), example());
    assert.equal(await store.takeFrontChannelSignIn('i1', 's1', AT), undefined);
  });

  check('accepts an assertion once per connection until it is removed', async (store) => {
    await store.addConnection(exampleConnection('a'));
    await store.addConnection(exampleConnection('b'));
    assert.equal(await store.markAssertionUsed('id-a', 'h', later(10)), true);
    assert.equal(await store.markAssertionUsed('id-a', 'h', later(10)), false);
    assert.equal(await store.markAssertionUsed('id-b', 'h', later(20)), true);
    assert.equal(await store.markAssertionUsed('id-c', 'h', later(10)), false);
    await store.putFrontChannelSignIn(example({ expiresAt: later(10) }));
    await store.removeExpiredFrontChannelState(later(10));
    assert.equal(await store.takeFrontChannelSignIn('i1', 's1', AT), undefined);
    assert.equal(await store.markAssertionUsed('id-a', 'h', later(10)), true);
    assert.equal(await store.markAssertionUsed('id-b', 'h', later(10)), false);
    await store.removeConnection('a');
    await store.addConnection(exampleConnection('a'));
    assert.equal(await store.markAssertionUsed('id-a', 'h', later(10)), true);
  });
}
