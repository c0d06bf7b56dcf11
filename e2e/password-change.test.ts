/** A forced password change through both programs. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSlapd, whyNoSlapd } from '@landbridge/lab';
import { directoryConfig, startConnector, startHub } from './programs.ts';

test('a user who must change the password changes it with the old one and signs in with the new one', { skip: whyNoSlapd() }, async () => {
  await using slapd = await startSlapd({ users: 3 });
  await using hub = await startHub();
  const ticket = await hub.createConnection('own');
  await using connector = await startConnector({
    ...directoryConfig(slapd, 'ldaps'),
    PROVISIONING_TICKET: ticket,
    ENABLE_PASSWORD_SELF_CHANGE: true,
    // The directory locks after three wrong passwords; the default reserve would leave one.
    LOCKOUT_RESERVE: 1,
  });
  await hub.untilConnectors('own', 1);
  const { uid, password } = slapd.users.special.mustChangePassword;
  const change = (oldPassword: string, newPassword: string) =>
    hub.changePassword('own', { username: uid, oldPassword, password: newPassword });

  const before = await hub.login('own', uid, password);
  assert.deepEqual([before.status, before.body.error?.code], [401, 'password_change_required']);
  const wrong = await change('not-the-old-one', 'New-Passw0rd-1');
  assert.deepEqual([wrong.status, wrong.body.error?.code], [401, 'invalid_credentials']);
  const right = await change(password, 'New-Passw0rd-1');
  assert.equal(right.status, 200, JSON.stringify(right.body));
  assert.equal((await hub.login('own', uid, 'New-Passw0rd-1')).status, 200);
  for (const program of [hub, connector]) assert.ok(!/New-Passw0rd|not-the-old-one/.test(await program.log()));
});
