/** What every store does with connections and their tickets. */
import assert from 'node:assert/strict';
import type { StoreCheck } from './conformance.ts';
import { AT, exampleCertificate, exampleConnection, exampleTicket } from './examples.ts';

export function connectionConformance(check: StoreCheck): void {
  check('keeps connections and finds them by name', async (store) => {
    assert.equal(await store.addConnection(exampleConnection('b')), true);
    assert.equal(await store.addConnection(exampleConnection('a')), true);
    assert.deepEqual(await store.connections(), [exampleConnection('a'), exampleConnection('b')]);
    assert.deepEqual(await store.connectionByName('a'), exampleConnection('a'));
    assert.equal(await store.connectionByName('A'), undefined);
    assert.equal(await store.connectionByName("' OR 1=1 --"), undefined);
  });

  check('rejects a second connection with the same name and keeps the first', async (store) => {
    await store.addConnection(exampleConnection('a'));
    assert.equal(await store.addConnection({ ...exampleConnection('a'), id: 'other' }), false);
    assert.deepEqual(await store.connections(), [exampleConnection('a')]);
  });

  check('keeps the tickets of a connection until all are removed, the newest first', async (store) => {
    await store.addConnection(exampleConnection('a'));
    const [first, second] = [exampleTicket('1'), exampleTicket('2', { issuedAt: new Date(AT.getTime() + 1) })];
    assert.equal(await store.addTicket(first), true);
    assert.equal(await store.addTicket(second), true);
    assert.equal(await store.addTicket(exampleTicket('3', { connectionId: 'nobody' })), false);
    assert.deepEqual(await store.tickets('id-a'), [second, first]);
    assert.deepEqual(await store.ticketByHash('1'), first);
    assert.equal(await store.removeTickets('id-a'), true);
    assert.equal(await store.ticketByHash('1'), undefined);
    assert.equal(await store.removeTickets('nobody'), false);
  });

  check('removes a connection with everything that belongs to it', async (store) => {
    await store.addConnection(exampleConnection('a'));
    await store.addCertificate('id-a', exampleCertificate('01'), 5);
    await store.addTicket(exampleTicket('1'));
    await store.addTryCode('code', 'id-a', new Date(AT.getTime() + 1000));
    assert.equal(await store.removeConnection('a'), true);
    assert.equal(await store.removeConnection('a'), false);
    assert.deepEqual(await store.certificates('id-a'), []);
    assert.equal(await store.ticketByHash('1'), undefined);
    assert.equal(await store.takeTryCode('code', AT), undefined);
  });

  check('disables and enables a connection and replaces its settings', async (store) => {
    const connection = exampleConnection('a');
    await store.addConnection(connection);
    const settings = { ...connection.settings, displayName: 'Fabrikam', ipRanges: ['10.0.0.0/8'], emailDomains: ['fabrikam.com'] };
    assert.equal(await store.updateConnection('id-a', { enabled: false, settings }), 'updated');
    assert.deepEqual(await store.connectionById('id-a'), { ...connection, enabled: false, settings });
    assert.equal(await store.updateConnection('nobody', { enabled: false, settings: connection.settings }), 'not_found');
  });

  check('assigns an e-mail domain to one connection only', async (store) => {
    const [a, b] = [exampleConnection('a'), exampleConnection('b')];
    await store.addConnection(a);
    await store.addConnection(b);
    const withDomains = (...emailDomains: string[]) => ({ enabled: true, settings: { ...a.settings, emailDomains } });
    assert.equal(await store.updateConnection('id-a', withDomains('one.example', 'two.example')), 'updated');
    assert.equal(await store.updateConnection('id-b', withDomains('three.example', 'two.example')), 'domain_taken');
    assert.deepEqual((await store.connectionById('id-b'))?.settings.emailDomains, []);
    assert.equal(await store.updateConnection('id-a', withDomains('two.example')), 'updated');
    assert.equal(await store.updateConnection('id-b', withDomains('one.example')), 'updated');
  });
}
