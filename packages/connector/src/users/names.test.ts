/** Which names find which users: mail addresses, ambiguous names, and names in every script. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createDomain, startDirectory } from '@landbridge/directory';
import { type Slapd, startSlapd, whyNoSlapd } from '@landbridge/lab';
import { login, request, type UsersOn, usersOn } from '../../test/users-on.ts';
import type { ConnectorSettings } from '../config/settings.ts';
import { UNICODE_GROUP, UNICODE_STRANGERS, UNICODE_USERS } from './test/unicode.ts';

const PASSWORD = 'Passw0rd!';

/** @returns this attribute of the profile; else the name of the error */
async function signIn(made: UsersOn, name: string, attribute: string, password = PASSWORD): Promise<unknown> {
  const answer = await made.users.authenticate(login(name, password), request());
  return 'failure' in answer ? (answer.failure.wireName ?? JSON.stringify(answer.failure)) : answer.profile[attribute];
}

/** Sign-ins, groups, attributes and lists. @param id the profile attribute with the name */
async function speaksEveryScript(made: UsersOn, id: string): Promise<void> {
  for (const { name, cn, typed } of UNICODE_USERS) {
    for (const spelling of [name, ...typed]) {
      const answer = await made.users.authenticate(login(spelling, PASSWORD), request());
      assert.ok('profile' in answer, `${spelling}: ${JSON.stringify(answer)}`);
      assert.equal(answer.profile[id], name);
      assert.equal(answer.profile.displayName, cn);
      assert.ok(
        Array.isArray(answer.profile.groups) && answer.profile.groups.includes(UNICODE_GROUP),
        JSON.stringify(answer.profile.groups),
      );
    }
    const found = await made.users.searchUsers({ pid: 'x', search: name, limit: 5, escaped: false }, request());
    assert.ok('users' in found);
    assert.deepEqual(
      found.users.map((user) => user[id]),
      [name],
    );
  }
  for (const name of UNICODE_STRANGERS) assert.equal(await signIn(made, name, id), 'WrongUsername', name);
  const listed = await made.users.listGroups({ pid: 'x', limit: undefined }, request());
  assert.ok('groups' in listed && listed.groups.includes(UNICODE_GROUP));
}

