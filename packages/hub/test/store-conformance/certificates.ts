/** What every store does with registered certificates. */
import assert from 'node:assert/strict';
import type { StoreCheck } from './conformance.ts';
import { AT, exampleCertificate, exampleConnection } from './examples.ts';

export function certificateConformance(check: StoreCheck): void {
  check('keeps certificates per connection, up to a limit', async (store) => {
    await store.addConnection(exampleConnection('a'), 'ticket-a');
    await store.addConnection(exampleConnection('b'), 'ticket-b');
    assert.equal(await store.addCertificate('id-a', exampleCertificate('01'), 2), 'stored');
    assert.equal(await store.addCertificate('id-a', exampleCertificate('02', { agentVersion: undefined }), 2), 'stored');
    assert.equal(await store.addCertificate('id-a', exampleCertificate('03'), 2), 'full');
    assert.equal(await store.addCertificate('id-a', exampleCertificate('01'), 2), 'stored');
    assert.equal(await store.addCertificate('id-b', exampleCertificate('01'), 2), 'stored');
    assert.equal(await store.addCertificate('id-c', exampleCertificate('01'), 2), 'not_found');
    assert.deepEqual(await store.certificates('id-a'), [exampleCertificate('01'), exampleCertificate('02', { agentVersion: undefined })]);
    assert.deepEqual(await store.certificates('id-b'), [exampleCertificate('01')]);
  });

  check('a certificate that a connector without JWKS support sent stays without it, and its version is the latest', async (store) => {
    await store.addConnection(exampleConnection('a'), 'ticket');
    await store.addCertificate('id-a', exampleCertificate('01', { readsJwks: false }), 5);
    await store.addCertificate('id-a', exampleCertificate('01', { readsJwks: true, agentVersion: '2.0.0' }), 5);
    assert.deepEqual(await store.certificates('id-a'), [exampleCertificate('01', { readsJwks: false, agentVersion: '2.0.0' })]);
  });

  check('a repeated registration updates host, endpoint and signing key, but never the state', async (store) => {
    await store.addConnection(exampleConnection('a'), 'ticket');
    await store.addCertificate('id-a', exampleCertificate('01', { state: 'pending', signingKid: 'old' }), 5);
    const again = exampleCertificate('01', {
      hostName: undefined,
      signingKid: 'new',
      signInEndpoint: 'https://dc1/wsfed',
      registeredAt: new Date(AT.getTime() + 1),
    });
    assert.equal(await store.addCertificate('id-a', again, 5), 'stored');
    const kept = exampleCertificate('01', {
      hostName: undefined,
      signingKid: 'new',
      signInEndpoint: again.signInEndpoint,
      state: 'pending',
    });
    assert.deepEqual(await store.certificates('id-a'), [kept]);
    assert.equal(await store.setCertificateState('id-a', '01', 'approved'), true);
    assert.deepEqual(await store.certificates('id-a'), [{ ...kept, state: 'approved' }]);
    assert.equal(await store.setCertificateState('id-a', '02', 'approved'), false);
    assert.equal(await store.setCertificateState('id-b', '01', 'approved'), false);
  });

  check('a revoked certificate stays revoked and does not count towards the limit', async (store) => {
    await store.addConnection(exampleConnection('a'), 'ticket');
    await store.addCertificate('id-a', exampleCertificate('01'), 1);
    await store.setCertificateState('id-a', '01', 'revoked');
    assert.equal(await store.addCertificate('id-a', exampleCertificate('01', { agentVersion: '9.9.9' }), 1), 'revoked');
    assert.equal(await store.addCertificate('id-a', exampleCertificate('02'), 1), 'stored');
    assert.equal(await store.addCertificate('id-a', exampleCertificate('01'), 1), 'revoked');
    assert.deepEqual(await store.certificates('id-a'), [exampleCertificate('01', { state: 'revoked' }), exampleCertificate('02')]);
  });
}
