/** The sign-in table and the counting of wrong passwords on OpenLDAP and on a directory that answers like Active Directory. */
import assert from 'node:assert/strict';
import { after, before, describe } from 'node:test';
import { type DirectoryServer, startDirectory } from '@landbridge/directory';
import { createCertificateAuthority, type Slapd, type SlapdOptions, type SlapdUser, startSlapd, whyNoSlapd } from '@landbridge/lab';
import { Client } from 'ldapts';
import { type CountingDirectory, registerBadPasswordCountTest } from './test/bad-password-count.ts';
import { registerSignInTable, type TableAccount } from './test/sign-in-table.ts';

describe('signing in at OpenLDAP', { skip: whyNoSlapd() }, () => {
  let slapd: Slapd;
  before(async () => {
    slapd = await startSlapd({ users: 2, entries: COUNTED });
  });
  after(() => slapd?.[Symbol.asyncDispose]());

  registerSignInTable(() => {
    const target = { ca: slapd.ca, serviceAccount: slapd.serviceAccount };
    const { special, ordinary } = slapd.users;
    assert.ok(ordinary[0]);
    return {
      transports: {
        LDAPS: { ...target, url: slapd.ldapsUrl },
        StartTLS: { ...target, url: slapd.url, startTls: true },
      },
      accounts: {
        normal: typed(ordinary[0]),
        locked: typed(special.locked),
        passwordExpired: typed(special.expiredPassword),
        mustChangePassword: typed(special.mustChangePassword),
      },
    };
  }, ['LDAPS', 'StartTLS']);

  registerBadPasswordCountTest(() => ({
    host: '127.0.0.1',
    ldapsPort: slapd.ldapsPort,
    target: { ca: slapd.ca, serviceAccount: slapd.serviceAccount },
    name: 'counted',
    password: COUNTED_PASSWORD,
    async count() {
      const client = new Client({ url: slapd.ldapsUrl, tlsOptions: { ca: slapd.ca } });
      try {
        await client.bind(slapd.serviceAccount.dn, slapd.serviceAccount.password);
        const { searchEntries } = await client.search(COUNTED_DN, { scope: 'base', attributes: ['pwdFailureTime'] });
        return [searchEntries[0]?.pwdFailureTime ?? []].flat().length;
      } finally {
        await client.unbind();
      }
    },
    async crash() {
      await slapd.kill();
      await slapd.start();
    },
  }));
});

const typed = ({ uid, dn, password }: SlapdUser): TableAccount => ({ name: uid, dn, password });

const COUNTED_PASSWORD = 'counted-Passw0rd';
const COUNTED_DN = 'uid=counted,ou=people,dc=example,dc=org';
const COUNTING_POLICY = 'cn=counting,ou=policies,dc=example,dc=org';
/** A user whose wrong passwords are counted, and the policy that makes OpenLDAP count them: without a limit nothing is counted. */
const COUNTED: NonNullable<SlapdOptions['entries']> = [
  {
    dn: COUNTING_POLICY,
    attributes: {
      objectClass: ['pwdPolicy', 'device'],
      cn: ['counting'],
      pwdAttribute: ['userPassword'],
      pwdLockout: ['TRUE'],
      pwdMaxFailure: ['20'],
    },
  },
  {
    dn: COUNTED_DN,
    attributes: {
      objectClass: ['inetOrgPerson'],
      uid: ['counted'],
      cn: ['Counted'],
      sn: ['Counted'],
      userPassword: [COUNTED_PASSWORD],
      pwdPolicySubentry: [COUNTING_POLICY],
    },
  },
];

describe('signing in at Active Directory as on Windows', () => {
  let embedded: DirectoryServer;
  let tls: { key: string; cert: string };
  let ca: string;
  before(async () => {
    const authority = await createCertificateAuthority();
    ca = authority.cert;
    tls = await authority.issue({ commonName: 'localhost', dnsNames: ['localhost'], ips: ['127.0.0.1'] });
    embedded = await startDirectory({ tls, requireTls: true });
  });
  after(() => embedded?.stop());

  const target = () => ({ ca, serviceAccount: embedded.serviceAccount });
  const account = (name: string): TableAccount => {
    const user = embedded.users.find((one) => one.name === name);
    assert.ok(user, name);
    return user;
  };
  registerSignInTable(() => {
    assert.ok(embedded.ldapsUrl);
    return {
      transports: {
        LDAPS: { ...target(), url: embedded.ldapsUrl },
        StartTLS: { ...target(), url: embedded.url, startTls: true },
      },
      accounts: {
        normal: account('bob'),
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

  registerBadPasswordCountTest((): CountingDirectory => {
    const { name, password } = account('alice');
    const { domain } = embedded;
    const [port, ldapsPort] = [embedded.url, embedded.ldapsUrl ?? ''].map((url) => Number(new URL(url).port));
    assert.ok(ldapsPort);
    return {
      host: '127.0.0.1',
      ldapsPort,
      target: target(),
      name,
      password,
      count: async () => embedded.badPwdCount(name),
      async crash() {
        await embedded.stop();
        embedded = await startDirectory({ domain, tls, port, ldapsPort });
      },
    };
  });
});
