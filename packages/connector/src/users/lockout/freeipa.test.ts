/** FreeIPA's own count of wrong passwords, from an LDAP server that answers like its directory. */
import assert from 'node:assert/strict';
import { after, describe, it } from 'node:test';
import { entry, type LdapServer, result, startLdapServer } from '../../../test/ldap-server.ts';
import { login, request, type UsersOn, usersOn } from '../../../test/users-on.ts';

const SUFFIX = 'dc=ipa,dc=test';
const ANNA = `uid=anna,cn=users,cn=accounts,${SUFFIX}`;
const time = (agoMs: number) => `${new Date(Date.now() - agoMs).toISOString().slice(0, 19).replace(/[-:T]/g, '')}Z`;

describe('the reserve before a lockout in FreeIPA', () => {
  const open: (UsersOn | LdapServer)[] = [];
  after(async () => {
    for (const one of open.reverse()) await one.close();
  });

  async function signIn(user: Record<string, string[]>, policy: Record<string, string[]> = {}) {
    let binds = 0;
    const server = await startLdapServer(({ messageId, operation, bytes, socket }) => {
      const show = (dn: string, attributes: Record<string, string[]>) => socket.write(entry(messageId, dn, attributes));
      if (operation === 0x60) {
        if (bytes.includes(ANNA)) binds++;
        return void socket.write(result(messageId, 0x61, bytes.includes(ANNA) ? 49 : 0));
      }
      if (operation !== 0x63) return;
      if (bytes.includes('\x04\x01*\x04\x01+')) show('', { vendorName: ['389 Project'], ipaDomainLevel: ['1'], namingContexts: [SUFFIX] });
      else if (bytes.includes('global_policy') || bytes.includes('cn=strict'))
        show(`cn=global_policy,cn=IPA.TEST,cn=kerberos,${SUFFIX}`, {
          krbPwdMaxFailure: ['6'],
          krbPwdFailureCountInterval: ['60'],
          ...policy,
        });
      else if (bytes.includes('krbLoginFailedCount')) show(ANNA, { uid: ['anna'], objectClass: ['person'], ipaUniqueID: ['x'], ...user });
      socket.write(result(messageId, 0x65));
    });
    open.push(server);
    const made = usersOn({ url: server.url, serviceAccount: { dn: 'cn=svc', password: 'svc' } });
    open.push(made);
    const answer = await made.users.authenticate(login('anna', 'wrong'), request());
    return { code: 'failure' in answer ? answer.failure.code : 'ok', binds };
  }

  it('does not try a password if only the reserve is left', async () => {
    const held = await signIn({ krbLoginFailedCount: ['4'], krbLastFailedAuth: [time(5000)] });
    assert.deepEqual(held, { code: 'too_many_attempts', binds: 0 });
  });

  it('tries the password while more attempts are left, after the count has expired, and if the policy never locks', async () => {
    const tried = { code: 'invalid_credentials', binds: 1 };
    assert.deepEqual(await signIn({ krbLoginFailedCount: ['3'], krbLastFailedAuth: [time(5000)] }), tried);
    assert.deepEqual(await signIn({ krbLoginFailedCount: ['4'], krbLastFailedAuth: [time(80_000)] }), tried);
    assert.deepEqual(await signIn({ krbLoginFailedCount: ['4'], krbLastFailedAuth: [time(5000)] }, { krbPwdMaxFailure: ['0'] }), tried);
  });

  it('does not try a password for an absurdly high count either', async () => {
    const held = await signIn({ krbLoginFailedCount: ['99999999999'], krbLastFailedAuth: [time(5000)] }, { krbPwdLockoutDuration: ['1'] });
    assert.deepEqual(held, { code: 'too_many_attempts', binds: 0 });
  });

  it('asks the directory about a locked account', async () => {
    const locked = await signIn({ krbLoginFailedCount: ['6'], krbLastFailedAuth: [time(5000)] }, { krbPwdLockoutDuration: ['600'] });
    assert.equal(locked.binds, 1);
  });

  it('follows the policy that the user’s entry names', async () => {
    const user = {
      krbLoginFailedCount: ['4'],
      krbLastFailedAuth: [time(5000)],
      krbPwdPolicyReference: [`cn=strict,cn=IPA.TEST,cn=kerberos,${SUFFIX}`],
    };
    assert.equal((await signIn(user, { krbPwdMaxFailure: ['5'] })).binds, 0);
    assert.equal((await signIn(user, { krbPwdMaxFailure: ['9'] })).binds, 1);
  });
});
