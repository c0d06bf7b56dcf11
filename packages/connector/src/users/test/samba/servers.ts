/** A real domain controller as one of several servers, and without TLS. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import { freePort, type SambaDomainController } from '@landbridge/lab';
import { login, request, usersOn } from '../../../../test/users-on.ts';
import { serverAddress } from '../../../ldap/connect.ts';

export function registerServersTests(dc: () => SambaDomainController): void {
  const PATIENT = { connectTimeoutMs: 60_000, operationTimeoutMs: 60_000, queueTimeoutMs: 60_000 };

  it('gets StartTLS by itself, since it accepts no passwords in clear text', async () => {
    const { ldapUrl, caPem, serviceAccount, password } = dc();
    const on = usersOn({ url: ldapUrl, ca: caPem, serviceAccount, ...PATIENT });
    try {
      const answer = await on.users.authenticate(login('alice', password), request());
      assert.ok('profile' in answer, JSON.stringify(answer));
      assert.equal(on.directory.status().encrypted, true);
    } finally {
      await on.close();
    }
  });

  it('takes over from an unreachable server, and has the right clock', async () => {
    const { ldapsUrl, caPem, serviceAccount, password } = dc();
    const unreachable = `ldaps://127.0.0.1:${await freePort()}`;
    const servers = [unreachable, ldapsUrl].map((url) => serverAddress(url, 'starttls'));
    const on = usersOn({ url: ldapsUrl, servers, ca: caPem, serviceAccount, ...PATIENT });
    try {
      const answer = await on.users.authenticate(login('alice', password), request());
      assert.ok('profile' in answer, JSON.stringify(answer));
      assert.deepEqual(
        on.directory.status().servers.map(({ state, inUse }) => [state, inUse]),
        [
          ['unreachable', false],
          ['healthy', true],
        ],
      );
      assert.ok((await on.directory.rootDse()).currentTime, 'it shows its clock');
    } finally {
      await on.close();
    }
  });
}
