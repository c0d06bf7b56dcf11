import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_MAPPER_ATTRIBUTES, defaultProfile } from './default-mapper.ts';

test('makes the whole profile of an Active Directory entry', () => {
  const profile = defaultProfile({
    dn: 'CN=Ada,OU=People,DC=example,DC=com',
    controls: [],
    objectGUID: '00112233-4455-6677-8899-aabbccddeeff',
    uid: 'not-used',
    displayName: 'Ada Lovelace',
    sn: 'Lovelace',
    givenName: 'Ada',
    sAMAccountName: 'ada',
    mail: 'ada@example.com',
    groups: ['Users', 'Mathematicians'],
    organizationUnits: ['People'],
    st: 'London',
    description: ['first', 'second'],
    co: 'UK',
    userPrincipalName: 'ada@example.com',
    userPassword: 'never sent',
  });
  assert.deepEqual(profile, {
    id: '00112233-4455-6677-8899-aabbccddeeff',
    displayName: 'Ada Lovelace',
    name: { familyName: 'Lovelace', givenName: 'Ada' },
    nickname: 'ada',
    groups: ['Users', 'Mathematicians'],
    emails: [{ value: 'ada@example.com' }],
    dn: 'CN=Ada,OU=People,DC=example,DC=com',
    st: 'London',
    description: ['first', 'second'],
    co: 'UK',
    sAMAccountName: 'ada',
    userPrincipalName: 'ada@example.com',
    organizationUnits: ['People'],
  });
});

test('omits missing attributes, and uses the fallbacks', () => {
  assert.deepEqual(defaultProfile({ dn: 'cn=x', objectGUID: [], uid: 'x', cn: 'X Y', mail: [], displayName: undefined, co: [] }), {
    id: 'x',
    name: {},
    nickname: 'X Y',
    dn: 'cn=x',
  });
  assert.deepEqual(defaultProfile({ cn: 'X', groups: [] }), { id: 'X', name: {}, nickname: 'X', groups: [] });
  assert.equal(defaultProfile({ commonName: 'C' }).nickname, 'C');
});

test('includes password warnings, and does not request them as attributes', () => {
  const profile = defaultProfile({ cn: 'X', passwordExpiresAt: '2026-11-24T12:00:00.000Z', passwordGraceLogins: 0 });
  assert.deepEqual([profile.passwordExpiresAt, profile.passwordGraceLogins], ['2026-11-24T12:00:00.000Z', 0]);
  assert.ok(!DEFAULT_MAPPER_ATTRIBUTES.some((name) => name.startsWith('password')));
});

test('encodes bytes as text or Base64, never as replacement characters, and reads nothing from the prototype', () => {
  const raw = Object.create({ displayName: 'inherited' });
  raw.cn = [Buffer.from('caf\u00e9'), 'x'];
  raw.st = Buffer.from([0x61, 0xff]);
  assert.deepEqual(defaultProfile(raw), { id: ['café', 'x'], name: {}, nickname: ['café', 'x'], st: 'Yf8=' });
});
