import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createGuard, type GuardSettings, type SprayAlarm } from './guard.ts';

const MINUTE = 60_000;
const DEFAULTS: GuardSettings = {
  GUARD_USER_ATTEMPTS: 4,
  GUARD_ADDRESS_ATTEMPTS: 300,
  GUARD_WINDOW_MINUTES: 30,
  GUARD_WAIT_SECONDS: 0,
  GUARD_REPEAT_MINUTES: 5,
  GUARD_SPRAY_USERS: 0,
};
const ANNA = { id: 'anna-id', sAMAccountName: 'anna', userPrincipalName: 'anna.lee@fabrikam.com', emails: [{ value: 'al@fabrikam.com' }] };

/** A guard in front of a directory that knows Anna by several names. The test decides when it answers. */
function guarded(settings: Partial<GuardSettings> = {}) {
  const clock = { now: 1_000_000 };
  const guard = createGuard({ ...DEFAULTS, ...settings }, { now: () => clock.now, onSpray: (alarm) => alarms.push(alarm) });
  const asked: string[] = [];
  const alarms: SprayAlarm[] = [];
  const names = ['anna', 'fabrikam\\anna', 'anna@fabrikam.com', 'anna.lee@fabrikam.com', 'al@fabrikam.com'];

  async function attempt(
    username: string,
    password: string,
    options: {
      address?: string;
      isFamiliar?: boolean;
      answer?: Promise<void>;
      end?: 'unanswered' | 'not-counted';
      connectionId?: string;
    } = {},
  ): Promise<string> {
    const admission = await guard.admit({
      connectionId: options.connectionId ?? 'corp',
      username,
      password,
      remoteAddress: options.address,
      isFamiliarBrowser: options.isFamiliar,
    });
    if (admission.kind === 'limited') return `wait ${admission.retryAfterSeconds}`;
    if (admission.kind !== 'admitted') return admission.kind;
    asked.push(password);
    await options.answer;
    const isAnna = names.includes(username.toLowerCase());
    const right = isAnna && password === 'right';
    const profile = isAnna ? ANNA : undefined;
    const isKnown = right && options.end === undefined;
    admission.end(
      options.end ?? (right ? 'right' : 'wrong'),
      isKnown ? { profile: ANNA, subject: ANNA.id } : { failure: { code: 'invalid_credentials', profile, subject: profile?.id } },
    );
    return options.end ?? (right ? 'right' : 'wrong');
  }
  return { guard, clock, asked, alarms, attempt };
}

test('after too many wrong passwords even the right one is rejected until the window ends', async () => {
  const { attempt, clock, asked } = guarded();
  for (let n = 0; n < 4; n++) {
    assert.equal(await attempt('anna', `wrong ${n}`), 'wrong');
    clock.now += MINUTE;
  }
  assert.equal(await attempt('anna', 'wrong 5'), `wait ${26 * 60}`);
  assert.equal(await attempt('anna', 'right'), `wait ${26 * 60}`);
  assert.equal(asked.length, 4);
  clock.now += 26 * MINUTE;
  assert.equal(await attempt('anna', 'right'), 'right');
  // A right password clears the count.
  for (let n = 0; n < 4; n++) assert.equal(await attempt('anna', `again ${n}`), 'wrong');
  assert.match(await attempt('anna', 'right'), /^wait/);
});

test('fifty wrong passwords at once reach the directory four times', async (t) => {
  for (const username of ['anna', 'nobody']) {
    await t.test(username, async () => {
      const { attempt, asked } = guarded();
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, n) => attempt(username, `wrong ${n}`, { answer: Promise.resolve() })),
      );
      assert.equal(asked.length, 4);
      assert.equal(answers.filter((answer) => answer === 'wrong').length, 4);
      assert.equal(answers.filter((answer) => answer.startsWith('wait')).length, 46);
    });
  }
});

test('the same wrong password counts once, and the directory is not asked again for a while', async () => {
  const { attempt, clock, asked } = guarded();
  assert.equal(await attempt('anna', 'old'), 'wrong');
  for (let n = 0; n < 20; n++) assert.equal(await attempt('Anna', 'old'), 'known-wrong');
  assert.equal(await attempt('anna@fabrikam.com', 'old'), 'wrong', 'a name that was not seen before is asked once');
  assert.equal(await attempt('anna@fabrikam.com', 'old'), 'known-wrong');
  clock.now += 5 * MINUTE;
  assert.equal(await attempt('anna', 'old'), 'wrong');
  assert.equal(asked.length, 3);
});

