/** Passwords on a real OpenLDAP with policies: warnings at a sign-in, resets, and users' own changes. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Slapd, startSlapd, whyNoSlapd } from '@landbridge/lab';
import { errorOf, login, ownChange, request, type UsersOn, usersOn } from '../../../test/users-on.ts';

const BASE_DN = 'dc=example,dc=org';
const DAY_MS = 86_400_000;
const generalizedTime = (ms: number) => `${new Date(ms).toISOString().replace(/[-:T]|\..*/g, '')}Z`;
const policy = (cn: string, attributes: Record<string, string[]>) => ({
  dn: `cn=${cn},ou=policies,${BASE_DN}`,
  attributes: { objectClass: ['pwdPolicy', 'device'], cn: [cn], pwdAttribute: ['userPassword'], ...attributes },
});
const user = (uid: string, policyName: string, attributes: Record<string, string[]>) => ({
  dn: `uid=${uid},ou=people,${BASE_DN}`,
  attributes: {
    objectClass: ['inetOrgPerson'],
    uid: [uid],
    cn: [uid],
    sn: [uid],
    userPassword: [`old-secret-${uid}`],
    pwdPolicySubentry: [`cn=${policyName},ou=policies,${BASE_DN}`],
    ...attributes,
  },
});

describe('passwords on OpenLDAP', { skip: whyNoSlapd() }, () => {
  let slapd: Slapd;
  const open: UsersOn[] = [];
  before(async () => {
    const now = Date.now();
    const limits = { pwdMaxAge: [String(10 * 86_400)], pwdCheckQuality: ['2'], pwdMinLength: ['12'], pwdInHistory: ['2'] };
    const changed = (days: number) => ({ pwdChangedTime: [generalizedTime(now - days * DAY_MS)] });
    slapd = await startSlapd({
      users: 3,
      serviceAccountResetsPasswords: true,
      // To renew an expired password, the service account also needs the right to compare it (auth, x).
      access: `access to attrs=pwdReset by dn.exact="cn=service,ou=accounts,${BASE_DN}" write by * none
