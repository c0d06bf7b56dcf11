/** What every store does for the OpenID provider. */
import assert from 'node:assert/strict';
import { keptClientOptions } from '../../src/store/client-options.ts';
import type { OidcClient } from '../../src/store/oidc-clients.ts';
import type { OidcKey } from '../../src/store/oidc-keys.ts';
import type { OidcRecord } from '../../src/store/oidc-state.ts';
import type { StoreCheck } from './conformance.ts';
import { AT, exampleConnection } from './examples.ts';

const LATER = new Date(AT.getTime() + 60_000);

const exampleClient = (id: string, changes: Partial<OidcClient> = {}): OidcClient => ({
  id,
  name: id,
  secretHash: `hash-${id}`,
  redirectUris: ['https://app.example/cb'],
  postLogoutRedirectUris: [],
  connectionIds: undefined,
  scopes: ['profile', 'groups'],
  refreshTokens: false,
  idTokenAlgorithm: 'RS256',
  options: keptClientOptions.parse({}),
  createdAt: AT,
  ...changes,
});

const exampleRecord = (kind: string, key: string, changes: Partial<OidcRecord> = {}): OidcRecord => ({
  kind,
  key,
  payload: { a: [1, { b: 'ü' }] },
  grantId: undefined,
  uid: undefined,
  consumedAt: undefined,
  expiresAt: LATER,
  ...changes,
});

export function oidcConformance(check: StoreCheck): void {
  check('adds, changes and removes clients by name', async (store) => {
    const [b, a] = [exampleClient('b'), exampleClient('a', { secretHash: undefined, connectionIds: ['x'], refreshTokens: true })];
    await store.addOidcClient(b);
    await store.addOidcClient(a);
    assert.deepEqual(await store.oidcClients(), [a, b]);
    const changed = exampleClient('b', {
      name: 'c',
      secretHash: 'new',
      postLogoutRedirectUris: ['https://app.example/'],
      options: keptClientOptions.parse({ allowMissingPkce: true }),
    });
    assert.equal(await store.updateOidcClient(changed), true);
    assert.deepEqual(await store.oidcClient('b'), changed);
    assert.equal(await store.updateOidcClient(exampleClient('nobody')), false);
    assert.equal(await store.removeOidcClient('a'), true);
    assert.equal(await store.removeOidcClient('a'), false);
    assert.equal(await store.oidcClient('a'), undefined);
  });

  check('keeps one initial set of provider keys and lists the newest first', async (store) => {
    const key = (id: string, createdAt = AT): OidcKey => ({ id, purpose: 'cookie', secret: 's', createdAt });
    assert.equal(await store.addFirstOidcKeys([key('1')]), true);
    assert.equal(await store.addFirstOidcKeys([key('2')]), false);
    await store.addOidcKeys([key('3', LATER)]);
    assert.deepEqual(await store.oidcKeys(), [key('3', LATER), key('1')]);
    await store.removeOidcKey('1');
    assert.deepEqual(await store.oidcKeys(), [key('3', LATER)]);
  });

  check('keeps the latest account of a subject, and none without its connection', async (store) => {
    const account = { subject: 's', connectionId: 'id-a', claims: { groups: ['x'] }, expiresAt: LATER };
    assert.equal(await store.putOidcAccount(account), false);
    await store.addConnection(exampleConnection('a'));
    assert.equal(await store.putOidcAccount(account), true);
    assert.equal(await store.putOidcAccount({ ...account, claims: {} }), true);
    assert.deepEqual(await store.oidcAccount('s'), { ...account, claims: {} });
    await store.removeOidcAccount('s');
    assert.equal(await store.oidcAccount('s'), undefined);
    await store.putOidcAccount(account);
    await store.removeConnection('a');
    assert.equal(await store.oidcAccount('s'), undefined);
  });

  check('finds provider records by key and uid, and consumes each once', async (store) => {
    const record = exampleRecord('Session', 'k', { uid: 'u', grantId: 'g' });
    await store.putOidcRecord(record);
    assert.deepEqual(await store.oidcRecord('Session', 'k'), record);
    assert.deepEqual(await store.oidcRecordByUid('Session', 'u'), record);
    assert.equal(await store.oidcRecord('Grant', 'k'), undefined);
    assert.equal(await store.oidcRecordByUid('Grant', 'u'), undefined);
    assert.equal(await store.consumeOidcRecord('Session', 'k', AT), true);
    assert.equal(await store.consumeOidcRecord('Session', 'k', LATER), false);
    assert.equal(await store.consumeOidcRecord('Session', 'nobody', AT), false);
    await store.putOidcRecord(record);
    const again = { since: new Date(AT.getTime() - 1), times: 3 };
    const uses = [again, again, again, { since: AT, times: 9 }].map((each) => store.consumeOidcRecord('Session', 'k', LATER, each));
    assert.deepEqual(await Promise.all(uses), [true, true, false, false]);
    assert.deepEqual(await store.oidcRecordsOfGrant('Session', 'g'), [{ ...record, consumedAt: AT }]);
    assert.deepEqual(await store.oidcRecordsOfGrant('Session', 'h'), []);
    assert.deepEqual(await store.oidcRecord('Session', 'k'), { ...record, consumedAt: AT });
    await store.removeOidcRecord('Session', 'k');
    assert.equal(await store.oidcRecord('Session', 'k'), undefined);
  });

  check('removes provider records of a grant, expired ones and excess ones', async (store) => {
    await store.addConnection(exampleConnection('a'));
    await store.putOidcAccount({ subject: 'old', connectionId: 'id-a', claims: {}, expiresAt: AT });
    for (const [key, grantId] of [
      ['1', 'g'],
      ['2', 'g'],
      ['3', 'h'],
    ]) {
      await store.putOidcRecord(exampleRecord('AccessToken', key ?? '', { grantId }));
    }
    await store.putOidcRecord(exampleRecord('RefreshToken', '1', { grantId: 'g' }));
    await store.removeOidcRecordsOfGrant('AccessToken', 'g');
    assert.equal(await store.oidcRecord('AccessToken', '1'), undefined);
    assert.ok(await store.oidcRecord('AccessToken', '3'));
    assert.ok(await store.oidcRecord('RefreshToken', '1'));

    await store.putOidcRecord(exampleRecord('Interaction', 'old', { expiresAt: AT }));
    for (let n = 1; n <= 3; n++) {
      await store.putOidcRecord(exampleRecord('Interaction', `${n}`, { expiresAt: new Date(LATER.getTime() + n) }));
    }
    await store.removeExpiredOidcState(AT, 'Interaction', 2);
    assert.equal(await store.oidcAccount('old'), undefined);
    const left = await Promise.all(['old', '1', '2', '3'].map((key) => store.oidcRecord('Interaction', key)));
    assert.deepEqual(
      left.map((record) => record?.key),
      [undefined, undefined, '2', '3'],
    );
    assert.ok(await store.oidcRecord('AccessToken', '3'));
  });
}
