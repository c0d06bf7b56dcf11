/** What every store does with signing keys and API keys. */
import assert from 'node:assert/strict';
import type { Check } from './conformance.ts';
import { AT } from './connections.ts';

export function keyConformance(check: Check): void {
  check('has one signing key for each algorithm: the first', async (store) => {
    const first = { kid: '1', algorithm: 'ES256' as const, privateKeyPem: 'pem', createdAt: AT };
    assert.deepEqual(await store.addSigningKey(first), first);
    assert.deepEqual(await store.addSigningKey({ ...first, kid: '2' }), first);
    assert.deepEqual(await store.signingKeys(), [first]);
  });

  check('finds API keys by hash until they are removed', async (store) => {
    const key = { id: 'k1', name: 'billing', createdAt: AT };
    await store.addApiKey(key, 'hash');
    assert.deepEqual(await store.apiKeyByHash('hash'), key);
    assert.deepEqual(await store.apiKeys(), [key]);
    assert.equal(await store.apiKeyByHash('k1'), undefined);
    assert.equal(await store.removeApiKey('k1'), true);
    assert.equal(await store.removeApiKey('k1'), false);
    assert.equal(await store.apiKeyByHash('hash'), undefined);
  });
}
