/** A real directory that refuses everything in clear text except StartTLS, while StartTLS is not configured. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Slapd, startSlapd, whyNoSlapd } from '@landbridge/lab';
import { login, request, usersOn } from '../../../test/users-on.ts';
import { LdapError } from '../errors.ts';

const skip = whyNoSlapd();
let slapd: Slapd;

before(async () => {
  if (!skip) slapd = await startSlapd({ users: 5, requireTls: true });
});
after(() => slapd?.[Symbol.asyncDispose]());

describe('a directory that demands TLS', { skip }, () => {
  it('gets StartTLS, for searches and for binds', async () => {
    const on = usersOn({ url: slapd.url, serviceAccount: slapd.serviceAccount, ca: slapd.ca });
    try {
      const [user] = slapd.users.ordinary;
      assert.ok(user);
      const answer = await on.users.authenticate(login(user.uid, user.password), request());
      assert.ok('profile' in answer, JSON.stringify(answer));
      assert.equal(on.directory.status().encrypted, true);
      const refused = (await slapd.operations()).filter(({ kind, result }) => kind === 'bind' && result === 13);
      assert.deepEqual(new Set(refused.map(({ dn }) => dn)), new Set([slapd.serviceAccount.dn]), 'no user password was sent in clear text');
    } finally {
      await on.close();
    }
  });

  it('gets StartTLS only with a trusted certificate', async () => {
    const on = usersOn({ url: slapd.url, serviceAccount: slapd.serviceAccount });
    try {
      await assert.rejects(
        on.directory.rootDse(),
        (error) => error instanceof LdapError && error.code === 'LDAP_TLS_FAILED' && /authority|signed/.test(error.message),
      );
    } finally {
      await on.close();
    }
  });
});
