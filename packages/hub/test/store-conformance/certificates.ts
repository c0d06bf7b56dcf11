/** What every store does with registered certificates. */
import assert from 'node:assert/strict';
import type { StoreCheck } from './conformance.ts';
import { AT, exampleCertificate, exampleConnection, exampleTicket } from './examples.ts';

export function certificateConformance(check: StoreCheck): void {
  check('keeps certificates per connection, up to a limit', async (store) => {
    await store.addConnection(exampleConnection('a'));
    await store.addConnection(exampleConnection('b'));
    assert.equal(await store.addCertificate('id-a', exampleCertificate('01'), 2), 'approved');
    assert.equal(await store.addCertificate('id-a', exampleCertificate('02', { agentVersion: undefined }), 2), 'approved');
    assert.equal(await store.addCertificate('id-a', exampleCertificate('03'), 2), 'full');
    assert.equal(await store.addCertificate('id-a', exampleCertificate('01'), 2), 'approved');
    assert.equal(await store.addCertificate('id-b', exampleCertificate('01'), 2), 'approved');
    assert.equal(await store.addCertificate('id-c', exampleCertificate('01'), 2), 'not_found');
    assert.deepEqual(await store.certificates('id-a'), [exampleCertificate('01'), exampleCertificate('02', { agentVersion: undefined })]);
    assert.deepEqual(await store.certificates('id-b'), [exampleCertificate('01')]);
  });

  check('a connection at its limit forgets pending keys, then keys that are not seen any more', async (store) => {
    await store.addConnection(exampleConnection('a'));
    const [old, recent] = [new Date(1000), new Date(9000)];
    await store.addCertificate('id-a', exampleCertificate('01', { registeredAt: old }), 3);
    await store.addCertificate('id-a', exampleCertificate('02', { registeredAt: old, state: 'pending' }), 3);
    await store.addCertificate('id-a', exampleCertificate('03', { registeredAt: recent, state: 'pending' }), 3);
    const forgettable = { pendingBefore: new Date(5000), unseenSince: new Date(5000) };
    const add = (thumbprint: string) =>
      store.addCertificate('id-a', exampleCertificate(thumbprint, { registeredAt: recent }), 3, undefined, forgettable);
    assert.equal(await add('04'), 'approved');
    assert.equal(await add('05'), 'approved');
    assert.equal(await add('06'), 'full');
    assert.deepEqual(
      (await store.certificates('id-a')).map(({ thumbprint }) => thumbprint),
      ['03', '04', '05'],
    );
  });

  check('a key whose connector was seen lately is not forgotten', async (store) => {
    await store.addConnection(exampleConnection('a'));
    await store.addCertificate('id-a', exampleCertificate('01', { registeredAt: new Date(1000) }), 1);
    const facts = { identity: 'told:one', hostName: undefined, version: undefined, remoteAddress: '203.0.113.5' };
    await store.seeInstance({ id: 'one', connectionId: 'id-a', thumbprint: '01', ...facts, at: new Date(9000) }, 5);
    const forgettable = { pendingBefore: new Date(5000), unseenSince: new Date(5000) };
    assert.equal(await store.addCertificate('id-a', exampleCertificate('02'), 1, undefined, forgettable), 'full');
  });

  check('a certificate that a connector without JWKS support sent stays without it, and its version is the latest', async (store) => {
    await store.addConnection(exampleConnection('a'));
    await store.addCertificate('id-a', exampleCertificate('01', { readsJwks: false }), 5);
    await store.updateCertificate('id-a', '01', { readsJwks: true, agentVersion: '2.0.0' });
    assert.deepEqual(await store.certificates('id-a'), [exampleCertificate('01', { readsJwks: false, agentVersion: '2.0.0' })]);
  });

  check('a repeated registration changes nothing, and an update what it names', async (store) => {
    await store.addConnection(exampleConnection('a'));
    const first = exampleCertificate('01', { state: 'pending', signingKid: 'old' });
    await store.addCertificate('id-a', first, 5);
    const again = exampleCertificate('01', { hostName: undefined, signingKid: 'new', signInEndpoint: 'https://dc1/wsfed' });
    assert.equal(await store.addCertificate('id-a', again, 5), 'pending');
    assert.deepEqual(await store.certificates('id-a'), [first]);
    const changes = { signingKid: 'new', hostName: undefined, requestedEndpoint: 'https://dc2/wsfed', requestedAt: AT };
    await store.updateCertificate('id-a', '01', changes);
    assert.deepEqual(await store.certificates('id-a'), [{ ...first, ...changes }]);
    assert.equal(await store.setCertificateState('id-a', '01', 'approved'), true);
    assert.deepEqual(await store.certificates('id-a'), [{ ...first, ...changes, state: 'approved' }]);
    assert.equal(await store.setCertificateState('id-a', '02', 'approved'), false);
    assert.equal(await store.setCertificateState('id-b', '01', 'approved'), false);
  });

  check('a ticket approves one pending certificate, if it was issued late enough', async (store) => {
    await store.addConnection(exampleConnection('a'));
    for (const hash of ['1', '2']) await store.addTicket(exampleTicket(hash));
    const pending = (thumbprint: string) => exampleCertificate(thumbprint, { state: 'pending' });
    const before = new Date(AT.getTime() - 1);
    const add = (thumbprint: string, hash: string, issuedAfter = before) =>
      store.addCertificate('id-a', pending(thumbprint), 5, { hash, issuedAfter });
    assert.equal(await add('01', '1', AT), 'pending');
    assert.equal(await add('02', '1'), 'approved');
    assert.equal(await add('03', '1'), 'pending');
    assert.equal(await add('03', 'unknown'), 'pending');
    // An approved certificate uses up no ticket.
    assert.equal(await add('02', '2'), 'approved');
    assert.equal(await add('01', '2'), 'approved');
    assert.equal(await add('03', '2'), 'pending');
    assert.deepEqual(
      (await store.certificates('id-a')).map(({ state }) => state),
      ['approved', 'approved', 'pending'],
    );
    assert.ok((await store.ticketByHash('1'))?.usedAt);
  });

  check('a revoked certificate stays revoked and does not count towards the limit', async (store) => {
    await store.addConnection(exampleConnection('a'));
    await store.addCertificate('id-a', exampleCertificate('01'), 1);
    await store.setCertificateState('id-a', '01', 'revoked');
    await store.updateCertificate('id-a', '01', { agentVersion: '9.9.9' });
    assert.equal(await store.addCertificate('id-a', exampleCertificate('01', { agentVersion: '9.9.9' }), 1), 'revoked');
    assert.equal(await store.addCertificate('id-a', exampleCertificate('02'), 1), 'approved');
    assert.equal(await store.addCertificate('id-a', exampleCertificate('01'), 1), 'revoked');
    assert.deepEqual(await store.certificates('id-a'), [exampleCertificate('01', { state: 'revoked' }), exampleCertificate('02')]);
  });
}
