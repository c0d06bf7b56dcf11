import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TOTP } from 'otpauth';
import { exampleAdministrator } from '../../test/administrators-for-test.ts';
import { operatorForTest } from '../../test/operator-for-test.ts';
import { openStoreForTest } from '../../test/store-for-test.ts';
import type { Operator } from '../operator.ts';
import { changeAdministratorRole, removeAdministrator } from './administrators.ts';
import { createChallenges } from './challenges.ts';
import { newTotpSecret, totpStep, totpUri } from './one-time-codes.ts';

test('accepts codes of the current time step and its neighbours only', () => {
  const secret = newTotpSecret();
  const at = 1_700_000_000_000;
  const generate = (steps: number) => new TOTP({ secret }).generate({ timestamp: at + steps * 30_000 });
  const step = Math.floor(at / 30_000);
  assert.deepEqual(
    [-2, -1, 0, 1, 2].map((steps) => totpStep(secret, generate(steps), at)),
    [undefined, step - 1, step, step + 1, undefined],
  );
  assert.equal(totpStep(secret, ` ${generate(0).slice(0, 3)} ${generate(0).slice(3)} `, at), step);
  for (const wrong of ['', '12345', '1234567', 'abcdef']) assert.equal(totpStep(secret, wrong, at), undefined);
  assert.equal(totpStep('not base32!', generate(0), at), undefined);
  assert.match(
    totpUri(secret, 'anna@fabrikam.com', 'Landbridge hub'),
    new RegExp(`^otpauth://totp/Landbridge%20hub:anna%40fabrikam.com\\?.*secret=${secret}`),
  );
});

test('refuses further challenges rather than forgetting a used one', () => {
  const challenges = createChallenges(() => 0);
  const take = () => challenges.take(Buffer.from(challenges.issue('x')).toString('base64url'), 'x');
  const used = Buffer.from(challenges.issue('x')).toString('base64url');
  assert.equal(challenges.take(used, 'x'), true);
  const results = Array.from({ length: 10_100 }, take);
  assert.equal(results.at(-1), false);
  assert.equal(challenges.take(used, 'x'), false);
});

test('accepts a challenge once, for its purpose, within five minutes, on the hub that issued it', () => {
  let nowMs = 0;
  const challenges = createChallenges(() => nowMs);
  const issue = () => Buffer.from(challenges.issue('add anna')).toString('base64url');
  const challenge = issue();
  assert.equal(challenges.take(challenge, 'add ben'), false);
  assert.equal(createChallenges(() => nowMs).take(challenge, 'add anna'), false);
  assert.equal(challenges.take(`${challenge}A`, 'add anna'), false);
  assert.equal(challenges.take(challenge, 'add anna'), true);
  assert.equal(challenges.take(challenge, 'add anna'), false);
  const late = issue();
  nowMs += 5 * 60_000 + 1;
  assert.equal(challenges.take(late, 'add anna'), false);
});

test('if two owners demote or remove each other at the same time, one remains', async (t) => {
  for (const act of [
    (operator: Operator, name: string) => changeAdministratorRole(operator, name, 'read-only'),
    (operator: Operator, name: string) => removeAdministrator(operator, name),
  ]) {
    const store = openStoreForTest(t);
    const operator = operatorForTest(store);
    for (const name of ['anna', 'ben']) {
      await store.addAdministrator(exampleAdministrator(name, { passwordHash: 'x', totpSecret: 'y' }));
    }
    const results = await Promise.allSettled([act(operator, 'anna'), act(operator, 'ben')]);
    assert.deepEqual(results.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
    assert.equal((await store.administrators()).filter(({ role }) => role === 'owner').length, 1);
  }
});
