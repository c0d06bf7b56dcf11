/** Sign-ins in a directory that shows its service account little, or has no service account. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { type Slapd, type SlapdUser, startSlapd, whyNoSlapd } from '@landbridge/lab';
import type { Profile } from '@landbridge/protocol';
import { login, request, type UsersOn, usersOn } from '../../test/users-on.ts';
import type { ConnectorSettings } from '../config/settings.ts';
import { userAttributes } from './find.ts';

const TEMPLATE = 'cn={0},ou=people,dc=example,dc=org';
const POWERLESS = 'cn=powerless,ou=accounts,dc=example,dc=org';

/**
 * The powerless account may search below ou=people by uid, and read three attributes there. Users may read their own entries, other users
 * only public attributes, and anonymous callers the root DSE.
 */
const ACCESS = `
access to dn.base="ou=people,dc=example,dc=org" attrs=entry by dn.exact="${POWERLESS}" search by * break
access to dn.one="ou=people,dc=example,dc=org" attrs=uid,cn,mail,entry by dn.exact="${POWERLESS}" read by self read by * break

`;

type Account = Parameters<typeof usersOn>[0]['serviceAccount'];

describe('a locked-down directory', { skip: whyNoSlapd() }, () => {
  let slapd: Slapd;
  let user: SlapdUser;
  const open: UsersOn[] = [];
  before(async () => {
    slapd = await startSlapd({ users: 20, access: ACCESS, hideRootDse: true });
    const [, , third] = slapd.users.ordinary;
    assert.ok(third);
    user = third;
  });
  after(async () => {
    for (const one of open) await one.close();
    await slapd?.[Symbol.asyncDispose]();
  });

  function on(serviceAccount: Account, settings: Partial<ConnectorSettings>, mapper?: string): UsersOn {
    // One connection of each kind, so that only the sign-in's operations are counted.
    const made = usersOn({ url: slapd.url, serviceAccount, searchConnections: 1, bindConnections: 1 }, settings, mapper);
    open.push(made);
    return made;
  }
  async function profileOf(made: UsersOn, username: string, password: string): Promise<Profile> {
    const answer = await made.users.authenticate(login(username, password), request());
    assert.ok('profile' in answer, JSON.stringify(answer));
    return answer.profile;
  }
  async function asked(work: () => Promise<unknown>) {
    const earlier = (await slapd.operations()).length;
    await work();
    return (await slapd.operations()).slice(earlier).filter(({ kind }) => kind !== 'unbind');
  }
  const powerless = () => slapd.powerlessAccount;

  describe('with LDAP_USER_DN and no service account', () => {
    it('signs a user in with two operations on one connection, with the groups of the entry', async () => {
      const made = on('none', { LDAP_USER_DN: TEMPLATE });
      await made.directory.rootDse();
      let profile: Profile = {};
      const operations = await asked(async () => {
        profile = await profileOf(made, user.cn, user.password);
      });
      assert.deepEqual(
        operations.map(({ kind, connection }) => [kind, connection === operations[0]?.connection]),
        [
          ['bind', true],
          ['search', true],
        ],
      );
      assert.equal(profile.id, user.uid);
      assert.equal(profile.dn, user.dn);
      assert.deepEqual(profile.emails, [{ value: `${user.uid}@example.org` }]);
      // Nested groups are only found by a search, which is not permitted here.
      assert.deepEqual(profile.groups, ['department-02']);
    });

    it('shapes groups by GROUP_PROPERTY and GROUP_PROPERTIES as far as their DNs allow', async () => {
      const groups = async (settings: Partial<ConnectorSettings>) =>
        (await profileOf(on('none', { LDAP_USER_DN: TEMPLATE, ...settings }), user.cn, user.password)).groups;
      assert.deepEqual(await groups({ GROUP_PROPERTY: 'dn' }), ['cn=department-02,ou=groups,dc=example,dc=org']);
      assert.deepEqual(await groups({ GROUP_PROPERTIES: ['CN', 'dn'] }), [
        { CN: 'department-02', dn: 'cn=department-02,ou=groups,dc=example,dc=org' },
      ]);
      assert.equal(await groups({ GROUPS: false }), undefined);
    });

    it('never binds with an empty password', async () => {
      const made = on('none', { LDAP_USER_DN: TEMPLATE });
      await made.directory.rootDse();
      const operations = await asked(async () => {
        const answer = await made.users.authenticate(login(user.cn, ''), request());
        assert.ok('failure' in answer && answer.failure.wireName === 'WrongPassword');
      });
      assert.deepEqual(operations, []);
    });

    it('binds only entries that match the template, whatever is typed', async () => {
      const made = on('none', { LDAP_USER_DN: TEMPLATE });
      const service = slapd.serviceAccount;
      const operations = await asked(async () => {
        for (const name of ['service,ou=accounts,dc=example,dc=org', 'service,ou=accounts', 'x+cn=service', '*', `${user.cn})(cn=*`]) {
          const answer = await made.users.authenticate(login(name, service.password), request());
          assert.ok('failure' in answer && answer.failure.wireName === 'WrongPassword', name);
        }
      });
      for (const { kind, dn } of operations) if (kind === 'bind') assert.match(dn ?? '', /,ou=people,dc=example,dc=org$/i);
    });

    it('finds users whose names need escaping', async () => {
      const made = on('none', { LDAP_USER_DN: TEMPLATE });
      const { rfc4514, leadingHash, spaces, umlauts, dollar, star } = slapd.users.special;
      for (const one of [rfc4514, leadingHash, spaces, umlauts, dollar, star]) {
        assert.equal((await profileOf(made, one.cn, one.password)).id, one.uid);
      }
    });

    it('refuses searches, and reports the missing service account', async () => {
      const made = on('none', { LDAP_USER_DN: TEMPLATE });
      await made.directory.rootDse();
      const operations = await asked(async () => {
        for (const answer of [
          await made.users.searchUsers({ pid: 'x', search: '', limit: 5, escaped: false }, request()),
          await made.users.listGroups({ pid: 'x', limit: 5 }, request()),
        ]) {
          assert.ok('failure' in answer);
          assert.match(JSON.stringify(answer.failure.inner), /LDAP_NO_SERVICE_ACCOUNT/);
        }
        await assert.rejects(made.users.inspect(user.cn, request()), { code: 'ENTRY_NOT_SHOWN' });
      });
      assert.deepEqual(operations, []);
    });

    it('refuses a locked account and a user who must change the password first', async () => {
      const made = on('none', { LDAP_USER_DN: TEMPLATE, ALLOW_PASSWORD_CHANGE_REQUIRED: true });
      const { locked, mustChangePassword } = slapd.users.special;
      const refused = await made.users.authenticate(login(locked.cn, locked.password), request());
      // The root DSE is hidden, so the connector does not know that the server supports the policy control.
      assert.ok('failure' in refused && refused.failure.wireName === 'WrongPassword');
      // Such a user may only change the password, and cannot read their own entry.
      const unseen = await made.users.authenticate(login(mustChangePassword.cn, mustChangePassword.password), request());
      assert.ok('failure' in unseen);
      assert.match(JSON.stringify(unseen.failure.inner), /ENTRY_NOT_SHOWN/);
    });
  });

  it('signs in with LDAP_USER_DN and a service account that may read nothing', async () => {
    const account = { dn: slapd.users.ordinary[5]?.dn ?? '', password: slapd.users.ordinary[5]?.password ?? '' };
    const made = on(account, { LDAP_USER_DN: TEMPLATE, LDAP_BASE: slapd.baseDn, GROUPS: false });
    assert.equal((await profileOf(made, user.cn, user.password)).id, user.uid);
    const wrong = await made.users.authenticate(login(user.cn, 'wrong'), request());
    assert.ok('failure' in wrong && wrong.failure.wireName === 'WrongPassword');
  });

  it('signs in with LDAP_USER_DN and a service account that may read the entry', async () => {
    const made = on(slapd.serviceAccount, { LDAP_USER_DN: TEMPLATE, LDAP_BASE: slapd.baseDn, LDAP_SEARCH_GROUPS: '(member={0})' });
    assert.equal((await profileOf(made, user.cn, user.password)).id, user.uid);
    const wrong = await made.users.authenticate(login(user.cn, 'wrong'), request());
    assert.ok('failure' in wrong && wrong.failure.wireName === 'WrongPassword');
    assert.equal(wrong.failure.profile?.id, user.uid);
    assert.equal((await made.users.inspect(user.cn, request()))?.dn, user.dn);
  });

  it('signs in with a service account that may search by uid and read three attributes, and logs what it may not do', async () => {
    const made = on(powerless(), {
      LDAP_BASE: `ou=people,${slapd.baseDn}`,
      LDAP_USER_BY_NAME: '(uid={0})',
      LDAP_SEARCH_GROUPS: '(member={0})',
    });
    const profile = await profileOf(made, user.uid, user.password);
    assert.equal(profile.id, user.uid);
    assert.deepEqual(profile.emails, [{ value: `${user.uid}@example.org` }]);
    assert.equal('telephoneNumber' in profile, false);
    assert.equal(JSON.stringify(profile).includes('assword'), false);
  });

  it('names a search base that cannot be searched', async () => {
    const made = on(powerless(), { LDAP_BASE: `ou=groups,${slapd.baseDn}`, LDAP_USER_BY_NAME: '(uid={0})' });
    const answer = await made.users.authenticate(login(user.uid, user.password), request());
    assert.ok('failure' in answer);
    assert.match(JSON.stringify(answer.failure.inner), /LDAP_RESULT.*ou=groups.*noSuchObject/);
    assert.ok(made.lines.some((line) => line.includes('Check LDAP_BASE') && line.includes('the service account may not read it')));
  });

  it('requests the attributes in LDAP_USER_ATTRIBUTES, but never secret ones', async () => {
    const made = on(
      slapd.serviceAccount,
      {
        LDAP_BASE: slapd.baseDn,
        LDAP_USER_BY_NAME: '(uid={0})',
        LDAP_USER_ATTRIBUTES: ['uid', 'sn', 'userPassword', 'USERPASSWORD;x-old'],
        LDAP_SEARCH_GROUPS: '(member={0})',
      },
      'module.exports = function (raw) { return { id: raw.uid, names: Object.keys(raw).sort().join() }; };',
    );
    const profile = await profileOf(made, user.uid, user.password);
    assert.equal(profile.names, 'controls,dn,groups,ldapStatus,memberOf,organizationUnits,sn,uid');
    assert.doesNotMatch(userAttributes(['uid', 'userPassword', 'USERPASSWORD;x-old'], '').join(), /password/i);
  });

  it('needs no permission for its heartbeat', async () => {
    const target = { url: slapd.url, serviceAccount: powerless(), searchConnections: 1, heartbeatMs: 20, heartbeatFilter: undefined };
    const made = usersOn(target);
    open.push(made);
    await made.directory.rootDse();
    const beats = async () => (await slapd.operations()).filter(({ kind, dn }) => kind === 'search' && dn === '').length;
    const first = await beats();
    while ((await beats()) < first + 5) await setTimeout(20);
    assert.equal(made.directory.status().connected, true);
    const connected = made.lines.filter((line) => line.includes('Connected to the directory'));
    assert.equal(connected.length, 1, 'no connection was closed');
    await made.close();
  });

  // Last: slapd logs no result for a DN that it cannot parse, and its log is where operations are counted.
  it('answers a wrong name, a wrong password and an invalid DN alike', async () => {
    const made = on('none', { LDAP_USER_DN: TEMPLATE });
    for (const name of [user.cn, 'nobody', 'x,ou=accounts', '\0', '\ud800', 'x'.repeat(5000)]) {
      const answer = await made.users.authenticate(login(name, 'wrong'), request());
      assert.ok('failure' in answer && answer.failure.wireName === 'WrongPassword', JSON.stringify(answer).slice(0, 300));
      assert.deepEqual(Object.keys(answer.failure.profile ?? {}), ['dn']);
    }
    const unnamed = await made.users.authenticate(login('', 'x'), request());
    assert.ok('failure' in unnamed && unnamed.failure.wireName === 'WrongUsername');
  });
});
