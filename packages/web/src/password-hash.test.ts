import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { hashPassword, isPassword } from './password-hash.ts';

describe('password hash', async () => {
  const [one, other] = await Promise.all([hashPassword('grüne Pferde 11'), hashPassword('grüne Pferde 11')]);

  it('is salted, and does not contain the password', () => {
    assert.notEqual(one, other);
    assert.doesNotMatch(one, /Pferde/);
  });
  const rows: [string, string, string | undefined, boolean][] = [
    ['matches the password', 'grüne Pferde 11', one, true],
    ['matches the password with decomposed accents', 'gru\u0308ne Pferde 11', other, true],
    ['does not match another password', 'grüne Pferde 12', one, false],
    ['does not match without a stored form', 'grüne Pferde 11', undefined, false],
    ['does not match an empty stored form', '', '', false],
    ['does not match a later form', 'grüne Pferde 11', one.replace('argon2id-1', 'argon2id-2'), false],
    ['does not match an endless password', 'x'.repeat(1001), one, false],
  ];
  for (const [name, password, stored, expected] of rows) it(name, async () => assert.equal(await isPassword(password, stored), expected));

  for (const [password, userName] of [
    ['password1234'],
    ['Password1234!'],
    ['1qaz2wsx3edc'],
    ['Football!2026'],
    ['ADMINISTRATOR'],
    ['landbridge2026'],
    ['aaaaaaaaaaaaaa'],
    ['abcabcabcabc'],
    ['zacharias.q1234', 'zacharias.q'],
    ['zacharias.q1234', 'zacharias.q@fabrikam.com'],
  ] as const) {
    it(`is not created from "${password}"${userName === undefined ? '' : ` of ${userName}`}, which is easy to guess`, async () => {
      await assert.rejects(hashPassword(password, userName), { code: 'PASSWORD_INVALID', message: /easy to guess/ });
    });
  }
  it('is created from several words, or from random characters', async () => {
    for (const password of ['eleven blue horses', 'password of the seven dwarfs', 'k7#vQ2!xR9_z', '830174926351'])
      assert.match(await hashPassword(password, 'anna'), /^argon2id/);
  });
  it('is not created from a password that is too short or too long', async () => {
    for (const password of ['elevenchars', 'x'.repeat(1001)]) await assert.rejects(hashPassword(password), { code: 'PASSWORD_INVALID' });
  });
});
