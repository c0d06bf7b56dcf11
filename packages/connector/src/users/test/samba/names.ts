/** Names on a real domain controller: in every script, and as mail addresses. */
import assert from 'node:assert/strict';
import { after, it } from 'node:test';
import type { SambaDomainController } from '@landbridge/lab';
import { login, request, type UsersOn, usersOn } from '../../../../test/users-on.ts';
import type { ConnectorSettings } from '../../../config/settings.ts';

export function registerNamesTests(dc: () => SambaDomainController): void {
  const open: UsersOn[] = [];
  after(async () => {
    for (const one of open) await one.close();
  });
  function on(settings: Partial<ConnectorSettings> = {}, target: Partial<Parameters<typeof usersOn>[0]> = {}): UsersOn {
    const made = usersOn({ url: dc().ldapsUrl, ca: dc().caPem, serviceAccount: dc().serviceAccount, ...target }, settings);
    open.push(made);
    return made;
  }
  /** @returns the account name of the user who signed in; else the name of the error */
  async function signIn(made: UsersOn, name: string, password = dc().password): Promise<unknown> {
    const answer = await made.users.authenticate(login(name, password), request());
    return 'failure' in answer ? (answer.failure.wireName ?? JSON.stringify(answer.failure)) : answer.profile.sAMAccountName;
  }
  const inManyScripts = () => {
    const { turkish, greek, cyrillic, japanese, emoji, combining } = dc().users;
    return [turkish, greek, cyrillic, japanese, emoji, combining];
  };

  it('may be written in any script, with precomposed or decomposed accents', async () => {
    const made = on();
    for (const { name, cn, groups } of inManyScripts()) {
      for (const typed of new Set([name, name.normalize('NFC'), name.normalize('NFD'), `${dc().netbiosName}\\${name}`])) {
        const answer = await made.users.authenticate(login(typed, dc().password), request());
        assert.ok('profile' in answer, `${typed}: ${JSON.stringify(answer)}`);
        assert.equal(answer.profile.sAMAccountName, name);
        assert.equal(String(answer.profile.dn).split(',')[0], `CN=${cn}`);
        for (const group of groups) assert.ok(Array.isArray(answer.profile.groups) && answer.profile.groups.includes(group), group);
      }
      assert.equal(await signIn(made, name, 'wrong'), 'WrongPassword');
    }
    for (const name of ['ipek.isik', 'юлия.щукинa', '山田太朗', 'smile😁', '\u200balice']) {
      assert.equal(await signIn(made, name), 'WrongUsername', name);
    }
  });

  it('in any script are found by a search, and so are their groups', async () => {
    const made = on();
    for (const { name } of inManyScripts()) {
      const found = await made.users.searchUsers({ pid: 'x', search: name, limit: 5, escaped: false }, request());
      assert.ok('users' in found);
      assert.ok(
        found.users.some((user) => user.sAMAccountName === name),
        name,
      );
    }
    const listed = await made.users.listGroups({ pid: 'x', limit: undefined }, request());
    const [unicodeGroup] = dc().users.turkish.groups;
    assert.ok('groups' in listed && unicodeGroup !== undefined && listed.groups.includes(unicodeGroup));
  });

  it('of computers are not user names, unless the settings say so', async () => {
    const computer = `${dc().hostName.split('.')[0]}$`;
    assert.equal(await on().users.inspect(computer, request()), undefined);
    assert.ok((await on({ LDAP_USER_BY_NAME: '(sAMAccountName={0})' }).users.inspect(computer, request())) !== undefined);
    const found = await on().users.searchUsers({ pid: 'x', search: '', limit: undefined, escaped: false }, request());
    assert.ok('users' in found && found.users.length > 0);
    assert.deepEqual(
      found.users.filter(({ sAMAccountName }) => String(sAMAccountName).endsWith('$')),
      [],
    );
  });

  it('may be mail addresses with LDAP_USER_BY_MAIL', async () => {
    const { alice } = dc().users;
    const byMail = on({ LDAP_USER_BY_MAIL: true });
    assert.equal(await signIn(byMail, alice.mail.toUpperCase()), 'alice');
    assert.equal(await signIn(byMail, 'nobody@nowhere.example'), 'WrongUsername');
  });

  it('become DNs with LDAP_USER_DN and no service account', async () => {
    const { alice, weird, jdoe, emoji } = dc().users;
    const above = alice.dn.slice(alice.dn.indexOf(',') + 1);
    const made = on({ LDAP_USER_DN: `CN={0},${above}` }, { serviceAccount: 'none' });
    for (const user of [alice, weird, jdoe, emoji]) assert.equal(await signIn(made, user.cn), user.name);
    assert.equal(await signIn(made, alice.cn, 'wrong'), 'WrongPassword');
    assert.equal(await signIn(made, 'nobody'), 'WrongPassword');
  });

  it('are not found anonymously in a domain that does not allow it', async () => {
    const answer = await on({}, { serviceAccount: undefined }).users.authenticate(login('alice', dc().password), request());
    assert.ok('failure' in answer && answer.failure.wireName === undefined);
    assert.match(JSON.stringify(answer.failure.inner), /LDAP_RESULT/);
  });
}
