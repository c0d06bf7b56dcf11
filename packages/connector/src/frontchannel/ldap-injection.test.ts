/** What certificates, principals and proxies say of a person is looked for as a value, and never becomes a part of the query. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { createCertificateAuthority } from '@landbridge/lab';
import { EVERYBODY, opened } from '../../test/believed-by-all.ts';
import type { KnownPerson } from '../users/known-person.ts';
import { type PrincipalRule, personOfPrincipal } from './kerberos/principal.ts';
import type { FrontUsers } from './routes.ts';

/** Each of these is, as a part of a query, a valid one. */
const QUERIES = ['*', 'a*', 'anna)(uid=*', '*)(objectClass=*', 'x)(|(uid=*', 'anna)(!(uid=x))', 'x)(cn:caseExactMatch:=*'];

/** Of another name it would be the same query, with another value. */
function isValue(person: KnownPerson | undefined, ordinary: KnownPerson | undefined, value: string): void {
  assert.ok(person?.filter !== undefined && ordinary?.filter !== undefined, value);
  assert.deepEqual(person.filter.filter, ordinary.filter.filter, value);
  assert.equal(person.filter.value.toString(), value);
}

test('a principal, where it is looked for whole', () => {
  const person = (rule: PrincipalRule, name: string) => {
    const found = personOfPrincipal(`${name}@FABRIKAM.LOCAL`, { rule, realms: ['FABRIKAM.LOCAL'] });
    return 'refused' in found ? undefined : found;
  };
  for (const rule of ['userPrincipalName', 'krbPrincipalName'] as const) {
    for (const query of QUERIES) {
      isValue(person(rule, query), person(rule, 'anna'), `${query}@FABRIKAM.LOCAL`);
    }
  }
});

async function whomCertificatesMean(t: TestContext, by: string) {
  const authority = await createCertificateAuthority('People');
  let asked: KnownPerson | undefined;
  const signInKnown: FrontUsers['signInKnown'] = async (person) => {
    asked = person;
    return { profile: { id: 'somebody' } };
  };
  const on = await opened(
    t,
    { CLIENT_CERT_CA: authority.cert, CLIENT_CERT_USER: by },
    { connection: { clientCertificates: true }, users: { ...EVERYBODY, signInKnown } },
  );
  return async (names: { commonName?: string; mail?: string; upn?: string }) => {
    asked = undefined;
    await on.begin({}, { client: await authority.issue({ commonName: 'anna', clientAuth: true, ...names }) });
    return asked;
  };
}

test('a mail address of a certificate', async (t) => {
  const whom = await whomCertificatesMean(t, 'mail');
  const ordinary = await whom({ mail: 'anna@fabrikam.example' });
  for (const query of QUERIES) isValue(await whom({ mail: `${query}@fabrikam.example` }), ordinary, `${query}@fabrikam.example`);
});

test('a common name and a User Principal Name are names, as if somebody had typed them', async (t) => {
  const [byName, byUpn] = [await whomCertificatesMean(t, 'cn'), await whomCertificatesMean(t, 'upn')];
  for (const query of QUERIES) {
    assert.deepEqual(await byName({ commonName: query }), { name: query });
    assert.deepEqual(await byUpn({ upn: query }), { name: query });
  }
});
