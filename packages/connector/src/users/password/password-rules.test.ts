/** The rules for a new password, on OpenLDAP and in the embedded Active Directory. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { startDirectory } from '@landbridge/directory';
import { startSlapd, whyNoSlapd } from '@landbridge/lab';
import { encodeAnswer, parseAnswer } from '@landbridge/protocol';
import { login, request, usersOn } from '../../../test/users-on.ts';

it('the rules of OpenLDAP come only with a password that must be changed, and only to hubs that know them', {
  skip: whyNoSlapd(),
}, async () => {
  const base = 'dc=example,dc=org';
  const policy = `cn=long,ou=policies,${base}`;
  await using slapd = await startSlapd({
    users: 1,
    entries: [
      {
        dn: policy,
        attributes: {
          objectClass: ['pwdPolicy', 'device'],
          cn: ['long'],
          pwdAttribute: ['userPassword'],
          pwdMustChange: ['TRUE'],
          pwdMinLength: ['12'],
          pwdInHistory: ['3'],
        },
      },
      {
        dn: `uid=mona,ou=people,${base}`,
        attributes: {
          objectClass: ['inetOrgPerson'],
          uid: ['mona'],
          cn: ['Mona'],
          sn: ['Mona'],
          userPassword: ['Passw0rd!'],
          pwdPolicySubentry: [policy],
          pwdReset: ['TRUE'],
        },
      },
    ],
  });
  const made = usersOn({ url: slapd.url, serviceAccount: slapd.serviceAccount });
  const outcome = await made.users.authenticate(login('mona', 'Passw0rd!'), request());
  const wrong = await made.users.authenticate(login('mona', 'wrong'), request());
  await made.close();
  assert.ok('failure' in outcome && 'failure' in wrong);
  assert.equal(outcome.failure.code, 'password_change_required');
  assert.deepEqual(outcome.failure.rules, { minLength: 12, maxLength: 0, history: 3, minAgeSeconds: 0 });
  assert.equal(wrong.failure.rules, undefined);
  const { outcome: read } = parseAnswer(
    'authenticate_user',
    encodeAnswer('authenticate_user', outcome, () => true, []),
    () => true,
  );
  assert.deepEqual('failure' in read && read.failure.rules, outcome.failure.rules);
  assert.doesNotMatch(JSON.stringify(encodeAnswer('authenticate_user', outcome, () => false, [])), /rules|minLength/);
});

it('the rules of Active Directory are those of the domain', async () => {
  const server = await startDirectory();
  const made = usersOn({ url: server.url, serviceAccount: server.serviceAccount });
  const user = server.users.find(({ refusal }) => refusal === '773');
  const outcome = await made.users.authenticate(login(user?.name ?? '', user?.password ?? ''), request());
  await made.close();
  await server.stop();
  assert.ok('failure' in outcome);
  assert.deepEqual(outcome.failure.rules, { minLength: 7, history: 0, complexity: true, minAgeSeconds: 0 });
});
