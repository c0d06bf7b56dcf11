import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleConnection } from '../../test/store-conformance/examples.ts';
import { claimsForIdToken, providerClaims } from './claims.ts';

const CORP = exampleConnection('corp');
const NOW = new Date('2026-01-02T03:04:05Z');

function claimsOf(profile: Record<string, unknown>, username = 'anna', connection: Parameters<typeof providerClaims>[1] = CORP) {
  return providerClaims(profile, connection, username, NOW).claims;
}

test('preferred_username is the account name or else the typed name, and never a display name', () => {
  const name = (profile: Record<string, unknown>) => claimsOf(profile, 'typed').preferred_username;
  assert.equal(name({ sAMAccountName: 'anna', nickname: 'Anna Adams' }), 'anna');
  assert.equal(name({ uid: ['anna', 'aadams'], cn: 'Anna Adams' }), 'anna');
  assert.equal(name({ userPrincipalName: 'anna@corp.example' }), 'anna@corp.example');
  assert.equal(name({ nickname: 'Anna Adams', displayName: 'Anna Adams' }), 'typed');
});

test('a profile without mail or groups has no such claims, and one in no group has an empty list', () => {
  const claims = claimsOf({ id: 'x', emails: [{}, { value: '' }] });
  assert.equal(claims.email !== undefined || 'email_verified' in claims || 'groups' in claims, false);
  assert.deepEqual(claimsOf({ groups: [] }).groups, []);
});

test('an ID token omits too many groups, and keeps all other claims', () => {
  const groups = (count: number) => claimsOf({ displayName: 'Anna', groups: Array.from({ length: count }, (_, n) => `Group ${n}`) });
  assert.equal(
    JSON.stringify(claimsForIdToken(groups(200), 'https://hub.example/oidc/userinfo').groups),
    JSON.stringify(groups(200).groups),
  );
  const large = claimsForIdToken(groups(2000), 'https://hub.example/oidc/userinfo');
  assert.equal('groups' in large, false);
  assert.equal(large.name, 'Anna');
  const most = groups(20_000).groups;
  assert.ok(Array.isArray(most) && most.length === 10_000);
});

test('omits addresses outside the connection’s e-mail domains', () => {
  const partner = { name: 'partner', settings: { ...CORP.settings, emailDomains: ['partner.example'] } };
  const claims = (profile: Record<string, unknown>, username = 'anna') => {
    const { email, nickname, preferred_username } = claimsOf(profile, username, partner);
    return [email, nickname, preferred_username];
  };
  const foreign = 'ceo@fabrikam.com';
  assert.deepEqual(claims({ emails: [{ value: foreign }], nickname: foreign, sAMAccountName: foreign }, foreign), Array(3).fill(undefined));
  assert.deepEqual(claims({ emails: [{ value: foreign }, { value: 'anna@Partner.Example' }], sAMAccountName: foreign }), [
    'anna@Partner.Example',
    undefined,
    'anna',
  ]);
  for (const value of ['x@partner.example@fabrikam.com', 'x@partner.example.com', 'x@sub.partner.example', '@', 'x@']) {
    assert.equal(claims({ emails: [{ value }] })[0], undefined, value);
  }
  assert.equal(claimsOf({ emails: [{ value: foreign }] }).email, foreign);
});
