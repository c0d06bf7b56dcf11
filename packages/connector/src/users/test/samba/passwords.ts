/** Password changes on a real Active Directory. */
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type { SambaDomainController, SambaUserName } from '@landbridge/lab';
import { errorOf, login, ownChange, request, type UsersOn, usersOn } from '../../../../test/users-on.ts';
import { rawAttribute } from '../../../ldap/entry.ts';
import { parseFilter, withValue } from '../../../ldap/filter.ts';

const PRESENT = withValue(parseFilter('(objectClass=*)'), '');

export function registerPasswordsTests(dc: () => SambaDomainController): void {
  const open: UsersOn[] = [];
  function on(settings: Parameters<typeof usersOn>[1] = {}, serviceAccount = dc().resetAccount): UsersOn {
    const made = usersOn({ url: dc().ldapsUrl, ca: dc().caPem, serviceAccount }, settings);
    open.push(made);
    return made;
  }
  const nameOf = (user: SambaUserName) => dc().users[user].name;
  const signIn = async (made: UsersOn, user: SambaUserName, password: string) =>
    errorOf(await made.users.authenticate(login(nameOf(user), password), request()));
  const reset = async (made: UsersOn, user: SambaUserName, password: string) =>
    errorOf(await made.users.changePassword(login(nameOf(user), password), request()));
  const change = async (made: UsersOn, user: SambaUserName, old: string, password: string) =>
    errorOf(await made.users.changePassword(ownChange(nameOf(user), old, password), request()));
  /** As text, like a profile mapper sees it. */
  async function read(dn: string, attribute: string): Promise<string> {
    const request = { searchBase: dn, scope: 'base', filter: PRESENT, attributes: [attribute] } as const;
    const [entry] = (await on({}, dc().administrator).directory.search(request)).entries;
    assert.ok(entry);
    return String(rawAttribute(entry, attribute));
  }
  const badPwdCount = async (user: SambaUserName) => Number(await read(dc().users[user].dn, 'badPwdCount'));
  const noSecretIn = (made: UsersOn) => {
    const text = made.lines.join('');
    assert.ok(!text.includes(dc().password) && !text.includes('new-Secret'), text);
  };

  before(() => dc().reset());
  after(async () => {
    for (const made of open) await made.close();
    await dc().reset();
  });

  it('are warned of in the profile if they expire soon', async () => {
    const made = on();
    const profileOf = async (user: SambaUserName) => {
      const answer = await made.users.authenticate(login(nameOf(user), dc().password), request());
      assert.ok('profile' in answer, JSON.stringify(answer));
      return answer.profile;
    };
    const leftMs = Date.parse(String((await profileOf('pwd-expiring')).passwordExpiresAt)) - Date.now();
    assert.ok(leftMs > 86_400_000 && leftMs <= 2 * 86_400_000, String(leftMs));
    for (const user of ['alice', 'pwd-never-expires'] as const) assert.equal('passwordExpiresAt' in (await profileOf(user)), false, user);
  });

  it('are changed by users over a powerless account, even if they have expired or must be changed', async () => {
    const made = on({}, dc().serviceAccount);
    for (const user of ['carol', 'must-change', 'pwd-expired'] as const) {
      const old = dc().password;
      const fresh = `new-Secret-0f-${user}`;
      assert.equal(await change(made, user, 'wrong-0ld-One', fresh), 'WrongPassword', user);
      assert.equal(await badPwdCount(user), 1, `${user}: a wrong old password is counted, and once`);
      assert.equal(await change(made, user, '', fresh), 'WrongPassword', user);
      assert.equal(await badPwdCount(user), 1, user);
      assert.equal(await change(made, user, old, 'short'), 'PasswordComplexityError', user);
      assert.equal(await change(made, user, old, fresh), 'ok', user);
      assert.equal(await signIn(made, user, fresh), 'ok', user);
      assert.equal(await reset(made, user, 'another-new-Secret-1'), 'InsufficientAccessRightsError', user);
    }
    assert.ok(
      made.lines.some((line) => line.includes('0000052D')),
      'the operator reads the directory’s own reason',
    );
    noSecretIn(made);
  });

  it('are not changed by users while the account is locked', async () => {
    const made = on({}, dc().serviceAccount);
    for (let tries = 0; (await signIn(made, 'locked', 'wrong-One-1')) !== 'AccountLocked'; tries++) assert.ok(tries < 20);
    assert.equal(await change(made, 'locked', dc().password, 'new-Secret-0f-locked'), 'AccountLocked');
  });

  it('are reset by the service account, with unlocking and a required change if set', async () => {
    const made = on({ AUTO_UNLOCK_ON_PASSWORD_CHANGE: true });
    assert.equal(await reset(made, 'locked', 'short'), 'PasswordComplexityError');
    assert.equal(await signIn(made, 'locked', dc().password), 'AccountLocked');
    assert.equal(await reset(made, 'locked', 'new-Secret-0f-locked'), 'ok');
    assert.equal(await signIn(made, 'locked', 'new-Secret-0f-locked'), 'ok');
    const mustChange = on({ MUST_CHANGE_PASSWORD_AFTER_RESET: true });
    assert.equal(await reset(mustChange, 'bob', 'new-Secret-0f-bob'), 'ok');
    assert.equal(await signIn(mustChange, 'bob', 'new-Secret-0f-bob'), 'PasswordChangeRequired');
    assert.equal(await change(mustChange, 'bob', 'new-Secret-0f-bob', 'newer-new-Secret-0f-bob'), 'ok');
    assert.equal(await signIn(mustChange, 'bob', 'newer-new-Secret-0f-bob'), 'ok');
    noSecretIn(made);
    noSecretIn(mustChange);
  });

  it('are reset even if the service account may not unlock, which is logged', async () => {
    const { dn } = dc().users.carol;
    // Writing lockoutTime, by its schemaIDGUID.
    const denied = `(OD;;WP;28630ebf-41d5-11d1-a9c1-0000f80367c1;;${await read(dc().resetAccount.dn, 'objectSid')})`;
    await dc().exec('samba-tool', ['dsacl', 'set', `--objectdn=${dn}`, `--sddl=${denied}`]);
    const made = on({ AUTO_UNLOCK_ON_PASSWORD_CHANGE: true });
    assert.equal(await reset(made, 'carol', 'unlockless-new-Secret-1'), 'ok');
    assert.equal(await signIn(made, 'carol', 'unlockless-new-Secret-1'), 'ok');
    assert.ok(made.lines.some((line) => line.includes('lockoutTime')));
    const strict = on({ AUTO_UNLOCK_ON_PASSWORD_CHANGE: true }, dc().serviceAccount);
    assert.equal(await reset(strict, 'carol', 'unlockless-new-Secret-2'), 'InsufficientAccessRightsError');
  });
}
