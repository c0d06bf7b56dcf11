/** What every store does with registered certificates. */
import assert from 'node:assert/strict';
import type { RegisteredCertificate } from '../certificates.ts';
import type { Check } from './conformance.ts';
import { AT, exampleConnection } from './connections.ts';

// A function: this file and connections.ts import each other.
const newlyRegistered = () =>
  ({ hostName: 'dc1', registeredAt: AT, state: 'approved', signingKid: undefined, signInEndpoint: undefined }) as const;

export function exampleCertificate(thumbprint: string, changes: Partial<RegisteredCertificate> = {}): RegisteredCertificate {
  return { thumbprint, pem: `pem-${thumbprint}`, readsJwks: true, agentVersion: '1.0.0', ...newlyRegistered(), ...changes };
}

export function certificateConformance(check: Check): void {
  check('keeps certificates of each connection apart, up to a limit', async (store) => {
    await store.addConnection(exampleConnection('a'), 'ticket-a');
    await store.addConnection(exampleConnection('b'), 'ticket-b');
    assert.equal(await store.addCertificate('id-a', exampleCertificate('01'), 2), 'stored');
    assert.equal(await store.addCertificate('id-a', exampleCertificate('02', { agentVersion: undefined }), 2), 'stored');
    assert.equal(await store.addCertificate('id-a', exampleCertificate('03'), 2), 'full');
    assert.equal(await store.addCertificate('id-a', exampleCertificate('01'), 2), 'stored');
    assert.equal(await store.addCertificate('id-b', exampleCertificate('01'), 2), 'stored');
    assert.equal(await store.addCertificate('id-c', exampleCertificate('01'), 2), 'gone');
    assert.deepEqual(await store.certificates('id-a'), [exampleCertificate('01'), exampleCertificate('02', { agentVersion: undefined })]);
    assert.deepEqual(await store.certificates('id-b'), [exampleCertificate('01')]);
  });

  check('a certificate that one plain connector sent stays plain, and its version is the last one', async (store) => {
    await store.addConnection(exampleConnection('a'), 'ticket');
    await store.addCertificate('id-a', exampleCertificate('01', { readsJwks: false }), 5);
    await store.addCertificate('id-a', exampleCertificate('01', { readsJwks: true, agentVersion: '2.0.0' }), 5);
    assert.deepEqual(await store.certificates('id-a'), [exampleCertificate('01', { readsJwks: false, agentVersion: '2.0.0' })]);
  });

  check('a registration again brings host, endpoint and signing key up to date and never the state', async (store) => {
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

  check('a revoked certificate stays revoked, and leaves its place to another', async (store) => {
    await store.addConnection(exampleConnection('a'), 'ticket');
    await store.addCertificate('id-a', exampleCertificate('01'), 1);
    await store.setCertificateState('id-a', '01', 'revoked');
    assert.equal(await store.addCertificate('id-a', exampleCertificate('01', { agentVersion: '9.9.9' }), 1), 'revoked');
    assert.equal(await store.addCertificate('id-a', exampleCertificate('02'), 1), 'stored');
    assert.equal(await store.addCertificate('id-a', exampleCertificate('01'), 1), 'revoked');
    assert.deepEqual(await store.certificates('id-a'), [exampleCertificate('01', { state: 'revoked' }), exampleCertificate('02')]);
  });
}
