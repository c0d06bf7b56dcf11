/** Denials and rate limits by the connector itself, with a real OpenLDAP. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Slapd, startSlapd, whyNoSlapd } from '@landbridge/lab';
import { encodeAnswer } from '@landbridge/protocol';
import { createLog } from '@landbridge/runtime';
import { errorOf, login, ownChange, request, type UsersOn, usersOn } from '../../test/users-on.ts';
import type { ConnectorSettings } from '../config/settings.ts';
import { parseFilter, withValue } from '../ldap/filter.ts';
import { createIsDenied } from './denial.ts';

const PASSWORD = 'Kx7-violet-Moon';

describe('DENY_SIGN_IN and rate limits', { skip: whyNoSlapd() }, () => {
  let slapd: Slapd;
  const made: UsersOn[] = [];
  before(async () => {
    const entry = (uid: string, more: Record<string, string[]> = {}) => ({
      dn: `uid=${uid},ou=people,dc=example,dc=org`,
      attributes: {
        objectClass: ['inetOrgPerson'],
        uid: [uid],
        cn: [uid],
        sn: [uid],
        userPassword: [PASSWORD],
        mail: [`${uid}@example.org`],
        ...more,
      },
    });
    slapd = await startSlapd({ users: 3, entries: [entry('root', { employeeType: ['administrator'] }), entry('ada')] });
  });
  after(async () => {
    for (const each of made) await each.close();
    await slapd?.[Symbol.asyncDispose]();
  });
  function open(settings: Partial<ConnectorSettings>): UsersOn {
    const users = usersOn(
      { url: slapd.ldapsUrl, ca: slapd.ca, serviceAccount: slapd.serviceAccount },
      { ENABLE_WRITE_BACK: true, LDAP_USER_BY_MAIL: true, ...settings },
    );
    made.push(users);
    return users;
  }
  const binds = async () => (await slapd.operations()).filter(({ kind, dn }) => kind === 'bind' && dn?.startsWith('uid=root,')).length;

  it('a denied user gets the answer for a wrong password by every name and sign-in method, and no password reaches the directory', async (t) => {
    const { users, lines } = open({ DENY_SIGN_IN: '(employeeType=administrator)' });
    const wire = (outcome: Parameters<typeof encodeAnswer>[1]) => encodeAnswer('authenticate_user', outcome, () => true, []);
    const wrong = wire(await users.authenticate(login('root', 'wrong'), request()));
    for (const [name, attempt] of [
      ['the right password', () => users.authenticate(login('root', PASSWORD), request())],
      ['another name', () => users.authenticate(login('root@example.org', PASSWORD), request())],
      ['no password', () => users.authenticate(login('root', ''), request())],
      ['a change by the user', () => users.changePassword(ownChange('root', PASSWORD, 'Another-Passw0rd'), request())],
      ['a reset', () => users.changePassword({ pid: 'x', username: 'root', password: 'Another-Passw0rd', escaped: false }, request())],
    ] as const) {
      await t.test(name, async () => assert.deepEqual(wire(await attempt()), wrong));
    }
    const byFilter = { name: 'root', filter: withValue(parseFilter('(mail={0})'), 'root@example.org') };
    for (const identity of [{ name: 'root' }, byFilter]) {
      const outcome = await users.signInVerified(identity, request());
      assert.equal(errorOf(outcome), 'WrongUsername');
    }
    assert.equal(await binds(), 0);
    assert.equal(lines.filter((line) => line.includes('DENY_SIGN_IN')).length, 8);
    assert.doesNotMatch(JSON.stringify(wrong), /denied/);
    assert.equal(errorOf(await users.authenticate(login('ada', PASSWORD), request())), 'ok');
    assert.equal(errorOf(await users.signInVerified({ name: 'ada' }, request())), 'ok');
    // Without the setting the same user signs in.
    assert.equal(errorOf(await open({}).users.authenticate(login('root', PASSWORD), request())), 'ok');
  });

  it('a user whom the service account cannot see is denied, and an invalid filter is an error at startup', async () => {
    const blind = usersOn(
      { url: slapd.ldapsUrl, ca: slapd.ca, serviceAccount: slapd.powerlessAccount },
      { LDAP_USER_DN: 'uid={0},ou=people,dc=example,dc=org', DENY_SIGN_IN: '(employeeType=administrator)' },
    );
    made.push(blind);
    assert.equal(errorOf(await blind.users.authenticate(login('root', PASSWORD), request())), 'WrongPassword');
    const { log } = createLog({ level: 'error', format: 'json', destination: { write() {} } });
    const broken = () => createIsDenied({ directory: blind.directory, text: '(employeeType=', log });
    assert.throws(broken, { code: 'LDAP_FILTER_INVALID', message: /DENY_SIGN_IN/ });
  });

  it('without a service account no user can sign in, since the filter cannot be evaluated', async () => {
    const none = usersOn(
      { url: slapd.ldapsUrl, ca: slapd.ca, serviceAccount: 'none' },
      { LDAP_USER_DN: 'uid={0},ou=people,dc=example,dc=org', DENY_SIGN_IN: '(employeeType=administrator)' },
    );
    made.push(none);
    assert.match(errorOf(await none.users.authenticate(login('ada', PASSWORD), request())), /LDAP_NO_SERVICE_ACCOUNT/);
  });

  it('wrong passwords of a user count together under all names, even in parallel, and other users still sign in', async () => {
    const { users } = open({ WRONG_PASSWORDS_PER_USER_PER_MINUTE: 3, DENY_SIGN_IN: undefined });
    const names = ['ada', 'ada@example.org', 'ADA', 'ada', 'ada@example.org'];
    const outcomes = await Promise.all(names.map((name, i) => users.authenticate(login(name, `guess ${i}`), request())));
    const held = outcomes.filter((outcome) => 'failure' in outcome && outcome.failure.code === 'too_many_attempts');
    assert.deepEqual([outcomes.map(errorOf), held.length], [Array(5).fill('WrongPassword'), 2]);
    const last = await users.authenticate(login('ada', PASSWORD), request());
    assert.ok('failure' in last);
    assert.equal(last.failure.code, 'too_many_attempts');
    assert.ok((last.failure.retryAfterSeconds ?? 0) > 50);
    assert.equal(errorOf(await users.authenticate(login('root', PASSWORD), request())), 'ok');
  });

  it('wrong old passwords in password changes count like wrong passwords in sign-ins', async () => {
    const { users } = open({ WRONG_PASSWORDS_PER_USER_PER_MINUTE: 3, DENY_SIGN_IN: undefined });
    const change = (old: string) => users.changePassword(ownChange('ada', old, 'Another-Passw0rd'), request());
    const outcomes = [await users.authenticate(login('ada', 'guess'), request()), await change('guess 1'), await change('guess 2')];
    const held = [await change(PASSWORD), await users.authenticate(login('ada', PASSWORD), request())];
    const codes = [...outcomes, ...held].map((outcome) => ('failure' in outcome ? outcome.failure.code : 'ok'));
    assert.deepEqual(codes, [...Array(3).fill('invalid_credentials'), ...Array(2).fill('too_many_attempts')]);
    const few = open({ SIGN_INS_PER_MINUTE: 1, DENY_SIGN_IN: undefined });
    assert.equal(errorOf(await few.users.authenticate(login('root', PASSWORD), request())), 'ok');
    const busy = await few.users.changePassword(ownChange('root', PASSWORD, 'Another-Passw0rd'), request());
    assert.ok('failure' in busy);
    assert.equal(busy.failure.code, 'connector_busy');
  });

  it('correct passwords of a user do not count', async () => {
    const { users } = open({ WRONG_PASSWORDS_PER_USER_PER_MINUTE: 2, DENY_SIGN_IN: undefined });
    const outcomes = [];
    for (const password of [PASSWORD, PASSWORD, PASSWORD, 'guess', PASSWORD, 'guess', PASSWORD]) {
      outcomes.push(await users.authenticate(login('ada', password), request()));
    }
    assert.deepEqual(outcomes.map(errorOf), ['ok', 'ok', 'ok', 'WrongPassword', 'ok', 'WrongPassword', 'WrongPassword']);
  });

  it('sign-ins and user lists beyond the limits are rejected as busy', async () => {
    const { users } = open({ SIGN_INS_PER_MINUTE: 2, SEARCHES_PER_MINUTE: 2 });
    const signIns = [];
    for (const name of ['ada', 'root', 'nobody']) signIns.push(await users.authenticate(login(name, PASSWORD), request()));
    const lists = [
      await users.searchUsers({ pid: '1', search: 'ada', escaped: false, limit: 5 }, request()),
      await users.listGroups({ pid: '2', limit: 5 }, request()),
      await users.searchUsers({ pid: '3', search: '', escaped: false, limit: undefined }, request()),
    ];
    for (const [first, second, third] of [signIns, lists]) {
      assert.ok(first && second && third);
      assert.ok(!('failure' in first) && !('failure' in second) && 'failure' in third);
      assert.deepEqual(
        [third.failure.code, third.failure.inner?.code, third.failure.tried],
        ['connector_busy', 'RATE_LIMITED', third.failure.tried],
      );
    }
  });
});
