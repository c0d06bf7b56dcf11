/** How often a password may be tried, whatever names and addresses somebody finds for it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Profile } from '@landbridge/protocol';
import { type Attempts, createAttempts } from './attempts.ts';

const ANNA: Profile = {
  id: 'guid-of-anna',
  sAMAccountName: 'anna',
  userPrincipalName: 'anna.muster@corp.example',
  emails: [{ value: 'A.Muster@corp.example' }],
};
const OTHER: Profile = { id: 'guid-of-other', sAMAccountName: 'anna' };

function trial(attempts: Attempts) {
  const begin = (name: string, address = '192.0.2.1') => {
    const attempt = attempts.begin(name, address);
    return 'retryAfterSeconds' in attempt ? undefined : attempt;
  };
  return {
    begin,
    /** @returns whether it could be tried */
    wrong(name: string, profile?: Profile, address?: string): boolean {
      const attempt = begin(name, address);
      attempt?.wrong(profile);
      return attempt !== undefined;
    },
  };
}

test('a name has four attempts, in whatever way a directory may understand it', () => {
  for (const spellings of [
    ['anna', 'ANNA', 'corp\\anna', 'anna@corp.example', ' anna '],
    ['anna', 'ánna', 'ａｎｎａ', 'a\u0308nna', 'a\u00adnna', 'an\u200bna', '\ufeffanna'],
    ['strauß', 'strauss', 'STRAUSS', 'Strauß', 'STRAUẞ'],
    ['anna maria', 'anna  maria', 'Anna\tMaria', 'anna\u00a0maria', 'ANNA MARIA'],
    ['@', '@', '@', '@', '@'],
  ]) {
    const { wrong } = trial(createAttempts());
    assert.deepEqual(
      spellings.map((name) => wrong(name)),
      spellings.map((_, n) => n < 4),
      spellings.join(),
    );
  }
});

test('a person has four attempts, under all names together, also where the first answer tells them', () => {
  const { wrong } = trial(createAttempts());
  const names = ['anna', 'anna.muster@corp.example', 'a.muster@corp.example', 'corp\\anna'];
  for (const name of names) assert.equal(wrong(name, ANNA), true, name);
  for (const name of [...names, 'anna.muster', 'a.muster', 'A.MUSTER@elsewhere']) assert.equal(wrong(name, ANNA), false, name);
  assert.equal(wrong('bertha', { id: 'b' }), true);
});

test('who signs in has all attempts again, and gives none to somebody else', () => {
  const { wrong, begin } = trial(createAttempts());
  for (let n = 0; n < 3; n++) assert.ok(wrong('anna', ANNA));
  begin('anna')?.right(ANNA);
  for (let n = 0; n < 4; n++) assert.ok(wrong('anna', ANNA));
  assert.equal(wrong('anna', ANNA), false);
  // Another person with the same name in another domain, who can sign in as often as they like.
  for (let n = 0; n < 3; n++) begin('other\\anna')?.right(OTHER);
  assert.equal(wrong('anna', ANNA), false);

  const unknown = trial(createAttempts());
  for (let n = 0; n < 3; n++) assert.ok(unknown.wrong('carla'));
  unknown.begin('other\\carla')?.right(OTHER);
  assert.deepEqual([unknown.wrong('carla'), unknown.wrong('carla')], [true, false]);
});

test("who takes another's name draws no attempts away, and opens no way to more", () => {
  const { wrong } = trial(createAttempts());
  const mallory: Profile = { id: 'm', sAMAccountName: 'mallory', emails: [{ value: 'anna@corp.example' }] };
  assert.ok(wrong('mallory', mallory));
  for (let n = 0; n < 4; n++) assert.ok(wrong('anna', ANNA), String(n));
  for (let n = 0; n < 3; n++) {
    assert.ok(wrong('mallory', mallory), String(n));
    assert.equal(wrong('anna', ANNA), false);
  }
  assert.equal(wrong('mallory', mallory), false);
});

test('what was not tried does not count, and what is under way does', () => {
  const { begin, wrong } = trial(createAttempts());
  for (let n = 0; n < 10; n++) begin('anna')?.untried();
  const underWay = Array.from({ length: 6 }, () => begin('anna'));
  assert.equal(underWay.filter((attempt) => attempt !== undefined).length, 4);
  underWay[0]?.untried();
  assert.deepEqual([wrong('anna'), wrong('anna')], [true, false]);
});

test('it is over after half an hour, and says so', () => {
  let minutes = 0;
  const attempts = createAttempts(() => minutes * 60_000);
  const { wrong } = trial(attempts);
  for (; minutes < 4; minutes++) assert.ok(wrong('anna', ANNA));
  minutes = 20;
  assert.deepEqual(attempts.begin('anna', '192.0.2.1'), { retryAfterSeconds: 600 });
  minutes = 30;
  assert.deepEqual([wrong('anna', ANNA), wrong('anna', ANNA)], [true, false]);
});

test('one address has 300 wrong attempts, with any names; for IPv6 that is a network', () => {
  for (const addresses of [
    ['192.0.2.1'],
    ['2001:db8::1', '2001:db8::2', '2001:db8:0:0:ffff::1', '2001:0DB8::ab:1'],
    ['fe80::1%eth0', 'fe80::2%eth1'],
    ['2001:db8:1:2::', '2001:db8:1:2:3:4:5:6'],
  ]) {
    const { wrong } = trial(createAttempts());
    for (let n = 0; n < 300; n++) assert.ok(wrong(`name${n}`, undefined, addresses[n % addresses.length]));
    for (const address of addresses) assert.equal(wrong('another', undefined, address), false, address);
    for (const free of ['192.0.2.2', '2001:db8:0:1::1', '2001:db9::1']) assert.ok(wrong('another', undefined, free), free);
  }
});