test('simultaneous attempts with the same password share a failure, and run side by side after a success', async () => {
  const { attempt, asked, guard } = guarded();
  const { promise, resolve } = Promise.withResolvers<void>();
  const wrong = Array.from({ length: 20 }, () => attempt('anna', 'old', { answer: promise }));
  resolve();
  assert.deepEqual((await Promise.all(wrong)).sort(), [...Array(19).fill('shared'), 'wrong']);
  assert.equal(asked.length, 1);

  const first = await guard.admit({ connectionId: 'corp', username: 'anna', password: 'right', remoteAddress: undefined });
  assert.ok(first.kind === 'admitted');
  const others = Array.from({ length: 5 }, () =>
    guard.admit({ connectionId: 'corp', username: 'anna', password: 'right', remoteAddress: undefined }),
  );
  first.end('right', { profile: ANNA, subject: ANNA.id });
  // All are admitted before any of them has ended.
  for (const other of await Promise.all(others)) assert.equal(other.kind, 'admitted');
  assert.equal(await attempt('anna', 'right'), 'right');
});

test('all names of a user share one count', async () => {
  const { attempt, asked } = guarded();
  const names = ['anna', 'FABRIKAM\\Anna', ' ANNA@fabrikam.com ', 'anna.lee@fabrikam.com', 'al@fabrikam.com', 'Änna'];
  for (const [n, name] of names.entries()) await attempt(name, `wrong ${n}`);
  assert.equal(asked.length, 4);
  for (const name of names) assert.match(await attempt(name, 'right'), /^wait/);
});

test('another connection, and another user with the same short name, have their own count', async () => {
  const { guard, attempt } = guarded();
  for (let n = 0; n < 4; n++) await attempt('anna', `wrong ${n}`);
  assert.match(await attempt('anna', 'x'), /^wait/);
  assert.equal(await attempt('anna', 'right', { connectionId: 'other' }), 'right');

  const tryOne = async (username: string, password: string, id: string, outcome: 'right' | 'wrong') => {
    const admission = await guard.admit({ connectionId: 'forest', username, password, remoteAddress: undefined });
    if (admission.kind === 'admitted')
      admission.end(
        outcome,
        outcome === 'right' ? { profile: { id }, subject: id } : { failure: { code: 'invalid_credentials', profile: { id }, subject: id } },
      );
    return admission.kind;
  };
  // A user with the same short name cannot clear the count of the other.
  for (let n = 0; n < 4; n++) {
    assert.equal(await tryOne('a\\bob', `guess ${n}`, 'bob-a', 'wrong'), 'admitted');
    assert.equal(await tryOne('b\\bob', 'own', 'bob-b', 'right'), 'admitted');
  }
  assert.equal(await tryOne('a\\bob', 'guess 5', 'bob-a', 'wrong'), 'limited');
  assert.equal(await tryOne('b\\bob', 'own', 'bob-b', 'right'), 'admitted');
});

test('a user who puts another user’s name into their own profile does not redirect that user’s attempts', async () => {
  const { guard, attempt, asked } = guarded();
  await attempt('anna', 'wrong 0');
  for (let n = 1; n < 8; n++) {
    const own = await guard.admit({ connectionId: 'corp', username: 'eve', password: 'eve', remoteAddress: undefined });
    assert.ok(own.kind === 'admitted');
    own.end('right', {
      profile: { id: 'eve-id', sAMAccountName: 'eve', mail: 'anna', nickname: 'anna' },
      subject: 'eve-id',
    });
    await attempt('anna', `wrong ${n}`);
  }
  assert.equal(asked.length, 4);
});

test('the wait grows with each wrong password', async () => {
  const slow = guarded({ GUARD_USER_ATTEMPTS: 100, GUARD_WAIT_SECONDS: 30 });
  await slow.attempt('anna', 'a');
  await slow.attempt('anna', 'b');
  await slow.attempt('anna', 'c');
  assert.equal(await slow.attempt('anna', 'd'), 'wait 30');
  slow.clock.now += 30_000;
  assert.equal(await slow.attempt('anna', 'd'), 'wrong');
  assert.equal(await slow.attempt('anna', 'e'), 'wait 120');
  slow.clock.now += 120_000;
  assert.equal(await slow.attempt('anna', 'e'), 'wrong');
  assert.equal(await slow.attempt('anna', 'f'), 'wait 480');
});

