/** What every store does with registered certificates. */
import assert from 'node:assert/strict';
import type { RegisteredCertificate } from '../certificates.ts';
import type { Check } from './conformance.ts';
import { AT, exampleConnection } from './connections.ts';

export function exampleCertificate(thumbprint: string, changes: Partial<RegisteredCertificate> = {}): RegisteredCertificate {
  return { thumbprint, pem: `pem-${thumbprint}`, readsJwks: true, agentVersion: '1.0.0', registeredAt: AT, ...changes };
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
}
