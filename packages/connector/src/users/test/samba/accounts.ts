/** States of an account, the counting of wrong passwords and certificate checks, on a real Active Directory. */
import assert from 'node:assert/strict';
import { after } from 'node:test';
import type { SambaDomainController, SambaUserName } from '@landbridge/lab';
import { Client } from 'ldapts';
import { registerBadPasswordCountTest } from '../bad-password-count.ts';
import { registerLockoutReserveTest } from '../lockout-reserve.ts';
import { registerSignInTable } from '../sign-in-table.ts';

export function registerAccountTests(dc: () => SambaDomainController): void {
  // Wrong passwords were counted.
  after(() => dc().reset());

  const account = (user: SambaUserName) => {
    const { name, dn } = dc().users[user];
    return { name, dn, password: dc().password };
  };
  registerSignInTable(() => {
    const target = { ca: dc().caPem, serviceAccount: dc().serviceAccount };
    return {
      transports: {
        LDAPS: { ...target, url: dc().ldapsUrl },
        StartTLS: { ...target, url: dc().ldapUrl, startTls: true },
      },
      accounts: {
        normal: account('alice'),
        passwordNeverExpires: account('pwd-never-expires'),
        disabled: account('disabled'),
        accountExpired: account('acct-expired'),
        disabledAndExpired: account('disabled-expired'),
        mustChangePassword: account('must-change'),
        passwordExpired: account('pwd-expired'),
        locked: account('locked'),
        noLogonHours: account('no-logon-hours'),
        otherWorkstation: account('wrong-workstation'),
        smartCardOnly: account('smartcard-only'),
      },
    };
  }, ['LDAPS', 'StartTLS']);

  for (const [user, title] of [
    ['carol', 'an account'],
    ['pwd-expiring', 'an account with a fine-grained policy'],
  ] as const) {
    registerLockoutReserveTest(() => {
      const { name, dn, password } = account(user);
      return {
        target: { url: dc().ldapsUrl, ca: dc().caPem, serviceAccount: dc().serviceAccount },
        names: [name, name.toUpperCase(), dc().users[user].userPrincipalName ?? name],
        dn,
        password,
        threshold: 5,
      };
    }, title);
  }

  registerBadPasswordCountTest(() => ({
    host: dc().address,
    ldapsPort: 636,
    target: { ca: dc().caPem, serviceAccount: dc().serviceAccount },
    name: dc().users.bob.name,
    password: dc().password,
    count: () => badPwdCount(dc(), dc().users.bob.dn),
    async crash() {
      await dc().kill();
      await dc().start();
    },
  }));
}

async function badPwdCount(dc: SambaDomainController, dn: string): Promise<number> {
  const client = new Client({ url: dc.ldapsUrl, tlsOptions: { ca: dc.caPem } });
  try {
    await client.bind(dc.serviceAccount.dn, dc.serviceAccount.password);
    const { searchEntries } = await client.search(dn, { scope: 'base', attributes: ['badPwdCount'] });
    assert.equal(searchEntries.length, 1);
    return Number(searchEntries[0]?.badPwdCount ?? 0);
  } finally {
    await client.unbind();
  }
}
