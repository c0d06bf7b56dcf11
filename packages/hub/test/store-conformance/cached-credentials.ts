/** What every store does with cached credentials. */
import assert from 'node:assert/strict';
import type { CachedCredential } from '../../src/store/cached-credentials.ts';
import type { StoreCheck } from './conformance.ts';
import { AT, exampleConnection } from './examples.ts';

function credential(userId: string, changes: Partial<CachedCredential> = {}): CachedCredential {
  return {
    connectionId: 'id-a',
    userId,
    salt: Uint8Array.of(1, 0, 255),
    sealed: Uint8Array.of(2, 0, 254),
    verifiedAt: AT,
    ...changes,
  };
}

export function cachedCredentialConformance(check: StoreCheck): void {
  check('finds the last successful sign-in by any recent name, in its own connection only', async (store) => {
    for (const name of ['a', 'b']) await store.addConnection(exampleConnection(name));
    for (let n = 0; n < 4; n++) {
      const verifiedAt = new Date(AT.getTime() + n);
      assert.equal(await store.putCachedCredential(credential('anna', { verifiedAt }), `name${n}`, 3), true);
    }
    const last = credential('anna', { verifiedAt: new Date(AT.getTime() + 3) });
    assert.equal(await store.cachedCredential('id-a', 'name0'), undefined);
    assert.deepEqual(await store.cachedCredential('id-a', 'name1'), last);
    assert.deepEqual(await store.cachedCredential('id-a', 'name3'), last);
    assert.equal(await store.cachedCredential('id-b', 'name3'), undefined);
  });

  check('a name leads to the user who had it last', async (store) => {
    await store.addConnection(exampleConnection('a'));
    await store.putCachedCredential(credential('old'), 'name', 3);
    await store.putCachedCredential(credential('new'), 'name', 3);
    assert.equal((await store.cachedCredential('id-a', 'name'))?.userId, 'new');
  });

  check('removes cached credentials by name, user and age', async (store) => {
    await store.addConnection(exampleConnection('a'));
    for (const user of ['anna', 'ben', 'cleo']) await store.putCachedCredential(credential(user), user, 3);
    await store.putCachedCredential(credential('dora', { verifiedAt: new Date(AT.getTime() + 1) }), 'dora', 3);
    assert.equal(await store.removeCachedCredential('id-a', { nameHash: 'anna' }), true);
    assert.equal(await store.removeCachedCredential('id-a', { nameHash: 'anna' }), false);
    assert.equal(await store.cachedCredential('id-a', 'anna'), undefined);
    assert.equal(await store.removeCachedCredential('id-a', { userId: 'ben' }), true);
    assert.equal(await store.cachedCredential('id-a', 'ben'), undefined);
    assert.equal(await store.removeCachedCredentialsBefore(new Date(AT.getTime() + 1)), 1);
    assert.equal(await store.cachedCredential('id-a', 'cleo'), undefined);
    assert.ok(await store.cachedCredential('id-a', 'dora'));
  });

  check('keeps no credentials of a connection that is removed, disabled or has its cache off', async (store) => {
    const { settings } = exampleConnection('a');
    const off = { ...settings, credentialCache: false };
    for (const change of [
      { enabled: false, settings },
      { enabled: true, settings: off },
    ] as const) {
      await store.addConnection(exampleConnection('a'));
      await store.putCachedCredential(credential('anna'), 'anna', 3);
      await store.updateConnection('id-a', { enabled: true, settings: { ...settings, displayName: 'A' } });
      assert.ok(await store.cachedCredential('id-a', 'anna'));
      await store.updateConnection('id-a', change);
      assert.equal(await store.cachedCredential('id-a', 'anna'), undefined);
      assert.equal(await store.putCachedCredential(credential('anna'), 'anna', 3), false);
      await store.updateConnection('id-a', { enabled: true, settings });
      assert.equal(await store.cachedCredential('id-a', 'anna'), undefined);
      await store.putCachedCredential(credential('anna'), 'anna', 3);
      await store.removeConnection('a');
      assert.equal(await store.cachedCredential('id-a', 'anna'), undefined);
      assert.equal(await store.putCachedCredential(credential('anna'), 'anna', 3), false);
    }
  });
}
