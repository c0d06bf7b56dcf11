/** Sign-ins without a bind on a real Active Directory: which states of an account are refused, and which users a value finds. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type { SambaDomainController, SambaUserName } from '@landbridge/lab';
import { errorOf, request, type UsersOn, usersOn } from '../../../../test/users-on.ts';
import { parseFilter, withValue } from '../../../ldap/filter.ts';

const ECHO = 'module.exports = function (raw) { return { id: raw.dn, ldapStatus: raw.ldapStatus, keys: Object.keys(raw) }; };';

export function registerVerifiedUserTests(dc: () => SambaDomainController): void {
  let made: UsersOn;
  before(() => {
    made = usersOn(
      { url: dc().ldapsUrl, ca: dc().caPem, serviceAccount: dc().serviceAccount },
      { LDAP_USER_ATTRIBUTES: ['sAMAccountName'] },
      ECHO,
    );
  });
  after(() => made?.close());
  const signIn = (name: string) => made.users.signInVerified({ name }, request());
  const by = (attribute: string, value: string) =>
    made.users.signInVerified({ name: 'anybody', filter: withValue(parseFilter(`(${attribute}={0})`), value) }, request());

  it('are refused if the account is disabled, locked or expired, whatever the state of the password', async (t) => {
    const expected: [SambaUserName, string][] = [
      ['alice', 'active'],
      ['disabled', 'AccountDisabled'],
      ['acct-expired', 'AccountExpired'],
      ['disabled-expired', 'AccountDisabled'],
      ['locked', 'AccountLocked'],
      ['must-change', 'password_change_required'],
      ['pwd-expired', 'password_expired'],
      ['pwd-never-expires', 'active'],
      ['smartcard-only', 'active'],
    ];
    for (const [user, outcome] of expected) {
      await t.test(`${user}: ${outcome}`, async () => {
        const answer = await signIn(dc().users[user].name);
        assert.equal('failure' in answer ? errorOf(answer) : answer.profile.ldapStatus, outcome);
        assert.equal(('failure' in answer ? answer.failure : answer).profile?.id, dc().users[user].dn);
      });
    }
  });

  it('are let in after a lockout has ended, although lockoutTime is still set', async () => {
    const { dn, name } = dc().users.carol;
    // Samba computes the flag from its policy: thirty minutes.
    const anHourAgo = String((BigInt(Date.now() - 3_600_000) + 11_644_473_600_000n) * 10_000n);
    await dc().modify([{ dn, attributes: { lockoutTime: [anHourAgo] } }]);
    assert.equal(errorOf(await signIn(name)), 'ok');
    await dc().reset();
  });

  it('are unknown if the account is a computer’s, or if the value finds none or several', async () => {
    assert.equal(errorOf(await signIn('DC1$')), 'WrongUsername');
    for (const value of ['', '*', 'alice*', `*)(objectClass=*`, 'nobody@ad.landbridge.test', '\0']) {
      assert.equal(errorOf(await by('userPrincipalName', value)), 'WrongUsername', value);
    }
    const { userPrincipalName, dn } = dc().users['other-suffix'];
    const found = await by('userPrincipalName', userPrincipalName ?? '');
    assert.equal('profile' in found && found.profile.id, dn);
    assert.equal(errorOf(await by('memberOf', `CN=big-group,OU=Groups,OU=Lab,${dc().baseDn}`)), 'WrongUsername');
  });

  it('are mapped from the same attributes as at any other sign-in', async () => {
    const answer = await signIn('alice');
    assert.ok('profile' in answer);
    const keys = answer.profile.keys;
    assert.ok(Array.isArray(keys) && keys.includes('sAMAccountName'));
    assert.deepEqual(
      keys.filter((key) => /account(Control|Expires)|lockout|pwdLast/i.test(String(key))),
      [],
    );
  });
}
