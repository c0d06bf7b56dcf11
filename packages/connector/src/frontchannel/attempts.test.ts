/** The number of password attempts, whatever names and addresses an attacker uses. */
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

function attemptsOn(attempts: Attempts) {
  const begin = (name: string, address = '192.0.2.1') => {
    const attempt = attempts.begin(name, address);
    return 'retryAfterSeconds' in attempt ? undefined : attempt;
  };
  return {
    begin,
    /** @returns whether the attempt was allowed */
    wrong(name: string, profile?: Profile, address?: string): boolean {
      const attempt = begin(name, address);
      attempt?.wrong(userOf(profile));
      return attempt !== undefined;
    },
  };
}

test('a name has four attempts, in any notation that a directory treats alike', async (t) => {
  for (const spellings of [
    ['anna', 'ANNA', 'corp\\anna', 'anna@corp.example', ' anna '],
    ['anna', 'ánna', 'ａｎｎａ', 'a\u0308nna', 'a\u00adnna', 'an\u200bna', '\ufeffanna'],
    ['strauß', 'strauss', 'STRAUSS', 'Strauß', 'STRAUẞ'],
    ['anna maria', 'anna  maria', 'Anna\tMaria', 'anna\u00a0maria', 'ANNA MARIA'],
    ['@', '@', '@', '@', '@'],
  ]) {
    await t.test(JSON.stringify(spellings), () => {
      const { wrong } = attemptsOn(createAttempts());
      assert.deepEqual(
        spellings.map((name) => wrong(name)),
        spellings.map((_, n) => n < 4),
      );
    });
  }
});

test('a user has four attempts under all their names together, as soon as an answer reveals them', () => {
  const { wrong } = attemptsOn(createAttempts());
  const names = ['anna', 'anna.muster@corp.example', 'a.muster@corp.example', 'corp\\anna'];
  for (const name of names) assert.equal(wrong(name, ANNA), true, name);
  for (const name of [...names, 'anna.muster', 'a.muster', 'A.MUSTER@elsewhere']) assert.equal(wrong(name, ANNA), false, name);
  assert.equal(wrong('bertha', { id: 'b' }), true);
});

test('a successful sign-in resets the attempts of this user only', () => {
  const { wrong, begin } = attemptsOn(createAttempts());
  for (let n = 0; n < 3; n++) assert.ok(wrong('anna', ANNA));
  begin('anna')?.right(userOf(ANNA));
  for (let n = 0; n < 4; n++) assert.ok(wrong('anna', ANNA));
  assert.equal(wrong('anna', ANNA), false);
  // Another user with the same name in another domain signs in several times.
  for (let n = 0; n < 3; n++) begin('other\\anna')?.right(userOf(OTHER));
  assert.equal(wrong('anna', ANNA), false);

  const unknown = attemptsOn(createAttempts());
  for (let n = 0; n < 3; n++) assert.ok(unknown.wrong('carla'));
  unknown.begin('other\\carla')?.right(userOf(OTHER));
  assert.deepEqual([unknown.wrong('carla'), unknown.wrong('carla')], [true, false]);
});

test("a user who takes another's mail address neither blocks them nor gains attempts", () => {
  const { wrong } = attemptsOn(createAttempts());
  const mallory: Profile = { id: 'm', sAMAccountName: 'mallory', emails: [{ value: 'anna@corp.example' }] };
  assert.ok(wrong('mallory', mallory));
  for (let n = 0; n < 4; n++) assert.ok(wrong('anna', ANNA), String(n));
  for (let n = 0; n < 3; n++) {
    assert.ok(wrong('mallory', mallory), String(n));
    assert.equal(wrong('anna', ANNA), false);
  }
  assert.equal(wrong('mallory', mallory), false);
});

test('untried attempts do not count, attempts in flight do', () => {
  const { begin, wrong } = attemptsOn(createAttempts());
  for (let n = 0; n < 10; n++) begin('anna')?.untried();
  const inFlight = Array.from({ length: 6 }, () => begin('anna'));
  assert.equal(inFlight.filter((attempt) => attempt !== undefined).length, 4);
  inFlight[0]?.untried();
  assert.deepEqual([wrong('anna'), wrong('anna')], [true, false]);
});

test('reports the time to wait, until half an hour has passed', () => {
  let minutes = 0;
  const attempts = createAttempts(() => minutes * 60_000);
  const { wrong } = attemptsOn(attempts);
  for (; minutes < 4; minutes++) assert.ok(wrong('anna', ANNA));
  minutes = 20;
  assert.deepEqual(attempts.begin('anna', '192.0.2.1'), { retryAfterSeconds: 600 });
  minutes = 30;
  assert.deepEqual([wrong('anna', ANNA), wrong('anna', ANNA)], [true, false]);
});

test('an address, or IPv6 network, has 300 wrong attempts with any names', async (t) => {
  for (const addresses of [
    ['192.0.2.1'],
    ['2001:db8::1', '2001:db8::2', '2001:db8:0:0:ffff::1', '2001:0DB8::ab:1'],
    ['fe80::1%eth0', 'fe80::2%eth1'],
    ['2001:db8:1:2::', '2001:db8:1:2:3:4:5:6'],
  ]) {
    await t.test(addresses.join(', '), () => {
      const { wrong } = attemptsOn(createAttempts());
      for (let n = 0; n < 300; n++) assert.ok(wrong(`name${n}`, undefined, addresses[n % addresses.length]));
      for (const address of addresses) assert.equal(wrong('another', undefined, address), false, address);
      for (const free of ['192.0.2.2', '2001:db8:0:1::1', '2001:db9::1']) assert.ok(wrong('another', undefined, free), free);
    });
  }
});

test('no flood of other names makes it forget a user', () => {
  const { wrong } = attemptsOn(createAttempts());
  for (let n = 0; n < 4; n++) assert.ok(wrong('anna', ANNA));
  for (let n = 0; n < 60_000; n++) wrong(`nobody ${n}`, undefined, `2001:db8:${(n % 50_000).toString(16)}:1::1`);
  for (const name of ['anna', 'anna.muster@corp.example', 'a.muster']) assert.equal(wrong(name, undefined, '198.51.100.1'), false);
});

test('a network of many addresses has a limit of its own', async (t) => {
  for (const [what, addressOf] of [
    ['a /48 of IPv6', (n: number) => `2001:db8:1:${n.toString(16)}::1`],
    ['a /24 of IPv4', (n: number) => `192.0.2.${n % 256}`],
  ] as const) {
    await t.test(what, () => {
      const { wrong } = attemptsOn(createAttempts());
      let allowed = 0;
      for (let n = 0; n < 3000; n++) if (wrong(`user ${n}`, undefined, addressOf(n))) allowed++;
      assert.equal(allowed, 1200);
    });
  }
});
function userOf(profile: Profile | undefined) {
  return { profile, subject: typeof profile?.id === 'string' ? profile.id : undefined };
}
