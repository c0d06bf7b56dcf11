/** Every documented shape of a profile gives its claims, and values of the wrong type break nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { claimsOfProfile } from './profile-claims.ts';

const SHAPES: [title: string, profile: Record<string, unknown>, claims: Record<string, unknown>][] = [
  [
    'the default mapper in Active Directory',
    {
      id: '00112233-4455-6677-8899-aabbccddeeff',
      displayName: 'Ada Lovelace',
      name: { familyName: 'Lovelace', givenName: 'Ada' },
      nickname: 'ada',
      groups: ['Users'],
      emails: [{ value: 'ada@example.com' }],
      sAMAccountName: 'ada',
    },
    {
      name: 'Ada Lovelace',
      given_name: 'Ada',
      family_name: 'Lovelace',
      nickname: 'ada',
      preferred_username: 'ada',
      email: 'ada@example.com',
      groups: ['Users'],
    },
  ],
  [
    'the default mapper in OpenLDAP: several values each, no display name',
    {
      id: 'ada',
      name: { familyName: ['Lovelace', 'Byron'], givenName: ['Ada', 'Augusta'] },
      nickname: ['Ada L', 'Ada'],
      emails: [{ value: ['a@x.org', 'b@x.org'] }],
    },
    { name: 'Ada Lovelace', given_name: 'Ada', family_name: 'Lovelace', nickname: 'Ada L', preferred_username: 'typed', email: 'a@x.org' },
  ],
  [
    "Auth0's normalised user profile",
    {
      user_id: 'ad|corp|1',
      email: 'ada@example.com',
      name: 'Ada Lovelace',
      given_name: 'Ada',
      family_name: 'Lovelace',
      nickname: 'ada',
      username: 'ada.l',
      picture: 'https://x.example/a.png',
    },
    {
      email: 'ada@example.com',
      name: 'Ada Lovelace',
      given_name: 'Ada',
      family_name: 'Lovelace',
      nickname: 'ada',
      preferred_username: 'ada.l',
      picture: 'https://x.example/a.png',
    },
  ],
  ['emails as a list of texts', { emails: ['a@x.org', 'b@x.org'] }, { email: 'a@x.org' }],
  ['emails as one text', { emails: 'a@x.org' }, { email: 'a@x.org' }],
  ['emails as one object', { emails: { value: 'a@x.org' } }, { email: 'a@x.org' }],
  ['emails whose first is none', { emails: [null, {}, { value: '' }, 'b@x.org'] }, { email: 'b@x.org' }],
  ['email as a list', { email: ['a@x.org', 'b@x.org'] }, { email: 'a@x.org' }],
  ['mail under its attribute', { mail: ['a@x.org'] }, { email: 'a@x.org' }],
  ['names under their attributes', { givenName: 'Ada', familyName: 'L' }, { name: 'Ada L', given_name: 'Ada', family_name: 'L' }],
  ['a formatted name', { name: { formatted: 'Ada L', givenName: 'Ada' } }, { name: 'Ada L', given_name: 'Ada' }],
  ['one name only', { name: { familyName: 'L' } }, { name: 'L', family_name: 'L' }],
  ['no name at all', { sAMAccountName: 'ada' }, { name: 'ada', preferred_username: 'ada' }],
  ['numbers', { nickname: 4711, displayName: 7 }, { nickname: '4711', name: '7' }],
  ['photos', { photos: [{ value: 'https://x.example/a.png' }] }, { picture: 'https://x.example/a.png' }],
  ['one group as a text', { groups: 'Users' }, { groups: ['Users'] }],
  ['groups as objects', { groups: [{ cn: 'A' }, { name: 'B' }, { dn: 'cn=C' }, { cn: ['D', 'd'] }] }, { groups: ['A', 'B', 'cn=C', 'D'] }],
];

test('takes the claims from every documented shape of a profile', async (t) => {
  for (const [title, profile, expected] of SHAPES) {
    await t.test(title, () => {
      const { claims, dropped } = claimsOfProfile(profile, 'typed');
      const preferred = { name: 'typed', preferred_username: 'typed' };
      assert.deepEqual(JSON.parse(JSON.stringify(claims)), { ...preferred, ...expected });
      assert.deepEqual(dropped, []);
    });
  }
});

test('a value of the wrong type is dropped and reported without its content, and the other claims remain', async (t) => {
  for (const [place, value, reason] of [
    ['email', { address: 'secret@x.org' }, /^email: an object/],
    ['emails', [{ value: { a: 'secret' } }], /^emails\[0\]\.value: an object/],
    ['emails', ['secret'], /^email: not an e-mail address/],
    ['displayName', true, /^displayName: a boolean/],
    ['nickname', 'secret'.repeat(1000), /^nickname: a text of 6000 characters/],
    ['name', [['secret']], /^name\[0\]: a nested list/],
    ['name', { familyName: { secret: 1 } }, /^name\.familyName: an object/],
    ['picture', 'javascript:secret()', /^picture: not the URL/],
    ['groups', ['A', { secret: 1 }, ['secret']], /^groups\[1\]: an object/],
    ['sAMAccountName', { type: 'Buffer', data: [1] }, /^sAMAccountName: an object/],
    ['uid', { value: { value: { value: 'secret' } } }, /^uid\.value: an object/],
  ] as const) {
    await t.test(`${place}: ${JSON.stringify(value).slice(0, 40)}`, () => {
      const { claims, dropped } = claimsOfProfile({ id: 1, [place]: value }, 'typed');
      assert.match(dropped[0] ?? '', reason);
      assert.doesNotMatch(JSON.stringify(dropped) + JSON.stringify(claims), /secret/);
      for (const [name, claim] of Object.entries(claims))
        if (name !== 'groups') assert.ok(claim === undefined || typeof claim === 'string');
    });
  }
});

test('reads nothing from the prototype, and reports a limited number of values', () => {
  const profile = Object.assign(Object.create({ nickname: 'inherited' }), { groups: Array.from({ length: 500 }, () => true) });
  const { claims, dropped } = claimsOfProfile(profile, undefined);
  assert.deepEqual([claims.nickname, claims.groups], [undefined, []]);
  assert.equal(dropped.length, 20);
});