access to dn.exact="uid=expired,ou=people,${BASE_DN}" attrs=userPassword
  by dn.exact="cn=service,ou=accounts,${BASE_DN}" =wx by anonymous auth by * none`,
      entries: [
        policy('practice', {
          ...limits,
          pwdExpireWarning: [String(3 * 86_400)],
          pwdLockout: ['TRUE'],
          pwdMaxFailure: ['5'],
          pwdMustChange: ['TRUE'],
        }),
        policy('grace', { ...limits, pwdGraceAuthnLimit: ['2'] }),
        policy('not-allowed', { pwdAllowUserChange: ['FALSE'] }),
        user('fresh', 'practice', changed(0)),
        user('soon', 'practice', changed(8)),
        user('expired', 'practice', changed(11)),
        user('expired.too', 'practice', changed(11)),
        user('must.renew', 'practice', { ...changed(1), pwdReset: ['TRUE'] }),
        user('grace', 'grace', changed(11)),
        user('forbidden', 'not-allowed', {}),
        user('is.locked', 'practice', { ...changed(1), pwdAccountLockedTime: ['000001010000Z'] }),
        user('reset', 'practice', changed(1)),
      ],
    });
  });
  after(async () => {
    for (const one of open) await one.close();
    await slapd?.[Symbol.asyncDispose]();
  });
  function on(settings: Parameters<typeof usersOn>[1] = {}, mapper?: string): UsersOn {
    const made = usersOn({ url: slapd.ldapsUrl, ca: slapd.ca, serviceAccount: slapd.serviceAccount }, settings, mapper);
    open.push(made);
    return made;
  }
  const noSecretIn = (made: UsersOn) => assert.doesNotMatch(made.lines.join(''), /old-secret|new-secret/);
  async function signIn(made: UsersOn, uid: string, password: string): Promise<string> {
    return errorOf(await made.users.authenticate(login(uid, password), request()));
  }

  it('are warned of in the profile, but only if necessary', async () => {
    const made = on();
    await made.directory.rootDse();
    const profileOf = async (from: UsersOn, uid: string) => {
      const answer = await from.users.authenticate(login(uid, `old-secret-${uid}`), request());
      assert.ok('profile' in answer, JSON.stringify(answer));
      return answer.profile;
    };
    assert.equal('passwordExpiresAt' in (await profileOf(made, 'fresh')), false);
    const expiresAt = Date.parse(String((await profileOf(made, 'soon')).passwordExpiresAt));
    assert.ok(Math.abs(expiresAt - (Date.now() + 2 * DAY_MS)) < 3_600_000, new Date(expiresAt).toISOString());
    for (const settings of [{ PASSWORD_EXPIRY_WARNING_DAYS: 0 }, { PASSWORD_EXPIRY_WARNING_DAYS: 1 }]) {
      const quiet = on(settings);
      await quiet.directory.rootDse();
      assert.equal('passwordExpiresAt' in (await profileOf(quiet, 'soon')), false);
    }
    const custom = on(
      {},
      'module.exports = function (raw) { return { id: raw.uid, until: raw.passwordExpiresAt, left: raw.passwordGraceLogins }; };',
    );
    await custom.directory.rootDse();
    assert.match(String((await profileOf(custom, 'soon')).until), /^\d{4}-\d\d-\d\dT/);

    assert.equal((await profileOf(made, 'grace')).passwordGraceLogins, 1);
    assert.ok(
      made.lines.some((line) => line.includes('uid=grace') && line.includes('"level":"warn"') && line.includes('expired password')),
    );
    assert.equal((await profileOf(custom, 'grace')).left, 0);
    assert.equal(await signIn(made, 'grace', 'old-secret-grace'), 'PasswordExpired');
    noSecretIn(made);
  });

  it('are changed by users with the old one, even if it has expired or must be changed', async () => {
    const made = on();
    const change = async (uid: string, old: string, fresh: string) =>
      errorOf(await made.users.changePassword(ownChange(uid, old, fresh), request()));
    for (const uid of ['fresh', 'expired', 'must.renew']) {
      const old = `old-secret-${uid}`;
      const fresh = `new-secret-${uid}`;
      assert.equal(await change(uid, 'wrong', fresh), 'WrongPassword', uid);
      assert.equal(await change(uid, '', fresh), 'WrongPassword', uid);
      assert.equal(await change(uid, old, ''), 'PasswordComplexityError', uid);
      assert.equal(await change(uid, old, 'short'), 'PasswordComplexityError', uid);
      assert.equal(await change(uid, old, fresh), 'ok', made.lines.slice(-3).join(''));
      assert.equal(await signIn(made, uid, fresh), 'ok', uid);
      assert.equal(await signIn(made, uid, old), 'WrongPassword', uid);
    }
    assert.equal(await change('expired.too', 'old-secret-expired.too', 'new-secret-expired'), 'InsufficientAccessRightsError');
    assert.equal(await change('fresh', 'new-secret-fresh', 'old-secret-fresh'), 'PasswordComplexityError');
    assert.ok(
      made.lines.some((line) => line.includes('passwordInHistory')),
      'the operator reads the directory’s own reason',
    );
    assert.equal(await change('forbidden', 'old-secret-forbidden', 'new-secret-forbidden'), 'InsufficientAccessRightsError');
    assert.equal(await change('is.locked', 'old-secret-is.locked', 'new-secret-locked'), 'AccountLocked');
    assert.equal(await change('nobody', 'old-secret', 'new-secret'), 'WrongUsername');
    noSecretIn(made);
  });

  it('require the old one, whatever the hub omits, never send an empty one, and send a wrong one once', async () => {
    const made = on();
    await made.directory.rootDse();
    const dn = `uid=soon,ou=people,${BASE_DN}`;
    const earlier = (await slapd.operations()).length;
    for (const old of ['', 'wrong']) await made.users.changePassword(ownChange('soon', old, 'new-secret-soon'), request());
    const asked = (await slapd.operations()).slice(earlier).filter((operation) => operation.kind !== 'search');
    assert.deepEqual(
      asked.map(({ kind, dn: bound }) => [kind, bound]),
      [
        // The service account's, for the searches.
        ...asked.filter(({ dn: bound }) => bound === slapd.serviceAccount.dn).map(({ kind, dn: bound }) => [kind, bound]),
        ['bind', dn],
      ],
    );
    assert.equal(await signIn(made, 'soon', 'old-secret-soon'), 'ok');
  });

  it('are reset by the service account, and must then be changed if MUST_CHANGE_PASSWORD_AFTER_RESET is set', async () => {
    const made = on();
    const reset = async (from: UsersOn, uid: string, password: string) =>
      errorOf(await from.users.changePassword(login(uid, password), request()));
    assert.equal(await reset(made, 'reset', 'short'), 'PasswordComplexityError');
    assert.ok(
      made.lines.some((line) => line.includes('passwordTooShort')),
      made.lines.join(''),
    );
    const mustChange = on({ MUST_CHANGE_PASSWORD_AFTER_RESET: true, AUTO_UNLOCK_ON_PASSWORD_CHANGE: true });
    assert.equal(await reset(mustChange, 'reset', 'new-secret-reset-1'), 'ok');
    assert.equal(await signIn(mustChange, 'reset', 'new-secret-reset-1'), 'PasswordChangeRequired');
    assert.equal(errorOf(await made.users.changePassword(ownChange('reset', 'new-secret-reset-1', 'new-secret-reset-2'), request())), 'ok');
    assert.equal(await signIn(made, 'reset', 'new-secret-reset-2'), 'ok');
    noSecretIn(made);
    noSecretIn(mustChange);
  });

  it('are changed in clear text, except in directories like Active Directory', async () => {
    const clear = usersOn({ url: slapd.url, serviceAccount: slapd.serviceAccount }, { ENABLE_ACTIVE_DIRECTORY_UNICODE_PASSWORD: true });
    open.push(clear);
    for (const claims of [login('fresh', 'new-secret-x'), ownChange('fresh', 'old-secret-fresh', 'new-secret-x')]) {
      assert.match(errorOf(await clear.users.changePassword(claims, request())), /PASSWORD_NOT_ENCRYPTED/);
    }
  });
});
