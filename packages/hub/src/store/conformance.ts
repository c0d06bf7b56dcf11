/** What every store has to do. An implementation's test file calls this with a way to open an empty store. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Connection, RegisteredCertificate, Store } from './store.ts';

const AT = new Date('2026-01-02T03:04:05.678Z');

function connection(name: string): Connection {
  return { id: `id-${name}`, name, createdAt: AT };
}

function certificate(thumbprint: string, changes: Partial<RegisteredCertificate> = {}): RegisteredCertificate {
  return { thumbprint, pem: `pem-${thumbprint}`, readsJwks: true, agentVersion: '1.0.0', registeredAt: AT, ...changes };
}

/** @param open gives a new, empty store for each call; it is closed here */
export function storeConformance(name: string, open: () => Promise<Store>): void {
  const check = (what: string, body: (store: Store) => Promise<void>) =>
    it(what, async () => {
      const store = await open();
      try {
        await body(store);
      } finally {
        await store.close();
      }
    });

  describe(`${name} as a store`, () => {
    check('keeps connections and finds them by name and ticket', async (store) => {
      assert.equal(await store.addConnection(connection('b'), 'ticket-b'), true);
      assert.equal(await store.addConnection(connection('a'), 'ticket-a'), true);
      assert.deepEqual(await store.connections(), [connection('a'), connection('b')]);
      assert.deepEqual(await store.connectionByName('a'), connection('a'));
      assert.deepEqual(await store.connectionByTicket('ticket-b'), connection('b'));
      assert.equal(await store.connectionByName('A'), undefined);
      assert.equal(await store.connectionByTicket('ticket'), undefined);
      assert.equal(await store.connectionByName("' OR 1=1 --"), undefined);
    });

    check('refuses a second connection of a name and keeps the first', async (store) => {
      await store.addConnection(connection('a'), 'ticket');
      assert.equal(await store.addConnection({ ...connection('a'), id: 'other' }, 'other-ticket'), false);
      assert.deepEqual(await store.connections(), [connection('a')]);
      assert.equal(await store.connectionByTicket('other-ticket'), undefined);
    });

    check('knows only the newest ticket', async (store) => {
      await store.addConnection(connection('a'), 'old');
      assert.equal(await store.replaceTicket('id-a', 'new'), true);
      assert.equal(await store.connectionByTicket('old'), undefined);
      assert.deepEqual(await store.connectionByTicket('new'), connection('a'));
      assert.equal(await store.replaceTicket('nobody', 'x'), false);
    });

    check('removes a connection with all that belongs to it', async (store) => {
      await store.addConnection(connection('a'), 'ticket');
      await store.addCertificate('id-a', certificate('01'), 5);
      await store.addTryCode('code', 'id-a', new Date(AT.getTime() + 1000));
      assert.equal(await store.removeConnection('a'), true);
      assert.equal(await store.removeConnection('a'), false);
      assert.deepEqual(await store.certificates('id-a'), []);
      assert.equal(await store.connectionByTicket('ticket'), undefined);
      assert.equal(await store.takeTryCode('code', AT), undefined);
    });

    check('keeps certificates of each connection apart, up to a limit', async (store) => {
      await store.addConnection(connection('a'), 'ticket-a');
      await store.addConnection(connection('b'), 'ticket-b');
      assert.equal(await store.addCertificate('id-a', certificate('01'), 2), 'stored');
      assert.equal(await store.addCertificate('id-a', certificate('02', { agentVersion: undefined }), 2), 'stored');
      assert.equal(await store.addCertificate('id-a', certificate('03'), 2), 'full');
      assert.equal(await store.addCertificate('id-a', certificate('01'), 2), 'stored');
      assert.equal(await store.addCertificate('id-b', certificate('01'), 2), 'stored');
      assert.equal(await store.addCertificate('id-c', certificate('01'), 2), 'gone');
      assert.deepEqual(await store.certificates('id-a'), [certificate('01'), certificate('02', { agentVersion: undefined })]);
      assert.deepEqual(await store.certificates('id-b'), [certificate('01')]);
    });

    check('a certificate that one plain connector sent stays plain, and its version is the last one', async (store) => {
      await store.addConnection(connection('a'), 'ticket');
      await store.addCertificate('id-a', certificate('01', { readsJwks: false }), 5);
      await store.addCertificate('id-a', certificate('01', { readsJwks: true, agentVersion: '2.0.0' }), 5);
      assert.deepEqual(await store.certificates('id-a'), [certificate('01', { readsJwks: false, agentVersion: '2.0.0' })]);
    });

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

    check('gives a code once, and not after its time', async (store) => {
      await store.addConnection(connection('a'), 'ticket');
      await store.addTryCode('once', 'id-a', new Date(AT.getTime() + 1000));
      await store.addTryCode('late', 'id-a', AT);
      assert.equal(await store.takeTryCode('once', AT), 'id-a');
      assert.equal(await store.takeTryCode('once', AT), undefined);
      assert.equal(await store.takeTryCode('late', AT), undefined);
    });

    check('remembers the last public address', async (store) => {
      assert.equal(await store.publicUrl(), undefined);
      await store.setPublicUrl('http://a');
      await store.setPublicUrl('http://b');
      assert.equal(await store.publicUrl(), 'http://b');
    });
  });
}
