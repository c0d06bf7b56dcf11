/** What every store does for administrators. */
import assert from 'node:assert/strict';
import type { AdministratorSession, Passkey } from '../../src/store/administrators.ts';
import { exampleAdministrator } from '../administrators-for-test.ts';
import type { StoreCheck } from './conformance.ts';
import { AT } from './examples.ts';

const after = (ms: number) => new Date(AT.getTime() + ms);

const exampleSession = (id: string, changes: Partial<AdministratorSession> = {}): AdministratorSession => ({
  id,
  administratorId: 'id-anna',
  stage: 'full',
  formToken: 'token',
  remoteAddress: '192.0.2.1',
  browser: undefined,
  authenticatedAt: AT,
  createdAt: AT,
  lastSeenAt: AT,
  ...changes,
});

const examplePasskey: Passkey = {
  id: 'credential',
  administratorId: 'id-anna',
  name: 'Laptop',
  publicKey: Uint8Array.of(0, 1, 255),
  counter: 0,
  createdAt: AT,
  lastUsedAt: undefined,
};

export function administratorConformance(check: StoreCheck): void {
  check('keeps administrators under names that are unique regardless of case, and changes single fields', async (store) => {
    const anna = exampleAdministrator('anna');
    assert.equal(await store.addAdministrator(anna), true);
    assert.equal(await store.addAdministrator(exampleAdministrator('Anna', { id: 'other' })), false);
    assert.deepEqual(await store.administratorByName('ANNA'), anna);
    const changes = { passwordHash: 'p', totpSecret: 't', lastSignInAt: after(1) };
    assert.equal(await store.changeAdministrator(anna.id, changes), true);
    assert.deepEqual(await store.administratorById(anna.id), { ...anna, ...changes });
    assert.equal(await store.changeAdministrator(anna.id, { totpSecret: undefined }), true);
    assert.deepEqual(await store.administrators(), [{ ...anna, ...changes, totpSecret: undefined }]);
    assert.equal(await store.changeAdministrator('nobody', changes), false);
  });

  check('neither removes nor demotes the last owner who can sign in without a provider', async (store) => {
    const ready = { passwordHash: 'p', totpSecret: 't' };
    await store.addAdministrator(exampleAdministrator('anna', ready));
    await store.addAdministrator(exampleAdministrator('invited', { totpSecret: 't' }));
    await store.addAdministrator(exampleAdministrator('bound', { issuer: 'https://login.example', subject: '1' }));
    await store.addAdministrator(exampleAdministrator('operator', { ...ready, role: 'operator' }));
    assert.equal(await store.changeRole('id-anna', 'read-only'), false);
    assert.equal(await store.removeAdministrator('id-anna'), false);
    assert.equal(await store.changeRole('id-anna', 'owner'), true);
    assert.equal((await store.administratorById('id-anna'))?.role, 'owner');

    await store.addAdministrator(exampleAdministrator('ben', { passwordHash: 'p' }));
    await store.addPasskey({ ...examplePasskey, administratorId: 'id-ben' });
    assert.equal(await store.changeRole('id-anna', 'read-only'), true);
    assert.equal((await store.administratorById('id-anna'))?.role, 'read-only');
    assert.equal(await store.removeAdministrator('id-ben'), false);
    for (const name of ['anna', 'invited', 'bound', 'operator']) assert.equal(await store.removeAdministrator(`id-${name}`), true);
  });

  check('binds each identity of a provider to one administrator', async (store) => {
    const identity = { issuer: 'https://login.example', subject: '1' };
    await store.addAdministrator(exampleAdministrator('anna'));
    await store.addAdministrator(exampleAdministrator('ben'));
    assert.equal(await store.bindIdentity('id-anna', identity), true);
    assert.equal(await store.bindIdentity('id-ben', identity), false);
    assert.equal(await store.addAdministrator(exampleAdministrator('carl', identity)), false);
    assert.equal((await store.administratorByIdentity(identity))?.name, 'anna');
    assert.equal(await store.administratorByIdentity({ ...identity, issuer: 'https://other.example' }), undefined);
    assert.equal(await store.bindIdentity('id-anna', undefined), true);
    assert.equal(await store.administratorByIdentity(identity), undefined);
    assert.equal(await store.bindIdentity('id-ben', identity), true);
  });

  check('keeps one invitation per administrator until it expires', async (store) => {
    await store.addAdministrator(exampleAdministrator('anna'));
    await store.putInvitation('id-anna', 'first', after(10));
    await store.putInvitation('id-anna', 'second', after(10));
    assert.equal(await store.invitationOwner('first', AT), undefined);
    assert.equal(await store.invitationOwner('second', AT), 'id-anna');
    assert.equal(await store.invitationOwner('second', after(10)), undefined);
    await store.removeInvitation('id-anna');
    assert.equal(await store.invitationOwner('second', AT), undefined);
  });

  check('accepts each time step and each recovery code once, and starts over with a new secret', async (store) => {
    await store.addAdministrator(exampleAdministrator('anna', { totpSecret: 't' }));
    assert.equal(await store.useTotpStep('id-anna', 7), true);
    assert.equal(await store.useTotpStep('id-anna', 7), false);
    assert.equal(await store.useTotpStep('id-anna', 6), false);
    assert.equal(await store.useTotpStep('id-anna', 8), true);
    await store.changeAdministrator('id-anna', { totpSecret: 'other' });
    assert.equal(await store.useTotpStep('id-anna', 7), true);

    await store.replaceRecoveryCodes('id-anna', ['old']);
    await store.replaceRecoveryCodes('id-anna', ['a', 'b']);
    assert.equal(await store.takeRecoveryCode('id-anna', 'old'), false);
    assert.equal(await store.takeRecoveryCode('id-other', 'a'), false);
    assert.equal(await store.takeRecoveryCode('id-anna', 'a'), true);
    assert.equal(await store.takeRecoveryCode('id-anna', 'a'), false);
    assert.equal(await store.countRecoveryCodes('id-anna'), 1);
  });

  check('keeps each passkey for one administrator', async (store) => {
    await store.addAdministrator(exampleAdministrator('anna'));
    await store.addAdministrator(exampleAdministrator('ben'));
    assert.equal(await store.addPasskey(examplePasskey), true);
    assert.equal(await store.addPasskey({ ...examplePasskey, administratorId: 'id-ben' }), false);
    assert.deepEqual(await store.passkeys('id-anna'), [examplePasskey]);
    await store.usePasskey('credential', 5, after(1));
    assert.deepEqual(await store.passkey('credential'), { ...examplePasskey, counter: 5, lastUsedAt: after(1) });
    assert.equal(await store.removePasskey('id-ben', 'credential'), false);
    assert.equal(await store.removePasskey('id-anna', 'credential'), true);
    assert.equal(await store.passkey('credential'), undefined);
  });

  check('keeps sessions by hash, and ends one, all others, expired ones and those of a removed administrator', async (store) => {
    await store.addAdministrator(exampleAdministrator('anna'));
    await store.addAdministrator(exampleAdministrator('ben'));
    const [one, two, three] = [
      exampleSession('1'),
      exampleSession('2', { createdAt: after(1), lastSeenAt: after(1) }),
      exampleSession('3'),
    ];
    for (const session of [one, two, three]) await store.addSession(`hash-${session.id}`, session);
    await store.addSession('hash-ben', exampleSession('ben', { administratorId: 'id-ben', stage: 'password' }));
    assert.deepEqual(await store.sessions('id-anna'), [two, one, three]);
    assert.deepEqual(await store.sessionByHash('hash-1'), one);
    await store.touchSession('1', after(5));
    assert.deepEqual((await store.sessionByHash('hash-1'))?.lastSeenAt, after(5));
    await store.confirmSession('1', after(6));
    assert.deepEqual((await store.sessionByHash('hash-1'))?.authenticatedAt, after(6));
    assert.equal(await store.removeSession('id-ben', '3'), false);
    assert.equal(await store.removeSession('id-anna', '3'), true);
    await store.removeOldSessions(AT, after(1));
    assert.deepEqual(
      (await store.sessions('id-anna')).map(({ id }) => id),
      ['2', '1'],
    );
    assert.equal(await store.sessionByHash('hash-ben'), undefined);
    await store.removeSessions('id-anna', '2');
    assert.equal(await store.sessionByHash('hash-1'), undefined);
    assert.equal(await store.removeAdministrator('id-anna'), true);
    assert.equal(await store.sessionByHash('hash-2'), undefined);
  });
}
