/** Denials by the connector itself, and `password_times`, with a real Active Directory. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { SambaDomainController } from '@landbridge/lab';
import { errorOf, login, request, usersOn } from '../../../../test/users-on.ts';

export function registerRefusalTests(dc: () => SambaDomainController): void {
  it('DENY_SIGN_IN=(adminCount=1) denies only the administrator, by password and by ticket', async () => {
    const { users, close } = usersOn(
      { url: dc().ldapsUrl, ca: dc().caPem, serviceAccount: dc().serviceAccount },
      { DENY_SIGN_IN: '(adminCount=1)' },
    );
    try {
      const { password } = dc().administrator;
      assert.equal(errorOf(await users.authenticate(login('Administrator', password), request())), 'WrongPassword');
      assert.equal(errorOf(await users.signInVerified({ name: 'Administrator' }, request())), 'WrongUsername');
      const { alice } = dc().users;
      assert.equal(errorOf(await users.authenticate(login(alice.name, dc().password), request())), 'ok');
      assert.equal(errorOf(await users.signInVerified({ name: alice.name }, request())), 'ok');
    } finally {
      await close();
    }
  });

  it('password_times reads pwdLastSet by objectGUID, and leaves out accounts that cannot sign in', async () => {
    const { users, close } = usersOn({ url: dc().ldapsUrl, ca: dc().caPem, serviceAccount: dc().serviceAccount });
    try {
      const subjects = [];
      for (const user of ['alice', 'disabled', 'acct-expired'] as const) {
        const subject = (await users.inspect(dc().users[user].name, request()))?.subject;
        assert.ok(subject !== undefined);
        subjects.push(subject);
      }
      const outcome = await users.passwordTimes({ pid: '1', subjects }, request());
      assert.ok('times' in outcome);
      assert.deepEqual(Object.keys(outcome.times), subjects.slice(0, 1));
      const ageMs = Date.now() - (outcome.times[subjects[0] ?? ''] ?? 0);
      assert.ok(ageMs > -60_000 && ageMs < 30 * 60_000, `${ageMs}`);
    } finally {
      await close();
    }
  });
}
