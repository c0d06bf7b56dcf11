import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exampleConnection } from '../../test/store-conformance/examples.ts';
import { claimsForIdToken, providerClaims } from './claims.ts';

const CORP = exampleConnection('corp');
const NOW = new Date('2026-01-02T03:04:05Z');

test('the name claim is the account name, else the nickname, else the typed name', () => {
  const name = (profile: Record<string, unknown>) => providerClaims(profile, CORP, 'typed', NOW).preferred_username;
  assert.equal(name({ sAMAccountName: 'anna', nickname: 'other' }), 'anna');
  assert.equal(name({ nickname: 'anna' }), 'anna');
  assert.equal(name({ nickname: 7 }), 'typed');
});

test('a profile without mail or groups has no such claims, and one in no group has an empty list', () => {
  const claims = providerClaims({ id: 'x', emails: [{}, { value: '' }] }, CORP, 'anna', NOW);
  assert.equal('email' in claims || 'email_verified' in claims || 'groups' in claims, false);
  assert.deepEqual(providerClaims({ groups: [] }, CORP, 'anna', NOW).groups, []);
});

test('an ID token omits too many groups, and keeps all other claims', () => {
  const groups = (count: number) =>
    providerClaims({ displayName: 'Anna', groups: Array.from({ length: count }, (_, n) => `Group ${n}`) }, CORP, 'anna', NOW);
  assert.equal(JSON.stringify(claimsForIdToken(groups(200)).groups), JSON.stringify(groups(200).groups));
  const large = claimsForIdToken(groups(2000));
  assert.equal('groups' in large, false);
  assert.equal(large.name, 'Anna');
  const most = groups(20_000).groups;
  assert.ok(Array.isArray(most) && most.length === 10_000);
});

test('omits addresses outside the connection’s e-mail domains', () => {
  const partner = { name: 'partner', settings: { ...CORP.settings, emailDomains: ['partner.example'] } };
  const claims = (profile: Record<string, unknown>, username = 'anna') => {
    const { email, nickname, preferred_username } = providerClaims(profile, partner, username, NOW);
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
  assert.equal(providerClaims({ emails: [{ value: foreign }] }, CORP, 'anna', NOW).email, foreign);
});
