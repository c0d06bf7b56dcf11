/** What every store does with signing keys and API keys. */
import assert from 'node:assert/strict';
import type { ApiKey } from '../../src/store/api-keys.ts';
import type { StoredSigningKey } from '../../src/store/signing-keys.ts';
import type { StoreCheck } from './conformance.ts';
import { AT } from './examples.ts';

export function keyConformance(check: StoreCheck): void {
  const at = (ms: number) => new Date(AT.getTime() + ms);
  const first: StoredSigningKey = {
    kid: '1',
    algorithm: 'ES256',
    privateKeyPem: 'pem',
    createdAt: AT,
    signsFrom: AT,
    retiresAt: undefined,
  };

  check('keeps the first signing key of each algorithm as the initial one', async (store) => {
    assert.deepEqual(await store.addSigningKey(first), first);
    assert.deepEqual(await store.addSigningKey({ ...first, kid: '2' }), first);
    assert.deepEqual(await store.signingKeys(), [first]);
  });

  check('keeps a signing key beside its successor until it retires', async (store) => {
    const other: StoredSigningKey = { ...first, kid: 'rsa', algorithm: 'RS256' };
    const [second, third] = [2, 3].map((n) => ({ ...first, kid: String(n), createdAt: at(n), signsFrom: at(10 * n) }));
    assert.ok(second && third);
    await store.addSigningKey(first);
    await store.addSigningKey(other);
    await store.succeedSigningKey(second, at(100));
    await store.succeedSigningKey(third, at(200));
    const retiring = [{ ...first, retiresAt: at(100) }, other, { ...second, retiresAt: at(200) }, third];
    assert.deepEqual(await store.signingKeys(), retiring);
    await store.removeRetiredSigningKeys(at(99));
    assert.deepEqual(await store.signingKeys(), retiring);
    await store.removeRetiredSigningKeys(at(100));
    assert.deepEqual(await store.signingKeys(), retiring.slice(1));
  });

  check('replaces a signing key immediately, with a new or an existing one', async (store) => {
    await store.addSigningKey(first);
    const second = { ...first, kid: '2', createdAt: at(1), signsFrom: at(1) };
    await store.replaceSigningKey('1', second);
    assert.deepEqual(await store.signingKeys(), [second]);
    const third = { ...first, kid: '3', createdAt: at(2), signsFrom: at(1000) };
    await store.succeedSigningKey(third, at(2000));
    await store.replaceSigningKey('2', { ...third, signsFrom: at(3) });
    assert.deepEqual(await store.signingKeys(), [{ ...third, signsFrom: at(3) }]);
  });

  check('keeps one first key of the identity, and the private part of the newest only', async (store) => {
    const key = (name: string) => ({ key: name, signature: name === '1' ? undefined : 's', privateKeyPem: 'pem', createdAt: AT });
    await store.addFirstHubIdentity(key('1'));
    await store.addFirstHubIdentity(key('2'));
    assert.deepEqual(await store.hubIdentityKeys(), [key('1')]);
    assert.equal(await store.succeedHubIdentity('0', key('2')), false);
    assert.equal(await store.succeedHubIdentity('1', key('2')), true);
    assert.equal(await store.succeedHubIdentity('1', key('3')), false);
    assert.deepEqual(await store.hubIdentityKeys(), [{ ...key('1'), privateKeyPem: undefined }, key('2')]);
    await store.replaceHubIdentity(key('4'));
    assert.deepEqual(await store.hubIdentityKeys(), [key('4')]);
  });

  check('finds API keys by hash until they are removed', async (store) => {
    const key: ApiKey = {
      ...{ id: 'k1', name: 'billing', createdAt: AT, scopes: ['sign-in', 'search'], connectionIds: ['c1'], addresses: ['10.0.0.0/8'] },
      ...{ expiresAt: at(1000), lastUsedAt: undefined, lastUsedFrom: undefined },
    };
    await store.addApiKey(key, 'hash');
    assert.deepEqual(await store.apiKeyByHash('hash'), key);
    assert.deepEqual(await store.apiKeys(), [key]);
    await store.setApiKeyUsed('k1', at(5), '192.0.2.7');
    const used = { ...key, lastUsedAt: at(5), lastUsedFrom: '192.0.2.7' };
    assert.deepEqual(await store.apiKeys(), [used]);
    const changes = { name: 'other', scopes: ['view' as const], connectionIds: undefined, addresses: [], expiresAt: undefined };
    assert.equal(await store.updateApiKey({ ...key, ...changes }), true);
    assert.equal(await store.updateApiKey({ ...key, id: 'k2' }), false);
    assert.deepEqual(await store.apiKeyByHash('hash'), { ...used, ...changes });
    assert.equal(await store.apiKeyByHash('k1'), undefined);
    assert.equal(await store.removeApiKey('k1'), true);
    assert.equal(await store.removeApiKey('k1'), false);
    assert.equal(await store.apiKeyByHash('hash'), undefined);
  });
}