test('a password without an answer counts once and may be tried again, and one that was not tried does not count', async () => {
  const { attempt, asked } = guarded();
  for (let n = 0; n < 10; n++) assert.equal(await attempt('anna', 'right', { end: 'unanswered' }), 'unanswered');
  for (let n = 0; n < 10; n++) assert.equal(await attempt('anna', `x ${n}`, { end: 'not-counted' }), 'not-counted');
  for (let n = 0; n < 3; n++) assert.equal(await attempt('anna', `y ${n}`, { end: 'unanswered' }), 'unanswered');
  assert.match(await attempt('anna', 'right'), /^wait/);
  assert.equal(asked.length, 23);
});

test('an address has its own limit, which only wrong passwords use up', async () => {
  const { attempt, clock } = guarded({ GUARD_ADDRESS_ATTEMPTS: 10 });
  const address = '198.51.100.7';
  for (let n = 0; n < 50; n++) assert.equal(await attempt('anna', 'right', { address }), 'right');
  for (let n = 0; n < 10; n++) assert.equal(await attempt(`user${n}`, 'Summer2026', { address }), 'wrong');
  assert.equal(await attempt('user99', 'Summer2026', { address: '::ffff:198.51.100.7' }), `wait ${30 * 60}`);
  assert.equal(await attempt('anna', 'right', { address: '198.51.100.8' }), 'right');
  assert.equal(await attempt('anna', 'right', {}), 'right');
  clock.now += 30 * MINUTE;
  assert.equal(await attempt('user99', 'Summer2026', { address }), 'wrong');

  const parallel = guarded({ GUARD_ADDRESS_ATTEMPTS: 10 });
  await Promise.all(Array.from({ length: 50 }, (_, n) => parallel.attempt(`user${n}`, 'x', { address, answer: Promise.resolve() })));
  assert.equal(parallel.asked.length, 10);
});

test('a limit of zero is no limit', async () => {
  const { attempt, asked } = guarded({ GUARD_USER_ATTEMPTS: 0, GUARD_ADDRESS_ATTEMPTS: 0, GUARD_REPEAT_MINUTES: 0 });
  for (let n = 0; n < 200; n++) assert.equal(await attempt('anna', `wrong ${n}`, { address: '192.0.2.1' }), 'wrong');
  for (let n = 0; n < 20; n++) assert.equal(await attempt('anna', 'same', { address: '192.0.2.1' }), 'wrong');
  assert.equal(asked.length, 220);
});

test('an unknown name and a wrong password are limited alike', async () => {
  const answersFor = async (username: string) => {
    const { attempt } = guarded({ GUARD_WAIT_SECONDS: 30 });
    const answers: string[] = [];
    for (const password of ['a', 'a', 'b', 'b', 'c', 'd', 'e']) answers.push(await attempt(username, password));
    return answers;
  };
  assert.deepEqual(await answersFor('nobody'), await answersFor('anna'));
});

test('no flood of attempts makes the guard forget a user', async (t) => {
  await t.test('from an address that is limited', async () => {
    const { attempt, asked } = guarded();
    const address = '203.0.113.7';
    for (let n = 0; n < 4; n++) await attempt('anna', `wrong ${n}`, { address });
    for (let n = 0; n < 60_000; n++) await attempt(`nobody ${n}`, 'x', { address });
    assert.match(await attempt('anna', 'wrong 5', { address: '198.51.100.1' }), /^wait/);
    assert.equal(asked.filter((password) => password.startsWith('wrong')).length, 4);
  });
  await t.test('from everywhere', async () => {
    const { attempt } = guarded({ GUARD_ADDRESS_ATTEMPTS: 0 });
    for (let n = 0; n < 4; n++) await attempt('anna', `wrong ${n}`);
    for (let n = 0; n < 60_000; n++) await attempt(`nobody ${n}`, 'x');
    for (const name of ['anna', 'al@fabrikam.com', 'anna.lee@fabrikam.com']) assert.match(await attempt(name, 'wrong 5'), /^wait/);
  });
});

