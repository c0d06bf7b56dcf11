/** What every store does with connector instances. */
import assert from 'node:assert/strict';
import type { SeenInstance, StoredInstance } from '../../src/store/instances.ts';
import type { Store } from '../../src/store/store.ts';
import type { StoreCheck } from './conformance.ts';
import { AT, exampleCertificate, exampleConnection } from './examples.ts';

const LIMIT = 3;

function seen(id: string, changes: Partial<SeenInstance> = {}): SeenInstance {
  const facts = { hostName: 'dc1', version: '1.0.0', remoteAddress: '203.0.113.5', at: AT };
  return { id, connectionId: 'id-a', thumbprint: '01', identity: `told:${id}`, ...facts, ...changes };
}

function stored(id: string, changes: Partial<StoredInstance> = {}): StoredInstance {
  const { at, ...facts } = seen(id);
  return { ...facts, firstSeenAt: at, lastSeenAt: at, drained: false, revoked: false, label: '', ...changes };
}

async function withConnection(store: Store): Promise<void> {
  await store.addConnection(exampleConnection('a'));
  await store.addCertificate('id-a', exampleCertificate('01'), 5);
  await store.addCertificate('id-a', exampleCertificate('02'), 5);
}

const at = (ms: number) => new Date(AT.getTime() + ms);

export function instanceConformance(check: StoreCheck): void {
  check('counts known, expected and waiting connectors of each connection', async (store) => {
    await withConnection(store);
    await store.addConnection(exampleConnection('b'));
    await store.addCertificate('id-b', exampleCertificate('03', { state: 'pending', requestedEndpoint: 'https://x' }), 5);
    for (const id of ['i1', 'i2', 'i3']) await store.seeInstance(seen(id, { at: at(10) }), LIMIT);
    // One connector without an ID, whose address has changed.
    for (const address of ['192.0.2.1', '192.0.2.2'])
      await store.seeInstance(seen(`at-${address}`, { thumbprint: '02', identity: `address ${address}`, at: at(10) }), LIMIT);
    await store.setInstance('id-a', 'i2', { drained: true });
    const counts = await store.connectionCounts(at(10));
    assert.deepEqual(counts.get('id-a'), { instances: 5, expected: 3, pendingKeys: 0, addressRequests: 0 });
    assert.deepEqual(counts.get('id-b'), { instances: 0, expected: 0, pendingKeys: 1, addressRequests: 1 });
    assert.equal((await store.connectionCounts(at(11))).get('id-a')?.expected, 0);
    await store.setInstance('id-a', 'i3', { revoked: true });
    assert.deepEqual((await store.connectionCounts(at(10))).get('id-a'), { instances: 4, expected: 2, pendingKeys: 0, addressRequests: 0 });
  });

  check('recognizes an instance by certificate and identity together', async (store) => {
    await withConnection(store);
    assert.deepEqual(await store.seeInstance(seen('i1'), LIMIT), stored('i1'));
    const moved = { hostName: undefined, version: '2.0.0', remoteAddress: '203.0.113.9' };
    const again = await store.seeInstance(seen('i2', { identity: 'told:i1', ...moved, at: at(5) }), LIMIT);
    assert.deepEqual(again, stored('i1', { ...moved, lastSeenAt: at(5) }));
    const sameClaim = seen('i3', { identity: 'told:i1', thumbprint: '02' });
    assert.deepEqual(await store.seeInstance(sameClaim, LIMIT), stored('i3', { thumbprint: '02', identity: 'told:i1' }));
    assert.deepEqual(
      (await store.instances('id-a')).map(({ id }) => id),
      ['i1', 'i3'],
    );
    assert.equal(await store.seeInstance(seen('i4', { thumbprint: '03' }), LIMIT), undefined);
    assert.deepEqual(await store.instances('id-b'), []);
  });

  check('lists the addresses of instances that are accepted and were seen lately', async (store) => {
    await withConnection(store);
    await store.seeInstance(seen('i1', { remoteAddress: '203.0.113.1' }), LIMIT);
    await store.seeInstance(seen('i2', { remoteAddress: '203.0.113.2' }), LIMIT);
    await store.seeInstance(seen('i3', { remoteAddress: '203.0.113.2', thumbprint: '02', at: at(10) }), LIMIT);
    assert.deepEqual((await store.acceptedAddresses(AT)).sort(), ['203.0.113.1', '203.0.113.2']);
    assert.deepEqual(await store.acceptedAddresses(at(1)), ['203.0.113.2']);
    await store.setInstance('id-a', 'i1', { revoked: true });
    await store.setCertificateState('id-a', '02', 'revoked');
    await store.setInstance('id-a', 'i2', { revoked: true });
    assert.deepEqual(await store.acceptedAddresses(AT), []);
  });

  check('drops the instance of a certificate that was seen longest ago, but never a decision about it', async (store) => {
    await withConnection(store);
    for (const [n, id] of ['i1', 'i2', 'i3'].entries()) await store.seeInstance(seen(id, { at: at(n) }), LIMIT);
    await store.seeInstance(seen('other', { thumbprint: '02', at: at(-10) }), LIMIT);
    await store.setInstance('id-a', 'i1', { revoked: true });
    await store.touchInstances(['i2'], at(50));
    assert.equal((await store.seeInstance(seen('i4', { at: at(60) }), LIMIT))?.id, 'i4');
    assert.deepEqual(
      (await store.instances('id-a')).map(({ id }) => id),
      ['other', 'i1', 'i2', 'i4'],
    );
    await store.setInstance('id-a', 'i2', { drained: true });
    await store.setInstance('id-a', 'i4', { revoked: true });
    assert.equal(await store.seeInstance(seen('i5'), LIMIT), undefined);
  });

  check('keeps the state of each instance', async (store) => {
    await withConnection(store);
    for (const id of ['i1', 'i2']) await store.seeInstance(seen(id), LIMIT);
    await store.seeInstance(seen('i3', { thumbprint: '02' }), LIMIT);
    assert.equal(await store.setInstance('id-a', 'i1', { drained: true }), true);
    assert.equal(await store.setInstance('id-a', 'i2', { revoked: true }), true);
    assert.equal(await store.setInstance('id-b', 'i2', { revoked: false }), false);
    await store.setCertificateState('id-a', '02', 'revoked');
    await store.seeInstance(seen('i4'), LIMIT);
    assert.deepEqual(
      await store.exceptionalInstances(['i1', 'i2', 'i3', 'i4', 'i5']),
      new Map([
        ['i1', 'drained'],
        ['i2', 'refused'],
        ['i3', 'refused'],
        ['i5', 'not_found'],
      ]),
    );
    assert.deepEqual(await store.exceptionalInstances([]), new Map());
    assert.deepEqual((await store.instances('id-a'))[0], stored('i1', { drained: true }));
    await store.setInstance('id-a', 'i1', { drained: false });
    assert.deepEqual((await store.instances('id-a'))[0], stored('i1'));
    await store.removeConnection('a');
    assert.deepEqual(await store.exceptionalInstances(['i4']), new Map([['i4', 'not_found']]));
  });
}
