/** Names from certificates, principals and proxies are values in a search filter and never change the filter itself. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createCertificateAuthority } from '@landbridge/lab';
import { EVERYBODY, opened } from '../../test/trusted-identity.ts';
import type { VerifiedIdentity } from '../users/sign-in-verified.ts';
import { identityOfPrincipal, type PrincipalRule } from './kerberos/principal.ts';
import type { FrontUsers } from './routes.ts';

type User = Pick<VerifiedIdentity, 'name' | 'filter'>;

/** Each is a valid part of a filter. */
const FILTERS = ['*', 'a*', 'anna)(uid=*', '*)(objectClass=*', 'x)(|(uid=*', 'anna)(!(uid=x))', 'x)(cn:caseExactMatch:=*'];

/** Another name makes the same filter with another value. */
function assertOnlyValueDiffers(user: User | undefined, ordinary: User | undefined, value: string): void {
  assert.ok(user?.filter !== undefined && ordinary?.filter !== undefined, value);
  assert.deepEqual(user.filter.filter, ordinary.filter.filter, value);
  assert.equal(user.filter.value.toString(), value);
}

test('a principal is only a value', async (t) => {
  const userOf = (rule: PrincipalRule, name: string) => {
    const found = identityOfPrincipal(`${name}@FABRIKAM.LOCAL`, { rule, realms: ['FABRIKAM.LOCAL'] });
    return 'refused' in found ? undefined : found;
  };
  for (const rule of ['userPrincipalName', 'krbPrincipalName'] as const) {
    for (const name of FILTERS) {
      await t.test(`${rule} ${name}`, () => assertOnlyValueDiffers(userOf(rule, name), userOf(rule, 'anna'), `${name}@FABRIKAM.LOCAL`));
    }
  }
});

/** @returns a function that signs in with a certificate of these names and returns the user whom the directory is asked for */
async function usersOfCertificates(t: TestContext, by: string) {
  const authority = await createCertificateAuthority('People');
  let asked: User | undefined;
  const signInVerified: FrontUsers['signInVerified'] = async ({ name, filter }) => {
    asked = { name, ...(filter && { filter }) };
    return { profile: { id: 'somebody' } };
  };
  const on = await opened(
    t,
    { CLIENT_CERT_CA: authority.cert, CLIENT_CERT_USER: by },
    { connection: { clientCertificates: true }, users: { ...EVERYBODY, signInVerified } },
  );
  return async (names: { commonName?: string; mail?: string; upn?: string }) => {
    asked = undefined;
    await on.begin({}, { client: await authority.issue({ commonName: 'anna', clientAuth: true, ...names }) });
    return asked;
  };
}

test('a mail address of a certificate is only a value', async (t) => {
  const userOf = await usersOfCertificates(t, 'mail');
  const ordinary = await userOf({ mail: 'anna@fabrikam.example' });
  for (const name of FILTERS) {
    const mail = `${name}@fabrikam.example`;
    await t.test(mail, async () => assertOnlyValueDiffers(await userOf({ mail }), ordinary, mail));
  }
});

test('a common name and a User Principal Name are looked up like typed names', async (t) => {
  const [byName, byUpn] = [await usersOfCertificates(t, 'cn'), await usersOfCertificates(t, 'upn')];
  for (const name of FILTERS) {
    await t.test(name, async () => {
      assert.deepEqual(await byName({ commonName: name }), { name });
      assert.deepEqual(await byUpn({ upn: name }), { name });
    });
  }
});
