/** Sign-ins of users verified by a ticket, certificate or proxy: the state of the account decides, without a bind. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startDirectory } from '@landbridge/directory';
import { type NsSlapd, type Slapd, startNsSlapd, startSlapd, whyNoNsSlapd, whyNoSlapd } from '@landbridge/lab';
import { errorOf, request, type UsersOn, usersOn } from '../../test/users-on.ts';
import { parseFilter, withValue } from '../ldap/filter.ts';

const STATUS = 'module.exports = function (raw) { return { id: raw.dn, ldapStatus: raw.ldapStatus }; };';

const outcomeOf = (made: UsersOn, name: string) => outcome(made.users.signInVerified({ name }, request()));
async function outcome(answer: ReturnType<UsersOn['users']['signInVerified']>): Promise<unknown> {
  const decided = await answer;
  return 'failure' in decided ? errorOf(decided) : decided.profile.ldapStatus;
}
const generalizedTime = (ms: number) => `${new Date(ms).toISOString().replace(/[-:T]|\..*/g, '')}Z`;

describe('verified users, on Active Directory', () => {
  it('are refused for the state of the account, not of the password', async () => {
    await using embedded = await disposable(startDirectory());
    const made = usersOn({ url: embedded.server.url, serviceAccount: embedded.server.serviceAccount }, {}, STATUS);
    const refusals: Partial<Record<string, string>> = { '533': 'AccountDisabled', '701': 'AccountExpired', '775': 'AccountLocked' };
    for (const { name, refusal = '' } of embedded.server.users) {
      const seen = await outcomeOf(made, name);
      assert.equal(seen, refusals[refusal] ?? 'active', name);
    }
    assert.equal(await outcomeOf(made, 'nobody'), 'WrongUsername');
    await made.close();
  });

  it('are refused if the state of the account is hidden, or if there is no service account', async () => {
    await using embedded = await disposable(startDirectory());
    const url = embedded.server.url;
    const blind = usersOn({ url, serviceAccount: 'none' }, { LDAP_BASE: 'DC=fabrikam,DC=local' });
    assert.match(String(await outcomeOf(blind, 'alice')), /LDAP_NO_SERVICE_ACCOUNT/);
    await blind.close();
    // A group has no userAccountControl, like a user whose userAccountControl is hidden.
    const made = usersOn({ url, serviceAccount: embedded.server.serviceAccount }, { LDAP_USER_BY_NAME: '(sAMAccountName={0})' });
    assert.match(String(await outcomeOf(made, 'nest-1')), /ACCOUNT_STATE_NOT_SHOWN/);
    await made.close();
  });
});

describe('verified users, on OpenLDAP', { skip: whyNoSlapd() }, () => {
  let slapd: Slapd;
  let made: UsersOn;
  const base = 'dc=example,dc=org';
  const user = (uid: string, attributes: Record<string, string[]>) => ({
    dn: `uid=${uid},ou=people,${base}`,
    attributes: { objectClass: ['inetOrgPerson'], uid: [uid], cn: [uid], sn: [uid], mail: ['shared@example.org'], ...attributes },
  });
  before(async () => {
    const strict = [`cn=ten-minutes,ou=policies,${base}`];
    const minutesAgo = (minutes: number) => [generalizedTime(Date.now() - minutes * 60_000)];
    slapd = await startSlapd({
      users: 1,
      entries: [
        {
          dn: strict[0] ?? '',
          attributes: {
            objectClass: ['applicationProcess', 'pwdPolicy'],
            cn: ['ten-minutes'],
            pwdAttribute: ['userPassword'],
            pwdLockout: ['TRUE'],
            pwdLockoutDuration: ['600'],
          },
        },
        user('locked.now', { pwdPolicySubentry: strict, pwdAccountLockedTime: minutesAgo(5) }),
        user('lock.ended', { pwdPolicySubentry: strict, pwdAccountLockedTime: minutesAgo(15) }),
        // Which of several policies applies cannot be seen.
        user('lock.unclear', { pwdAccountLockedTime: minutesAgo(15) }),
        user('ended', { pwdEndTime: minutesAgo(5) }),
        user('not.begun', { pwdStartTime: minutesAgo(-5) }),
      ],
    });
    made = usersOn({ url: slapd.ldapsUrl, ca: slapd.ca, serviceAccount: slapd.serviceAccount }, {}, STATUS);
  });
  after(async () => {
    await made?.close();
    await slapd?.[Symbol.asyncDispose]();
  });

  it('are refused while a lockout lasts, and before and after the account’s validity', async (t) => {
    const { ordinary, special } = slapd.users;
    const expected: [string, string][] = [
      [ordinary[0]?.uid ?? '', 'active'],
      [special.locked.uid, 'AccountLocked'],
      [special.expiredPassword.uid, 'active'],
      [special.mustChangePassword.uid, 'password_change_required'],
      ['locked.now', 'AccountLocked'],
      ['lock.ended', 'active'],
      ['lock.unclear', 'AccountLocked'],
      ['ended', 'AccountExpired'],
      ['not.begun', 'AccountDisabled'],
      ['nobody', 'WrongUsername'],
    ];
    for (const [uid, seen] of expected) await t.test(`${uid}: ${seen}`, async () => assert.equal(await outcomeOf(made, uid), seen));
    const binds = (await slapd.operations()).filter(({ kind, dn }) => kind === 'bind' && dn?.includes('ou=people'));
    assert.deepEqual(binds, []);
  });

  it('are found by a unique attribute, whatever its value', async () => {
    const by = (attribute: string, value: string) =>
      outcome(made.users.signInVerified({ name: value, filter: withValue(parseFilter(`(${attribute}={0})`), value) }, request()));
    assert.equal(await by('uid', slapd.users.special.star.uid), 'active');
    assert.equal(await by('uid', '*'), 'WrongUsername');
    assert.equal(await by('uid', '*)(uid=*'), 'WrongUsername');
    assert.equal(await by('mail', 'shared@example.org'), 'WrongUsername');
    const { serviceAccount, ca, ldapsUrl: url } = slapd;
    const first = usersOn({ url, ca, serviceAccount }, { LDAP_USER_BY_NAME: '(mail={0})' }, STATUS);
    assert.equal(await outcomeOf(first, 'shared@example.org'), 'WrongUsername');
    await first.close();
  });

  it('are unknown with LDAP_USER_DN if the entry does not exist', async () => {
    const { serviceAccount, ca, ldapsUrl: url } = slapd;
    const byDn = usersOn({ url, ca, serviceAccount }, { LDAP_USER_DN: `uid={0},ou=people,${base}` }, STATUS);
    assert.equal(await outcomeOf(byDn, 'lock.ended'), 'active');
    assert.equal(await outcomeOf(byDn, 'locked.now'), 'AccountLocked');
    assert.equal(await outcomeOf(byDn, 'nobody'), 'WrongUsername');
    await byDn.close();
  });
});

describe('verified users, on 389 Directory Server', { skip: whyNoNsSlapd() }, () => {
  let server: NsSlapd;
  let made: UsersOn;
  before(async () => {
    server = await startNsSlapd();
    made = usersOn({ url: server.ldapsUrl, ca: server.ca, serviceAccount: server.serviceAccount }, {}, STATUS);
  });
  after(async () => {
    await made?.close();
    await server?.[Symbol.asyncDispose]();
  });

  it('are refused if the account is disabled, or locked temporarily or permanently', async () => {
    const { dn, uid } = server.users.retries;
    const locked = (value: string) => server.modify(dn, { accountUnlockTime: value });
    assert.equal(await outcomeOf(made, server.users.active.uid), 'active');
    assert.equal(await outcomeOf(made, server.users.disabled.uid), 'AccountDisabled');
    assert.equal(await outcomeOf(made, server.users.expired.uid), 'password_expired');
    assert.equal(await outcomeOf(made, server.users.mustChange.uid), 'password_change_required');
    await locked(generalizedTime(Date.now() + 60_000));
    assert.equal(await outcomeOf(made, uid), 'AccountLocked');
    await locked('19700101000000Z');
    assert.equal(await outcomeOf(made, uid), 'AccountLocked');
    await locked(generalizedTime(Date.now() - 60_000));
    assert.equal(await outcomeOf(made, uid), 'active');
  });
});

async function disposable(starting: ReturnType<typeof startDirectory>) {
  const server = await starting;
  return { server, [Symbol.asyncDispose]: () => server.stop() };
}
