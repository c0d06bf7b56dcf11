/** What every store does with connections and their tickets. */
import assert from 'node:assert/strict';
import type { StoreCheck } from './conformance.ts';
import { AT, exampleCertificate, exampleConnection } from './examples.ts';

export function connectionConformance(check: StoreCheck): void {
  check('keeps connections and finds them by name and ticket', async (store) => {
    assert.equal(await store.addConnection(exampleConnection('b'), 'ticket-b'), true);
    assert.equal(await store.addConnection(exampleConnection('a'), 'ticket-a'), true);
    assert.deepEqual(await store.connections(), [exampleConnection('a'), exampleConnection('b')]);
    assert.deepEqual(await store.connectionByName('a'), exampleConnection('a'));
    assert.deepEqual(await store.connectionByTicket('ticket-b'), exampleConnection('b'));
    assert.equal(await store.connectionByName('A'), undefined);
    assert.equal(await store.connectionByTicket('ticket'), undefined);
    assert.equal(await store.connectionByName("' OR 1=1 --"), undefined);
  });

  check('rejects a second connection with the same name and keeps the first', async (store) => {
    await store.addConnection(exampleConnection('a'), 'ticket');
    assert.equal(await store.addConnection({ ...exampleConnection('a'), id: 'other' }, 'other-ticket'), false);
    assert.deepEqual(await store.connections(), [exampleConnection('a')]);
    assert.equal(await store.connectionByTicket('other-ticket'), undefined);
  });

  check('knows only the newest ticket', async (store) => {
    await store.addConnection(exampleConnection('a'), 'old');
    assert.equal(await store.replaceTicket('id-a', { hash: 'new', issuedAt: AT }), true);
    assert.equal(await store.connectionByTicket('old'), undefined);
    assert.deepEqual(await store.connectionByTicket('new'), exampleConnection('a'));
    assert.equal(await store.replaceTicket('id-a', undefined), true);
    assert.equal(await store.connectionByTicket('new'), undefined);
    assert.equal((await store.connectionById('id-a'))?.ticketIssuedAt, undefined);
    assert.equal(await store.replaceTicket('nobody', undefined), false);
  });

  check('removes a connection with everything that belongs to it', async (store) => {
    await store.addConnection(exampleConnection('a'), 'ticket');
    await store.addCertificate('id-a', exampleCertificate('01'), 5);
    await store.addTryCode('code', 'id-a', new Date(AT.getTime() + 1000));
    assert.equal(await store.removeConnection('a'), true);
    assert.equal(await store.removeConnection('a'), false);
    assert.deepEqual(await store.certificates('id-a'), []);
    assert.equal(await store.connectionByTicket('ticket'), undefined);
    assert.equal(await store.takeTryCode('code', AT), undefined);
  });

  check('disables and enables a connection and replaces its settings', async (store) => {
    const connection = exampleConnection('a');
    await store.addConnection(connection, 'ticket');
    const settings = { ...connection.settings, displayName: 'Fabrikam', ipRanges: ['10.0.0.0/8'], emailDomains: ['fabrikam.com'] };
    assert.equal(await store.updateConnection('id-a', { enabled: false, settings }), 'updated');
    assert.deepEqual(await store.connectionById('id-a'), { ...connection, enabled: false, settings });
    assert.equal(await store.updateConnection('nobody', { enabled: false, settings: connection.settings }), 'not_found');
  });

  check('assigns an e-mail domain to one connection only', async (store) => {
    const [a, b] = [exampleConnection('a'), exampleConnection('b')];
    await store.addConnection(a, 'ticket-a');
    await store.addConnection(b, 'ticket-b');
    const withDomains = (...emailDomains: string[]) => ({ enabled: true, settings: { ...a.settings, emailDomains } });
    assert.equal(await store.updateConnection('id-a', withDomains('one.example', 'two.example')), 'updated');
    assert.equal(await store.updateConnection('id-b', withDomains('three.example', 'two.example')), 'domain_taken');
    assert.deepEqual((await store.connectionById('id-b'))?.settings.emailDomains, []);
    assert.equal(await store.updateConnection('id-a', withDomains('two.example')), 'updated');
    assert.equal(await store.updateConnection('id-b', withDomains('one.example')), 'updated');
  });
}
