import assert from 'node:assert/strict';
import { test } from 'node:test';
import { claimsForIdToken, providerClaims } from './claims.ts';

const NOW = new Date('2026-01-02T03:04:05Z');

test('the name claim is the account name, else the nickname, else the typed name', () => {
  const name = (profile: Record<string, unknown>) => providerClaims(profile, 'corp', 'typed', NOW).preferred_username;
  assert.equal(name({ sAMAccountName: 'anna', nickname: 'other' }), 'anna');
  assert.equal(name({ nickname: 'anna' }), 'anna');
  assert.equal(name({ nickname: 7 }), 'typed');
});

test('a profile without mail or groups has no such claims, and one in no group has an empty list', () => {
  const claims = providerClaims({ id: 'x', emails: [{}, { value: '' }] }, 'corp', 'anna', NOW);
  assert.equal('email' in claims || 'email_verified' in claims || 'groups' in claims, false);
  assert.deepEqual(providerClaims({ groups: [] }, 'corp', 'anna', NOW).groups, []);
});

test('an ID token omits too many groups, and keeps all other claims', () => {
  const groups = (count: number) =>
    providerClaims({ displayName: 'Anna', groups: Array.from({ length: count }, (_, n) => `Group ${n}`) }, 'corp', 'anna', NOW);
  assert.equal(JSON.stringify(claimsForIdToken(groups(200)).groups), JSON.stringify(groups(200).groups));
  const large = claimsForIdToken(groups(2000));
  assert.equal('groups' in large, false);
  assert.equal(large.name, 'Anna');
  const most = groups(20_000).groups;
  assert.ok(Array.isArray(most) && most.length === 10_000);
});