describe('names on Active Directory', () => {
  const domain = createDomain({ dnsName: 'fabrikam.local' });
  const add = (name: string, attributes: Record<string, string | string[]> = {}) =>
    domain.addUser(name, { password: PASSWORD, attributes: { displayName: name, ...attributes } });
  add('anna', { mail: 'anna@brand.example', proxyAddresses: ['SMTP:anna@brand.example', 'smtp:a.abel@old.example', 'x400:c=de'] });
  add('ben', { mail: 'shared@brand.example' });
  add('cleo', { proxyAddresses: ['smtp:shared@brand.example'] });
  // Users who may write their mail attribute could write another user's name into it.
  add('mallory', { mail: 'anna@fabrikam.local', proxyAddresses: ['smtp:dora@sso.example'] });
  add('dora', { userPrincipalName: 'dora@sso.example' });
  const group = domain.addGroup(UNICODE_GROUP);
  for (const { name, cn } of UNICODE_USERS) {
    const user = domain.addUser(name, { password: PASSWORD, cn, attributes: { displayName: cn } });
    domain.addMember(group, user);
  }
  let embedded: Awaited<ReturnType<typeof startDirectory>>;
  const open: UsersOn[] = [];
  const on = (settings: Partial<ConnectorSettings>) => {
    const made = usersOn({ url: embedded.url, serviceAccount: embedded.serviceAccount }, settings);
    open.push(made);
    return made;
  };
  before(async () => {
    embedded = await startDirectory({ domain });
  });
  after(async () => {
    for (const one of open) await one.close();
    await embedded?.stop();
  });

  it('include every mail address of a mailbox', async () => {
    const byMail = on({});
    for (const name of [
      'anna@brand.example',
      'ANNA@Brand.example',
      'a.abel@old.example',
      'anna',
      'FABRIKAM\\anna',
      'anna@fabrikam.local',
    ]) {
      assert.equal(await signIn(byMail, name, 'sAMAccountName'), 'anna', name);
    }
    for (const name of ['c=de', '*@brand.example', 'a*@brand.example', '@', 'nobody@brand.example', 'SMTP:anna@brand.example']) {
      assert.equal(await signIn(byMail, name, 'sAMAccountName'), 'WrongUsername', name);
    }
    for (const settings of [{ LDAP_USER_BY_MAIL: false }, { LDAP_USER_BY_NAME: '(sAMAccountName={0})' }]) {
      assert.equal(await signIn(on(settings), 'anna@brand.example', 'sAMAccountName'), 'WrongUsername', JSON.stringify(settings));
    }
  });

  it('are no mail addresses if a ticket or proxy proves them, unless LDAP_USER_BY_MAIL is on', async () => {
    const verified = async (settings: Partial<ConnectorSettings>, identity: { name: string; subject?: string }) => {
      const outcome = await on(settings).users.signInVerified(identity, request());
      return 'profile' in outcome ? outcome : undefined;
    };
    // A ticket of a trusted realm must not sign in as the user who has its name as a mail address.
    assert.equal(await verified({}, { name: 'anna@brand.example' }), undefined);
    const found = await verified({ LDAP_USER_BY_MAIL: true }, { name: 'anna@brand.example' });
    assert.equal(found?.profile.sAMAccountName, 'anna');
    // A session of a user who typed the address.
    assert.ok(await verified({}, { name: 'anna@brand.example', subject: found?.subject ?? '' }));
    assert.equal(await verified({}, { name: 'anna@brand.example', subject: 'another' }), undefined);
  });

  it('need the same searches whether they exist or not', async () => {
    const made = on({});
    const searches = async (name: string) => {
      await signIn(made, name, 'sAMAccountName');
      const before = embedded.operations.counts.search;
      await signIn(made, name, 'sAMAccountName', 'wrong');
      return embedded.operations.counts.search - before;
    };
    const counts = new Map<string, number>();
    for (const name of ['nobody@brand.example', 'anna@brand.example', 'dora@sso.example', 'shared@brand.example'])
      counts.set(name, await searches(name));
    assert.deepEqual([...new Set(counts.values())].length, 1, JSON.stringify([...counts]));
  });

  it('do not include a mail address of two users, and the log says how many there are', async () => {
    const made = on({});
    embedded.operations.reset();
    assert.equal(await signIn(made, 'shared@brand.example', 'sAMAccountName'), 'WrongUsername');
    assert.ok(made.lines.some((line) => line.includes('2 entries match') && line.includes('CN=ben') && line.includes('CN=cleo')));
    for (const { dn } of [...(domain.tree.withValue('mail', 'shared@brand.example') ?? [])]) {
      assert.equal(embedded.operations.bindAttempts(dn), 0);
    }
  });

  it('mean the user with this account or principal name, not one with this mail address', async () => {
    const made = on({});
    assert.equal(await signIn(made, 'dora@sso.example', 'sAMAccountName'), 'dora');
    assert.equal(await signIn(made, 'anna@fabrikam.local', 'sAMAccountName'), 'anna');
  });

  it('follow LDAP_USER_BY_NAME, but never mean one of several users', async () => {
    const made = on({ LDAP_USER_BY_NAME: '(|(mail={0})(proxyAddresses=smtp:{0}))', LDAP_USER_BY_MAIL: true });
    embedded.operations.reset();
    assert.equal(await signIn(made, 'shared@brand.example', 'sAMAccountName'), 'WrongUsername');
    for (const { dn } of [...(domain.tree.withValue('mail', 'shared@brand.example') ?? [])]) {
      assert.equal(embedded.operations.bindAttempts(dn), 0);
    }
    assert.equal(await signIn(made, 'anna@brand.example', 'sAMAccountName'), 'anna');
    const both = on({ LDAP_USER_BY_NAME: '(cn={0})', LDAP_USER_BY_MAIL: true });
    assert.equal(await signIn(both, 'anna', 'sAMAccountName'), 'anna');
    assert.equal(await signIn(both, 'a.abel@old.example', 'sAMAccountName'), 'anna');
  });

  it('may be written in any script', () => speaksEveryScript(on({}), 'sAMAccountName'));
});

