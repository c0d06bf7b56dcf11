import assert from 'node:assert/strict';
import { test } from 'node:test';
import { followIdentityChain, MAX_IDENTITY_CHAIN, verifyByIdentity } from '@landbridge/protocol';
import { auditForTest } from '../../test/audit-for-test.ts';
import { openStoreForTest } from '../../test/store-for-test.ts';
import type { Operator } from '../operator.ts';
import { loadHubIdentity, replaceHubIdentity, rotateHubIdentity } from './hub-identity.ts';

test('two hubs that start at the same time share one identity', async (t) => {
  const store = openStoreForTest(t);
  const [one, two] = await Promise.all([loadHubIdentity(store), loadHubIdentity(store)]);
  assert.equal(one.fingerprint, two.fingerprint);
  assert.equal((await loadHubIdentity(store)).fingerprint, one.fingerprint);
});

test('a rotated identity is followed from each earlier key in the chain, and signs only with the new key', async (t) => {
  const store = openStoreForTest(t);
  const identity = await loadHubIdentity(store);
  const operator: Operator = { store, audit: auditForTest(store), actor: 'command-line', takeEffect: identity.reload };
  const fingerprints = [identity.fingerprint];
  for (let n = 0; n < MAX_IDENTITY_CHAIN; n++) fingerprints.push(await rotateHubIdentity(operator));
  assert.equal(identity.fingerprint, fingerprints.at(-1));
  assert.equal(identity.chain.length, MAX_IDENTITY_CHAIN);
  for (const earlier of fingerprints.slice(1)) {
    assert.equal(followIdentityChain(identity.chain, earlier)?.fingerprint, identity.fingerprint);
  }
  assert.equal(followIdentityChain(identity.chain, fingerprints[0] ?? ''), undefined);
  const current = identity.chain.at(-1)?.key ?? '';
  assert.ok(verifyByIdentity(current, 'session', Buffer.from('x'), identity.sign('session', Buffer.from('x'))));
  assert.equal((await store.hubIdentityKeys()).filter(({ privateKeyPem }) => privateKeyPem !== undefined).length, 1);
});

test('a replaced identity is followed from no earlier key', async (t) => {
  const store = openStoreForTest(t);
  const identity = await loadHubIdentity(store);
  const before = identity.fingerprint;
  await replaceHubIdentity({ store, audit: auditForTest(store), actor: 'command-line', takeEffect: identity.reload });
  assert.notEqual(identity.fingerprint, before);
  assert.equal(followIdentityChain(identity.chain, before), undefined);
});
