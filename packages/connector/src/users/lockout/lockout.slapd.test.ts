/** The reserve before a lockout on OpenLDAP with its password policy overlay, and on 389 Directory Server. */
import { after, before, describe } from 'node:test';
import { type NsSlapd, type Slapd, startNsSlapd, startSlapd, whyNoNsSlapd, whyNoSlapd } from '@landbridge/lab';
import { registerLockoutReserveTest } from '../test/lockout-reserve.ts';

const PASSWORD = 'Kx7-violet-Moon';

describe('on OpenLDAP', { skip: whyNoSlapd() }, () => {
  const base = 'dc=example,dc=org';
  const policy = `cn=five,ou=policies,${base}`;
  const dn = `uid=erin,ou=people,${base}`;
  let slapd: Slapd;
  before(async () => {
    const seconds = { pwdFailureCountInterval: ['600'], pwdLockoutDuration: ['600'] };
    const five = { objectClass: ['applicationProcess', 'pwdPolicy'], cn: ['five'], pwdAttribute: ['userPassword'] };
    const erin = { objectClass: ['inetOrgPerson'], uid: ['erin'], cn: ['erin'], sn: ['erin'], mail: ['erin@example.org', 'e@example.org'] };
    slapd = await startSlapd({
      users: 1,
      entries: [
        { dn: policy, attributes: { ...five, ...seconds, pwdLockout: ['TRUE'], pwdMaxFailure: ['5'] } },
        { dn, attributes: { ...erin, userPassword: [PASSWORD], pwdPolicySubentry: [policy] } },
      ],
    });
  });
  after(() => slapd?.[Symbol.asyncDispose]());

  registerLockoutReserveTest(() => ({
    target: { url: slapd.ldapsUrl, ca: slapd.ca, serviceAccount: slapd.serviceAccount },
    settings: { LDAP_USER_BY_MAIL: true },
    names: ['erin', 'erin@example.org', 'e@example.org'],
    dn,
    password: PASSWORD,
    threshold: 5,
  }));
});

describe('on 389 Directory Server', { skip: whyNoNsSlapd() }, () => {
  let server: NsSlapd;
  before(async () => {
    server = await startNsSlapd();
    const reader = `userdn="ldap:///${server.serviceAccount.dn}"`;
    const aci = `(targetattr="objectClass || passwordLockout || passwordMaxFailure")(version 3.0; acl "policy"; allow (read, search, compare) ${reader};)`;
    await server.modify('cn=config', { aci });
  });
  after(() => server?.[Symbol.asyncDispose]());

  registerLockoutReserveTest(() => ({
    target: { url: server.ldapsUrl, ca: server.ca, serviceAccount: server.serviceAccount },
    names: [server.users.active.uid, server.users.active.uid.toUpperCase()],
    dn: server.users.active.dn,
    password: server.users.active.password,
    threshold: 5,
  }));
});