describe('names on OpenLDAP', { skip: whyNoSlapd() }, () => {
  const people = 'ou=people,dc=example,dc=org';
  const user = (uid: string, cn: string, attributes: Record<string, string[]> = {}) => ({
    dn: `uid=${uid},${people}`,
    attributes: {
      objectClass: ['inetOrgPerson'],
      uid: [uid],
      cn: [cn],
      sn: [cn],
      displayName: [cn],
      userPassword: [PASSWORD],
      ...attributes,
    },
  });
  let slapd: Slapd;
  const open: UsersOn[] = [];
  const on = (settings: Partial<ConnectorSettings>) => {
    const made = usersOn({ url: slapd.url, serviceAccount: slapd.serviceAccount }, settings);
    open.push(made);
    return made;
  };
  before(async () => {
    slapd = await startSlapd({
      users: 20,
      entries: [
        { dn: `ou=more,${people}`, attributes: { objectClass: ['organizationalUnit'], ou: ['more'] } },
        user('first', 'First', { mail: ['first@brand.example', 'shared@brand.example'] }),
        user('second', 'Second', { mail: ['shared@brand.example'] }),
        ...['', 'ou=more,'].map((unit) => ({ ...user('twin', 'Twin'), dn: `uid=twin,${unit}${people}` })),
        ...UNICODE_USERS.map(({ name, cn }) => user(name, cn)),
        {
          dn: `cn=${UNICODE_GROUP},ou=groups,dc=example,dc=org`,
          attributes: {
            objectClass: ['groupOfNames'],
            cn: [UNICODE_GROUP],
            member: UNICODE_USERS.map(({ name }) => `uid=${name},${people}`),
          },
        },
      ],
    });
  });
  after(async () => {
    for (const one of open) await one.close();
    await slapd?.[Symbol.asyncDispose]();
  });

  it('include a mail address, unless two users have it, and the domain of the directory', async () => {
    const made = on({});
    for (const name of ['first@example.org', 'FIRST@Example.ORG', 'EXAMPLE\\first', 'example.org\\first']) {
      assert.equal(await signIn(made, name, 'id'), 'first', name);
    }
    for (const name of ['first@example.com', 'OTHER\\first', '\\first', 'EXAMPLE\\', '@example.org'])
      assert.equal(await signIn(made, name, 'id'), 'WrongUsername', name);
    assert.equal(await signIn(made, 'First@brand.example', 'id'), 'first');
    assert.equal(await signIn(made, 'first', 'id'), 'first');
    assert.equal(await signIn(made, 'shared@brand.example', 'id'), 'WrongUsername');
    assert.ok(made.lines.some((line) => line.includes('2 entries match')));
    assert.equal(await signIn(on({ LDAP_USER_BY_MAIL: false }), 'first@brand.example', 'id'), 'WrongUsername');
  });

  it('of two users find neither, with any filter and in both ways to sign in', async () => {
    for (const settings of [{}, { LDAP_USER_BY_NAME: '(uid={0})' }]) {
      const made = on(settings);
      assert.equal(await signIn(made, 'twin', 'id'), 'WrongUsername');
      const verified = await made.users.signInVerified({ name: 'twin' }, request());
      assert.equal('failure' in verified && verified.failure.wireName, 'WrongUsername');
      const claims = { pid: 'x', username: 'twin', password: 'New-Passw0rd', escaped: false };
      const reset = await made.users.changePassword(claims, request());
      assert.deepEqual('failure' in reset && [reset.failure.wireName, reset.failure.isAmbiguous], ['WrongUsername', true]);
      assert.equal(made.lines.filter((line) => line.includes('2 entries match') && line.includes('ou=more')).length, 3);
      await assert.rejects(made.users.inspect('twin', request()), { code: 'USER_NAME_AMBIGUOUS' });
      const steps: string[] = [];
      await made.users.authenticate(login('twin', PASSWORD), {
        ...request(),
        onStep: ({ name, outcome }) => steps.push(`${name}: ${outcome}`),
      });
      assert.deepEqual(steps, ['find: Ambiguous user name: 2 entries match, so none is used']);
      for (const [name, isAmbiguous] of [
        ['twin', true],
        ['nobody', undefined],
      ] as const) {
        const outcome = await made.users.authenticate(login(name, PASSWORD), request());
        assert.deepEqual('failure' in outcome && [outcome.failure.wireName, outcome.failure.isAmbiguous], ['WrongUsername', isAmbiguous]);
      }
    }
  });

  it('may be written in any script', () => speaksEveryScript(on({}), 'id'));
});
