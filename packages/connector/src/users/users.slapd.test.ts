/** Users of a real OpenLDAP, over LDAPS with a private authority, StartTLS, and in clear text. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { MANY_VALUES, type Slapd, startSlapd, UTF8_PICTURE, whyNoSlapd } from '@landbridge/lab';
import { namedFailure, type Profile } from '@landbridge/protocol';
import { login, request, type UsersOn, usersOn } from '../../test/users-on.ts';
import { dnKey } from '../ldap/dn.ts';

const ECHO = 'module.exports = function (raw) { raw.kinds = {}; for (var k in raw) raw.kinds[k] = typeof raw[k]; return raw; };';

describe('users on OpenLDAP', { skip: whyNoSlapd() }, () => {
  let slapd: Slapd;
  const open: UsersOn[] = [];
  function on(overrides: Parameters<typeof usersOn>[0] | undefined, ...rest: [Parameters<typeof usersOn>[1]?, string?]): UsersOn {
    const made = usersOn(overrides ?? { url: slapd.ldapsUrl, ca: slapd.ca, serviceAccount: slapd.serviceAccount }, ...rest);
    open.push(made);
    return made;
  }
  before(async () => {
    slapd = await startSlapd({ users: 10_000, serviceAccountResetsPasswords: true });
  });
  after(async () => {
    for (const one of open) await one.close();
    await slapd?.[Symbol.asyncDispose]();
  });

  async function profileOf(made: UsersOn, username: string, password: string): Promise<Profile> {
    const answer = await made.users.authenticate(login(username, password), request());
    assert.ok('profile' in answer, JSON.stringify(answer));
    return answer.profile;
  }
  const groupsIn = (profile: Profile) => (Array.isArray(profile.groups) ? [...profile.groups].sort() : profile.groups);

  it('signs users in with their nested groups over every transport', async () => {
    const account = slapd.serviceAccount;
    for (const target of [
      { url: slapd.ldapsUrl, ca: slapd.ca, serviceAccount: account },
      { url: slapd.url.replace('127.0.0.1', 'localhost'), startTls: true, ca: slapd.ca, serviceAccount: account },
      { url: slapd.url, serviceAccount: account },
    ]) {
      const made = on(target);
      for (const user of slapd.users.ordinary.slice(4000, 4003)) {
        const profile = await profileOf(made, user.uid, user.password);
        assert.equal(profile.id, user.uid);
        assert.equal(profile.dn, user.dn);
        assert.deepEqual(groupsIn(profile), user.groups);
        assert.deepEqual(profile.organizationUnits, ['people']);
      }
    }
  });

  it('signs in users whose names and DNs need escaping', async () => {
    const made = on(undefined);
    for (const [name, user] of Object.entries(slapd.users.special)) {
      // Their passwords are refused by policy, which another test covers.
      if (['locked', 'expiredPassword', 'mustChangePassword'].includes(name)) continue;
      const profile = await profileOf(made, user.uid, user.password);
      assert.equal(dnKey(String(profile.dn)), dnKey(user.dn), name);
      assert.deepEqual(groupsIn(profile), user.groups, name);
      const wrong = await made.users.authenticate(login(user.uid, 'wrong'), request());
      assert.ok('failure' in wrong && wrong.failure.wireName === 'WrongPassword', name);
    }
  });

  it('answers wrong names and wrong passwords with their named errors', async () => {
    const made = on(undefined);
    const [user] = slapd.users.ordinary;
    assert.ok(user);
    assert.deepEqual(await made.users.authenticate(login('nobody', 'x'), request()), {
      failure: namedFailure('WrongUsername', { username: 'nobody' }),
    });
    const wrong = await made.users.authenticate(login(user.uid, 'wrong'), request());
    assert.ok('failure' in wrong);
    assert.equal(wrong.failure.wireName, 'WrongPassword');
    assert.equal(wrong.failure.profile?.dn, user.dn);
    assert.equal('userPassword' in (wrong.failure.profile ?? {}), false);
  });

  it('never binds with an empty password', async () => {
    const made = on(undefined);
    const [, user] = slapd.users.ordinary;
    assert.ok(user);
    const answer = await made.users.authenticate(login(user.uid, ''), request());
    assert.ok('failure' in answer && answer.failure.wireName === 'WrongPassword');
    const binds = (await slapd.operations()).filter((operation) => operation.kind === 'bind' && operation.dn === user.dn);
    assert.deepEqual(binds, []);
  });

  it('reports the password policy’s error, but only for the right password', async () => {
    const made = on(undefined, { LOCKOUT_RESERVE: 0 });
    await made.directory.rootDse();
    const { locked, expiredPassword, mustChangePassword } = slapd.users.special;
    const answers = async (password: (user: { password: string }) => string) => {
      const names: (string | undefined)[] = [];
      for (const user of [locked, expiredPassword, mustChangePassword]) {
        const answer = await made.users.authenticate(login(user.uid, password(user)), request());
        assert.ok('failure' in answer, user.uid);
        names.push(answer.failure.wireName);
      }
      return names;
    };
    assert.deepEqual(await answers((user) => user.password), ['AccountLocked', 'PasswordExpired', 'PasswordChangeRequired']);
    assert.deepEqual(await answers(() => 'wrong'), ['AccountLocked', 'WrongPassword', 'WrongPassword']);
    const lenient = on(undefined, { LOCKOUT_RESERVE: 0, ALLOW_PASSWORD_CHANGE_REQUIRED: true }, ECHO);
    await lenient.directory.rootDse();
    assert.equal((await profileOf(lenient, mustChangePassword.uid, mustChangePassword.password)).ldapStatus, 'password_change_required');
  });

  it('treats what is typed as a name, never as a filter', async () => {
    const made = on(undefined);
    for (const name of ['*', '*)(uid=*', 'user0000*', '\0', 'a\0b', '\ud800', ')(', '\\', '\\2a', 'x'.repeat(64 * 1024), '((((', 'uid=*']) {
      const answer = await made.users.authenticate(login(name, 'x'), request());
      assert.ok('failure' in answer && answer.failure.wireName === 'WrongUsername', JSON.stringify(name.slice(0, 20)));
    }
  });

  it('accepts a name that the hub has escaped', async () => {
    const made = on(undefined);
    const { star, umlauts, parenthesis } = slapd.users.special;
    const good: [string, string][] = [
      ['st\\2ar', star.password],
      ['j\\c3\\bcrgen.gr\\c3\\b6\\c3\\9fe', umlauts.password],
      ['jürgen.größe', umlauts.password],
      ['paren\\28thesis', parenthesis.password],
    ];
    for (const [name, password] of good) {
      const answer = await made.users.authenticate(login(name, password, true), request());
      assert.ok('profile' in answer, `${name}: ${JSON.stringify(answer)}`);
    }
    for (const name of ['*', '*)(uid=*', 'st*', '\\', '\\zz', 'a\\2']) {
      const answer = await made.users.authenticate(login(name, 'x', true), request());
      assert.ok('failure' in answer && answer.failure.wireName === 'WrongUsername', name);
    }
  });

  it('passes a custom mapper every attribute in its form, but no secrets', async () => {
    const made = on(undefined, {}, ECHO);
    const { manyValues, noValue, oneValue, binary } = slapd.users.special;
    const many = await profileOf(made, manyValues.uid, manyValues.password);
    assert.ok(Array.isArray(many.description) && many.description.length === MANY_VALUES);
    assert.equal((await profileOf(made, oneValue.uid, oneValue.password)).description, 'only one');
    assert.equal((await profileOf(made, noValue.uid, noValue.password)).description, undefined);
    assert.deepEqual(many.controls, []);
    assert.equal(many.ldapStatus, 'active');
    const bytes = await made.users.inspect(binary.uid, request());
    assert.ok(bytes?.raw.jpegPhoto instanceof Buffer && bytes.raw.jpegPhoto.equals(UTF8_PICTURE));
    assert.ok(bytes.raw['userCertificate;binary'] instanceof Buffer);
    assert.equal(
      Object.keys(bytes.raw).some((name) => /password/i.test(name)),
      false,
    );
  });

  it('searches users and lists groups within a limit', async () => {
    const made = on(undefined);
    const some = await made.users.searchUsers({ pid: 'x', search: 'user0123', limit: 5, escaped: false }, request());
    assert.ok('users' in some);
    assert.equal(some.users.length, 5);
    assert.equal('groups' in (some.users[0] ?? {}), false);
    const none = await made.users.searchUsers({ pid: 'x', search: '*)(uid=*', limit: 5, escaped: false }, request());
    assert.deepEqual(none, { users: [] });
    const all = await made.users.searchUsers({ pid: 'x', search: '', limit: undefined, escaped: false }, request());
    assert.ok('users' in all);
    assert.equal(all.users.length, slapd.users.ordinary.length + Object.keys(slapd.users.special).length);
    const groups = await made.users.listGroups({ pid: 'x', limit: 3 }, request());
    assert.ok('groups' in groups && groups.groups.length === 3);
    const objects = on(undefined, { GROUP_PROPERTIES: ['cn', 'dn', 'description'] });
    const listed = await objects.users.listGroups({ pid: 'x', limit: 1 }, request());
    assert.ok('groups' in listed);
    assert.deepEqual(Object.keys(Object(listed.groups[0])), ['cn', 'dn', 'description']);
  });

  it('changes a password, and reports refusals', async () => {
    const made = on(undefined);
    const user = slapd.users.ordinary[77];
    assert.ok(user);
    const changed = await made.users.changePassword(login(user.uid, 'New-Passw0rd!'), request());
    assert.ok('profile' in changed, JSON.stringify(changed));
    assert.deepEqual(groupsIn(changed.profile), user.groups);
    await profileOf(made, user.uid, 'New-Passw0rd!');
    const powerless = on({ url: slapd.url, serviceAccount: user }, { LDAP_BASE: slapd.baseDn });
    const target = slapd.users.ordinary[78];
    assert.ok(target);
    const unknown = await made.users.changePassword(login('nobody', 'New-Passw0rd!'), request());
    assert.ok('failure' in unknown && unknown.failure.wireName === 'WrongUsername');
    const empty = await made.users.changePassword(login(target.uid, ''), request());
    assert.ok('failure' in empty && empty.failure.wireName === 'PasswordComplexityError');
    await powerless.close();
  });

  it('needs three operations for a sign-in, and two if the groups are cached', async () => {
    // One connection, so that only the sign-in's operations are counted.
    const made = on(
      { url: slapd.url, serviceAccount: slapd.serviceAccount, searchConnections: 1, bindConnections: 1 },
      { LDAP_USER_BY_NAME: '(uid={0})', LDAP_SEARCH_GROUPS: '(member={0})' },
    );
    const [first, second] = [slapd.users.ordinary[100], slapd.users.ordinary[150]];
    assert.ok(first && second && first.groups.join() === second.groups.join(), 'both must be in the same groups');
    const count = async (username: string, password: string) => {
      const earlier = (await slapd.operations()).length;
      await profileOf(made, username, password);
      return (await slapd.operations()).slice(earlier).map(({ kind }) => kind);
    };
    await made.directory.rootDse();
    assert.deepEqual(await count(first.uid, first.password), ['search', 'bind', 'search']);
    assert.deepEqual(await count(first.uid, first.password), ['search', 'bind']);
    assert.deepEqual(await count(second.uid, second.password), ['search', 'bind']);
    // The cached groups are those found by the query: direct ones, since this query does not follow nesting.
    const cached = await profileOf(made, second.uid, second.password);
    const fresh = await profileOf(
      on(undefined, { LDAP_USER_BY_NAME: '(uid={0})', LDAP_SEARCH_GROUPS: '(member={0})', GROUPS_CACHE_SECONDS: 0 }),
      second.uid,
      second.password,
    );
    assert.deepEqual(groupsIn(cached), groupsIn(fresh));
  });
});
