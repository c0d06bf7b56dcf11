/** Passwords on a real 389 Directory Server: the answer to each state of an account, resets, and users' own changes. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type NsSlapd, type NsUserName, startNsSlapd, whyNoNsSlapd } from '@landbridge/lab';
import type { SignInOutcome } from '@landbridge/protocol';
import { errorOf, login, ownChange, request, type UsersOn, usersOn } from '../../../test/users-on.ts';

describe('passwords on 389 Directory Server', { skip: whyNoNsSlapd() }, () => {
  let server: NsSlapd;
  let made: UsersOn;
  before(async () => {
    server = await startNsSlapd();
    made = usersOn({ url: server.ldapsUrl, ca: server.ca, serviceAccount: server.serviceAccount }, { LOCKOUT_RESERVE: 0 });
  });
  after(async () => {
    await made?.close();
    await server?.[Symbol.asyncDispose]();
  });
  const signIn = (name: NsUserName, password = server.users[name].password): Promise<SignInOutcome> =>
    made.users.authenticate(login(server.users[name].uid, password), request());
  const change = async (name: NsUserName, oldPassword: string, password: string): Promise<string> =>
    errorOf(await made.users.changePassword(ownChange(server.users[name].uid, oldPassword, password), request()));

  /** This server answers a change before it updates the account's state: for a moment the old state still holds. */
  async function untilSignedIn(name: NsUserName, password: string, expected: string): Promise<void> {
    const deadline = Date.now() + 30_000;
    for (;;) {
      const answer = errorOf(await signIn(name, password));
      if (answer === expected || Date.now() > deadline) return assert.equal(answer, expected, name);
      await delay(20);
    }
  }

  it('reveal their state at a sign-in', async () => {
    const answers: [NsUserName, string, string][] = [
      ['active', 'ok', 'WrongPassword'],
      ['expiring', 'ok', 'WrongPassword'],
      ['expired', 'PasswordExpired', 'WrongPassword'],
      ['mustChange', 'PasswordChangeRequired', 'WrongPassword'],
      // It answers so before it checks the password.
      ['disabled', 'AccountDisabled', 'AccountDisabled'],
    ];
    for (const [name, right, wrong] of answers) {
      assert.equal(errorOf(await signIn(name)), right, name);
      assert.equal(errorOf(await signIn(name, 'wrong')), wrong, name);
    }
    const counts = [];
    for (let n = 0; n < 6; n++) counts.push(errorOf(await signIn('retries', 'wrong')));
    assert.deepEqual(counts, [...Array(5).fill('WrongPassword'), 'AccountLocked']);
    assert.equal(errorOf(await signIn('retries')), 'AccountLocked');
  });

  it('are warned of in the profile if they expire soon, or if few grace logins are left', async () => {
    const [active, expiring, grace] = [await signIn('active'), await signIn('expiring'), await signIn('grace')];
    assert.ok('profile' in active && 'profile' in expiring && 'profile' in grace);
    assert.equal('passwordExpiresAt' in active.profile, false);
    // The first sign-in within the warning period moves the expiry to a whole such period from then, here a day.
    const leftMs = Date.parse(String(expiring.profile.passwordExpiresAt)) - Date.now();
    assert.ok(leftMs > 0 && leftMs <= 86_400_000, String(leftMs));
    assert.equal(grace.profile.passwordGraceLogins, 1);
  });

  it('are changed by users with the old one, even if it has expired or must be changed', async () => {
    for (const [n, name] of (['active', 'expired', 'mustChange'] as const).entries()) {
      const old = server.users[name].password;
      const fresh = `Kx7-violet-Moon-${n}`;
      assert.equal(await change(name, 'wrong', fresh), 'WrongPassword', name);
      assert.equal(await change(name, old, 'short'), 'PasswordComplexityError', name);
      assert.equal(await change(name, old, fresh), 'ok', name);
      // With passwordMustChange this server treats a change through the service account as an administrator's.
      await untilSignedIn(name, fresh, name === 'expired' ? 'PasswordChangeRequired' : 'ok');
      assert.equal(errorOf(await signIn(name, old)), 'WrongPassword', name);
    }
    assert.equal(await change('disabled', server.users.disabled.password, 'Kx7-violet-Moon-9'), 'AccountDisabled');
    assert.doesNotMatch(made.lines.join(''), /Secret-of|Kx7-violet/);
  });

  it('are reset by the service account, which unlocks the account', async () => {
    const { uid } = server.users.retries;
    assert.equal(errorOf(await made.users.changePassword(login(uid, 'short'), request())), 'PasswordComplexityError');
    assert.ok(made.lines.some((line) => line.includes('insufficientPasswordQuality')));
    assert.equal(errorOf(await made.users.changePassword(login(uid, 'Kx7-violet-Moon-7'), request())), 'ok');
    await untilSignedIn('retries', 'Kx7-violet-Moon-7', 'ok');
    const mustChange = usersOn(
      { url: server.ldapsUrl, ca: server.ca, serviceAccount: server.serviceAccount },
      { MUST_CHANGE_PASSWORD_AFTER_RESET: true },
    );
    assert.match(errorOf(await mustChange.users.changePassword(login(uid, 'Kx7-violet-Moon-5'), request())), /MUST_CHANGE_UNSUPPORTED/);
    await mustChange.close();
    assert.equal(await change('retries', 'Kx7-violet-Moon-7', 'Kx7-violet-Moon-8'), 'ok');
    assert.equal(errorOf(await signIn('retries', 'Kx7-violet-Moon-8')), 'ok');
  });
});
