/** Users of a directory that answers like Active Directory on Windows, over LDAPS. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createDomain, type DirectoryServer, startDirectory } from '@landbridge/directory';
import { createCertificateAuthority } from '@landbridge/lab';
import type { Profile, SignInOutcome, WireErrorName } from '@landbridge/protocol';
import { errorOf, login, request, type UsersOn, usersOn } from '../../test/users-on.ts';

const EXPECTED: Partial<Record<string, WireErrorName>> = {
  '52e': 'WrongPassword',
  '530': 'WrongPassword',
  '531': 'WrongPassword',
  '532': 'PasswordExpired',
  '533': 'AccountDisabled',
  '701': 'AccountExpired',
  '773': 'PasswordChangeRequired',
  '775': 'AccountLocked',
};

describe('users on Active Directory', () => {
  let embedded: DirectoryServer;
  let ca: string;
  const open: UsersOn[] = [];
  function on(settings: Parameters<typeof usersOn>[1] = {}, target: Partial<Parameters<typeof usersOn>[0]> = {}): UsersOn {
    const url = embedded.ldapsUrl;
    assert.ok(url);
    const made = usersOn({ url, ca, serviceAccount: embedded.serviceAccount, ...target }, settings);
    open.push(made);
    return made;
  }
  before(async () => {
    const authority = await createCertificateAuthority();
    ca = authority.cert;
    embedded = await startDirectory({
      tls: await authority.issue({ commonName: 'localhost', dnsNames: ['localhost'], ips: ['127.0.0.1'] }),
    });
  });
  after(async () => {
    for (const one of open) await one.close();
    await embedded?.stop();
  });
  const profileOf = (answer: SignInOutcome): Profile => {
    assert.ok('profile' in answer, JSON.stringify(answer));
    return answer.profile;
  };

  it('answers each state of an account with its error and the profile', async (t) => {
    const made = on();
    for (const user of embedded.users) {
      await t.test(user.name, async () => {
        const answer = await made.users.authenticate(login(user.name, user.password), request());
        if (user.refusal === undefined) {
          assert.equal(profileOf(answer).sAMAccountName, user.name);
          assert.equal(profileOf(answer).dn, user.dn);
          return;
        }
        assert.ok('failure' in answer);
        assert.equal(answer.failure.wireName, EXPECTED[user.refusal]);
        assert.equal(answer.failure.profile?.dn, user.dn);
        assert.equal('groups' in (answer.failure.profile ?? {}), false);
      });
    }
  });

  it('accepts every name that Windows accepts, and no other', async (t) => {
    const made = on();
    for (const name of [
      'alice',
      'ALICE',
      'FABRIKAM\\alice',
      'fabrikam\\Alice',
      'fabrikam.local\\alice',
      'alice@fabrikam.local',
      'alice@FABRIKAM.LOCAL',
    ]) {
      await t.test(`accepts ${name}`, async () => {
        const profile = profileOf(await made.users.authenticate(login(name, 'Passw0rd!'), request()));
        assert.equal(profile.sAMAccountName, 'alice');
      });
    }
    assert.equal(
      profileOf(await made.users.authenticate(login('FABRIKAM\\5calice', 'Passw0rd!', true), request())).sAMAccountName,
      'alice',
    );
    for (const name of [
      'OTHER\\alice',
      '\\alice',
      'FABRIKAM\\',
      'FABRIKAM\\*',
      'alice@other.local',
      '@fabrikam.local',
      '@',
      '\\',
      'FABRIKAM\\alice@fabrikam.local',
      'alice)(cn=*',
    ]) {
      await t.test(`rejects ${name}`, async () => {
        assert.equal(errorOf(await made.users.authenticate(login(name, 'Passw0rd!'), request())), 'WrongUsername');
      });
    }
    const set = on({ LDAP_USER_BY_NAME: '(|(sAMAccountName={0})(mail={0}))' });
    profileOf(await set.users.authenticate(login('alice@fabrikam.local', 'Passw0rd!'), request()));
    const obeyed = await set.users.authenticate(login('FABRIKAM\\alice', 'Passw0rd!'), request());
    assert.ok('failure' in obeyed && obeyed.failure.wireName === 'WrongUsername');
  });

  it('accepts account@domain of users with another principal name, or none', async () => {
    const domain = createDomain({ dnsName: 'fabrikam.local' });
    domain.addUser('dora', { password: 'Passw0rd!', attributes: { userPrincipalName: 'dora.diaz@sso.example' } });
    domain.addUser('emil', { password: 'Passw0rd!', attributes: { userPrincipalName: 'dora@fabrikam.local' } });
    const other = await startDirectory({ domain });
    try {
      const made = on({}, { url: other.url, serviceAccount: other.serviceAccount });
      const who = async (name: string) => profileOf(await made.users.authenticate(login(name, 'Passw0rd!'), request())).sAMAccountName;
      assert.equal(await who('dora.diaz@sso.example'), 'dora');
      assert.equal(await who('emil@fabrikam.local'), 'emil');
      // An explicit principal name takes precedence over another user's account name.
      assert.equal(await who('dora@fabrikam.local'), 'emil');
      await made.close();
    } finally {
      await other.stop();
    }
  });

  it('makes the default profile, with nested groups and without duplicates', async () => {
    const profile = profileOf(await on().users.authenticate(login('alice', 'Passw0rd!'), request()));
    assert.match(String(profile.id), /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
    assert.deepEqual(profile.name, { familyName: 'Adams', givenName: 'Alice' });
    assert.equal(profile.nickname, 'alice');
    assert.deepEqual(profile.emails, [{ value: 'alice@fabrikam.local' }]);
    assert.deepEqual(profile.groups, ['nest-1', 'Domain Users', 'nest-2', 'nest-3', 'nest-4', 'circle-a', 'circle-b']);
    assert.deepEqual(profile.organizationUnits, ['People', 'Lab']);
    assert.equal('thumbnailPhoto' in profile, false);
    const old = profileOf(await on({ ORGANIZATION_UNITS_AS_DN: true }).users.authenticate(login('alice', 'Passw0rd!'), request()));
    assert.equal(old.organizationUnits, profile.dn);
  });

  it('never sends an empty password, which Active Directory would accept', async () => {
    embedded.operations.reset();
    for (const password of ['']) {
      const answer = await on().users.authenticate(login('alice', password), request());
      assert.ok('failure' in answer && answer.failure.wireName === 'WrongPassword');
      assert.equal(answer.failure.profile?.sAMAccountName, 'alice');
    }
    const aliceDn = embedded.users.find(({ name }) => name === 'alice')?.dn ?? '';
    assert.equal(embedded.operations.bindAttempts(aliceDn), 0);
    assert.equal(embedded.badPwdCount('alice'), 0);
  });

  it('makes the directory count one wrong password once', async () => {
    const answer = await on().users.authenticate(login('bob', 'wrong'), request());
    assert.ok('failure' in answer && answer.failure.wireName === 'WrongPassword');
    assert.equal(embedded.badPwdCount('bob'), 1);
    profileOf(await on().users.authenticate(login('bob', 'Passw0rd!'), request()));
    assert.equal(embedded.badPwdCount('bob'), 0);
  });

  it('needs three operations for a sign-in, and two if the groups are cached', async () => {
    const made = on({}, { searchConnections: 1, bindConnections: 1 });
    await made.directory.rootDse();
    const count = async (name: string) => {
      embedded.operations.reset();
      profileOf(await made.users.authenticate(login(name, 'Passw0rd!'), request()));
      const { bind, search } = embedded.operations.counts;
      return { bind, search };
    };
    assert.deepEqual(await count('jmueller'), { bind: 1, search: 2 });
    assert.deepEqual(await count('jmueller'), { bind: 1, search: 1 });
    // Another user in the same group.
    assert.deepEqual(await count('weird'), { bind: 1, search: 1 });
  });

  it('finds the same groups from the cache as with the query', async () => {
    const [cached, fresh] = [on(), on({ GROUPS_CACHE_SECONDS: 0 })];
    for (const name of ['alice', 'alice', 'jmueller', 'weird', 'bob']) {
      const [one, other] = await Promise.all([cached, fresh].map(({ users }) => users.authenticate(login(name, 'Passw0rd!'), request())));
      assert.ok(one && other);
      assert.deepEqual(profileOf(one).groups, profileOf(other).groups, name);
    }
  });

  it('signs a user in without groups if they cannot be read, and logs that', async () => {
    const made = on({ GROUPS_TIMEOUT_SECONDS: 1 });
    await made.directory.rootDse();
    const clear = embedded.faults.add({
      on: 'search',
      where: (operation) => operation.kind === 'search' && operation.attributes.includes('cn') && !operation.attributes.includes('mail'),
      does: 'answer',
      resultCode: 51,
    });
    const profile = profileOf(await made.users.authenticate(login('alice', 'Passw0rd!'), request()));
    clear();
    assert.equal('groups' in profile, false);
    assert.ok(made.lines.some((line) => line.includes('Reading the groups failed')));
  });

  it('follows GROUPS_ON_FAILURE if groups cannot be read', async () => {
    const fail = () =>
      embedded.faults.add({
        on: 'search',
        where: (operation) => operation.kind === 'search' && operation.attributes.includes('cn') && !operation.attributes.includes('mail'),
        does: 'answer',
        resultCode: 51,
      });
    const failing = on({ GROUPS_ON_FAILURE: 'fail' });
    await failing.directory.rootDse();
    let clear = fail();
    const answer = await failing.users.authenticate(login('alice', 'Passw0rd!'), request());
    clear();
    assert.ok('failure' in answer && answer.failure.wireName === undefined && answer.failure.profile === undefined);
    // Cached for a millisecond, which is shorter than any sign-in.
    const stale = on({ GROUPS_ON_FAILURE: 'stale', GROUPS_CACHE_SECONDS: 0.001 });
    const before = profileOf(await stale.users.authenticate(login('alice', 'Passw0rd!'), request()));
    clear = fail();
    const after = profileOf(await stale.users.authenticate(login('alice', 'Passw0rd!'), request()));
    const unknown = profileOf(await stale.users.authenticate(login('bob', 'Passw0rd!'), request()));
    clear();
    assert.deepEqual(after.groups, before.groups);
    assert.equal('groups' in unknown, false, 'the groups of bob are not cached');
    assert.ok(stale.lines.some((line) => line.includes('using the cached ones')));
  });

  it('answers with an unexpected error and without a profile if the directory fails', async () => {
    // One search connection, so that the fault does not hit the service account's bind on a second one.
    const made = on({}, { searchConnections: 1 });
    await made.directory.rootDse();
    for (const resultCode of [51, 52, 80, 10]) {
      embedded.faults.add({ on: 'bind', times: 1, does: 'answer', resultCode });
      const answer = await made.users.authenticate(login('alice', 'Passw0rd!'), request());
      assert.ok('failure' in answer);
      assert.deepEqual([answer.failure.wireName, answer.failure.profile], [undefined, undefined]);
      assert.match(JSON.stringify(answer.failure.inner), /LDAP_RESULT/);
    }
  });

  it('sends a bind once, even if the connection breaks before the answer', async () => {
    const made = on({}, { searchConnections: 1 });
    profileOf(await made.users.authenticate(login('alice', 'Passw0rd!'), request()));
    embedded.operations.reset();
    embedded.faults.add({ on: 'bind', times: 1, does: 'cut-answer' });
    const answer = await made.users.authenticate(login('bob', 'wrong'), request());
    assert.ok('failure' in answer && answer.failure.wireName === undefined);
    assert.equal(embedded.operations.counts.bind, 1);
    assert.ok(embedded.badPwdCount('bob') <= 1);
  });

  it('resets a password and unlocks the account with unicodePwd, and reports refusals', async () => {
    const settings = { ENABLE_ACTIVE_DIRECTORY_UNICODE_PASSWORD: true, AUTO_UNLOCK_ON_PASSWORD_CHANGE: true };
    const made = on(settings);
    profileOf(await made.users.changePassword(login('locked', 'N3w-Passw0rd!'), request()));
    profileOf(await made.users.authenticate(login('locked', 'N3w-Passw0rd!'), request()));
    const weak = await made.users.changePassword(login('bob', 'x'), request());
    assert.ok('failure' in weak && weak.failure.wireName === 'PasswordComplexityError');
    const clear = on(settings, { url: embedded.url });
    const refused = await clear.users.changePassword(login('bob', 'N3w-Passw0rd!'), request());
    assert.ok('failure' in refused && refused.failure.wireName === undefined && /encrypted/.test(JSON.stringify(refused.failure.inner)));
    const rightless = on(settings, { serviceAccount: { dn: 'bob@fabrikam.local', password: 'Passw0rd!' } });
    const rights = await rightless.users.changePassword(login('alice', 'N3w-Passw0rd!'), request());
    assert.ok('failure' in rights && rights.failure.wireName === 'InsufficientAccessRightsError');
  });

  it('lists more than a thousand entries, and stops at a limit', async () => {
    const domain = createDomain();
    for (let i = 0; i < 2345; i++) domain.addUser(`u${i}`, { password: 'Passw0rd!' });
    const big = await startDirectory({ domain });
    try {
      const made = on({}, { url: big.url, serviceAccount: big.serviceAccount });
      const all = await made.users.searchUsers({ pid: 'x', search: '', limit: undefined, escaped: false }, request());
      assert.ok('users' in all && all.users.length >= 2345, JSON.stringify(all).slice(0, 300));
      const some = await made.users.searchUsers({ pid: 'x', search: 'u1', limit: 7, escaped: false }, request());
      assert.ok('users' in some && some.users.length === 7);
      const many = await made.users.searchUsers({ pid: 'x', search: '', limit: 1500, escaped: false }, request());
      assert.ok('users' in many && many.users.length === 1500);
      await made.close();
    } finally {
      await big.stop();
    }
  });

  it('shows how each group was found', async () => {
    const inspection = await on().users.inspect('alice', request());
    assert.deepEqual(
      inspection?.groups?.groups.map(({ value, how, through }) => [value, how, through?.split(',')[0]]),
      [
        ['nest-1', 'direct', undefined],
        ['Domain Users', 'primary', undefined],
        ['nest-2', 'nested', 'CN=nest-1'],
        ['nest-3', 'nested', 'CN=nest-2'],
        ['nest-4', 'nested', 'CN=nest-3'],
        ['circle-a', 'nested', 'CN=nest-4'],
        ['circle-b', 'nested', 'CN=circle-a'],
      ],
    );
    assert.equal(await on().users.inspect('nobody', request()), undefined);
  });
});
