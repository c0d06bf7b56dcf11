/** `password_times` on real directories. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { startDirectory } from '@landbridge/directory';
import { type NsSlapd, startNsSlapd, startSlapd, whyNoNsSlapd, whyNoSlapd } from '@landbridge/lab';
import { login, ownChange, request, type UsersOn, usersOn } from '../../../test/users-on.ts';
import { passwordChangedMs } from './password-times.ts';

const TOLERANCE_MS = 2000;

async function subjectOf({ users }: UsersOn, name: string): Promise<string> {
  const inspected = await users.inspect(name, request());
  assert.ok(inspected?.subject !== undefined);
  return inspected.subject;
}

async function timesOf({ users }: UsersOn, subjects: string[]): Promise<Readonly<Record<string, number>>> {
  const outcome = await users.passwordTimes({ pid: '1', subjects }, request());
  assert.ok('times' in outcome, JSON.stringify(outcome));
  return outcome.times;
}

/** A change through the connector moves the time; an unknown id and a filter in place of one find nothing. */
async function assertFollowsChange(made: UsersOn, name: string, password: string): Promise<void> {
  const subject = await subjectOf(made, name);
  const before = (await timesOf(made, [subject]))[subject] ?? 0;
  const startedAt = Date.now();
  // Directories write whole seconds.
  await new Promise((resolve) => setTimeout(resolve, 1100));
  const changed = await made.users.changePassword(ownChange(name, password, 'Other-Passw0rd-42'), request());
  assert.ok('profile' in changed, JSON.stringify(changed));
  const times = await timesOf(made, [subject, '00000000-0000-0000-0000-000000000000', '*', `${subject})(uid=*`]);
  assert.deepEqual(Object.keys(times), [subject]);
  assert.ok((times[subject] ?? 0) > before, `${times[subject]} > ${before}`);
  assert.ok((times[subject] ?? 0) > startedAt - TOLERANCE_MS);
  const signedIn = await made.users.authenticate(login(name, 'Other-Passw0rd-42'), request());
  assert.ok('profile' in signedIn);
}

describe('the time of the last password change', () => {
  it('comes from OpenLDAP', { skip: whyNoSlapd() }, async () => {
    await using slapd = await startSlapd({ users: 2 });
    const made = usersOn(
      { url: slapd.ldapsUrl, ca: slapd.ca, serviceAccount: slapd.serviceAccount },
      { ENABLE_PASSWORD_SELF_CHANGE: true },
    );
    const [user] = slapd.users.ordinary;
    assert.ok(user);
    await assertFollowsChange(made, user.uid, user.password);
    await made.close();
  });

  it('comes from 389 Directory Server, which leaves out a disabled user', { skip: whyNoNsSlapd() }, async () => {
    const server: NsSlapd = await startNsSlapd();
    const made = usersOn(
      { url: server.ldapsUrl, ca: server.ca, serviceAccount: server.serviceAccount },
      { ENABLE_PASSWORD_SELF_CHANGE: true },
    );
    try {
      await assertFollowsChange(made, server.users.active.uid, server.users.active.password);
      const subject = await subjectOf(made, server.users.active.uid);
      await server.modify(server.users.active.dn, { nsAccountLock: 'true' });
      assert.deepEqual(await timesOf(made, [subject]), {});
    } finally {
      await made.close();
      await server[Symbol.asyncDispose]();
    }
  });

  it('comes from Active Directory, which leaves out disabled, expired and locked users', async () => {
    const server = await startDirectory();
    const made = usersOn({ url: server.url, serviceAccount: server.serviceAccount });
    try {
      const refused: Partial<Record<string, true>> = { '533': true, '701': true, '775': true };
      for (const { name, refusal = '' } of server.users) {
        const subject = await subjectOf(made, name);
        const times = await timesOf(made, [subject]);
        assert.deepEqual(Object.keys(times), refused[refusal] ? [] : [subject], name);
      }
    } finally {
      await made.close();
      await server.stop();
    }
  });
});

it('the time of a password change comes from the attributes of its directory, or else from modifyTimestamp', () => {
  const nowMs = Date.parse('2026-11-30T12:00:00Z');
  const at = (attributes: Record<string, string>) =>
    passwordChangedMs(
      {
        dn: 'cn=a',
        attributes: new Map(
          Object.entries(attributes).map(([name, value]) => [name.toLowerCase(), { name, values: [Buffer.from(value)] }]),
        ),
      },
      nowMs,
    );
  const may = '20260501120000Z';
  const mayMs = Date.parse('2026-05-01T12:00:00Z');
  assert.equal(at({ pwdLastSet: String((BigInt(mayMs) + 11_644_473_600_000n) * 10_000n) }), mayMs);
  assert.equal(at({ pwdLastSet: '0' }), nowMs);
  for (const name of ['pwdChangedTime', 'pwdUpdateTime', 'krbLastPwdChange']) {
    assert.equal(at({ [name]: may, modifyTimestamp: '20261101120000Z' }), mayMs, name);
  }
  // The whole day of the change counts.
  assert.equal(at({ shadowLastChange: String(Math.floor(mayMs / 86_400_000)) }), Date.parse('2026-05-02T00:00:00Z'));
  assert.equal(at({ shadowLastChange: '20787', pwdChangedTime: may }), Math.min(nowMs, 20788 * 86_400_000));
  assert.equal(at({ modifyTimestamp: may }), mayMs);
  assert.equal(at({ cn: 'a' }), undefined);
});