test('a network has a limit above that of its addresses', async (t) => {
  const networks: [string, (n: number) => string][] = [
    ['a /48 of IPv6', (n) => `2001:db8:1:${n.toString(16)}::1`],
    ['a /56 of IPv6', (n) => `2001:db8:1:${(n % 256).toString(16)}::${n}`],
    ['a /24 of IPv4', (n) => `198.51.100.${n % 256}`],
  ];
  for (const [what, addressOf] of networks) {
    await t.test(what, async () => {
      const { attempt, asked } = guarded({ GUARD_ADDRESS_ATTEMPTS: 10 });
      for (let n = 0; n < 500; n++) await attempt(`user${n}`, `Winter2026 ${n}`, { address: addressOf(n) });
      const most = what.includes('/56') ? 20 : 40;
      assert.ok(asked.length <= most && asked.length >= most * 0.9, String(asked.length));
      assert.equal(await attempt('anna', 'right', { address: '192.0.2.1' }), 'right');
    });
  }
});

test('names that no user has use up an address three times as fast, and its limit is not exact', async () => {
  const admittedFrom = async (wireName: 'WrongUsername' | 'WrongPassword') => {
    const { guard } = guarded();
    let admitted = 0;
    for (let n = 0; n < 400; n++) {
      const attempt = { connectionId: 'corp', username: `user${n}`, password: 'x', remoteAddress: '192.0.2.1' };
      const admission = await guard.admit(attempt);
      if (admission.kind !== 'admitted') continue;
      admitted++;
      admission.end('wrong', { failure: { code: 'invalid_credentials', wireName } });
    }
    return admitted;
  };
  const unknown = await admittedFrom('WrongUsername');
  assert.ok(unknown >= 90 && unknown <= 100, String(unknown));
  const counts = await Promise.all(Array.from({ length: 8 }, () => admittedFrom('WrongPassword')));
  assert.ok(counts.every((count) => count >= 270 && count <= 300));
  assert.ok(new Set(counts).size > 1);
});

test('one password that is wrong for many users is slowed down and raises an alarm', async () => {
  const { attempt, asked, alarms, clock } = guarded({ GUARD_SPRAY_USERS: 10, GUARD_ADDRESS_ATTEMPTS: 0 });
  const spray = (n: number) => attempt(`user${n}`, 'Winter2026!', { address: `198.51.${n}.1` });
  for (let n = 0; n < 10; n++) assert.equal(await spray(n), 'wrong');
  assert.deepEqual(alarms, [{ connectionId: 'corp', users: 10, remoteAddress: '198.51.9.1' }]);
  for (let n = 10; n < 100; n++) assert.equal(await spray(n), 'wait 30');
  assert.equal(asked.length, 10);
  clock.now += 30_000;
  assert.equal(await spray(10), 'wrong');
  assert.equal(await spray(11), 'wait 30');
  assert.equal(await attempt('anna', 'right'), 'right');
  assert.equal(await attempt('anna', 'Winter2026!', { isFamiliar: true }), 'wrong');
  assert.equal(alarms.length, 1);
  clock.now += 31 * MINUTE;
  assert.equal(await spray(50), 'wrong');
  assert.equal(await spray(51), 'wrong');
});

test('strangers who guess do not keep a user out of a browser that signed in before', async () => {
  const { attempt, asked } = guarded({ GUARD_ADDRESS_ATTEMPTS: 4 });
  const address = '198.51.100.7';
  for (let n = 0; n < 10; n++) await attempt('anna', `guess ${n}`, { address });
  assert.match(await attempt('anna', 'right', { address }), /^wait/);
  assert.equal(await attempt('anna', 'rihgt', { address, isFamiliar: true }), 'wrong');
  assert.equal(await attempt('anna', 'rihgt', { address, isFamiliar: true }), 'known-wrong');
  assert.equal(await attempt('anna', 'rigth', { address, isFamiliar: true }), 'wrong');
  assert.match(await attempt('anna', 'right', { address, isFamiliar: true }), /^wait/, 'half of the attempts');
  assert.equal(asked.length, 6);
});

test('wrong passwords from a familiar browser count for the user too', async () => {
  const { attempt, asked } = guarded();
  for (let n = 0; n < 2; n++) await attempt('anna', `own ${n}`, { isFamiliar: true });
  for (let n = 0; n < 5; n++) await attempt('anna', `guess ${n}`);
  assert.equal(asked.length, 4);
});
