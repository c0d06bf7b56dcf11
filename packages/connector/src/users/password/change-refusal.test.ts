import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PASSWORD_POLICY_OID } from '../../ldap/password-policy.ts';
import { changeRefusal } from './change-refusal.ts';

function outcomeOf(resultCode: number, diagnosticMessage: string, policyWord?: string) {
  const controls = new Map(policyWord === undefined ? [] : [[PASSWORD_POLICY_OID, Buffer.from(policyWord, 'hex')]]);
  return changeRefusal({ resultCode, matchedDn: '', diagnosticMessage, referrals: [], controls })?.error ?? 'changed';
}

describe('changeRefusal', () => {
  it('reads the Windows error code at the start of Active Directory’s text', () => {
    const attribute = 'problem 1005 (CONSTRAINT_ATT_TYPE), data 0, Att 9005a (unicodePwd)';
    assert.equal(
      outcomeOf(19, `0000052D: AtrErr: DSID-03190F80, #1:\n\t0: 0000052D: DSID-03190F80, ${attribute}\n`),
      'PasswordComplexityError',
    );
    assert.equal(outcomeOf(53, '0000052D: SvcErr: DSID-031A1236, problem 5003 (WILL_NOT_PERFORM), data 0\n'), 'PasswordComplexityError');
    assert.equal(outcomeOf(19, `00000056: AtrErr: DSID-03190F80, #1:\n\t0: 00000056: DSID-03190F80, ${attribute}\n`), 'WrongPassword');
    assert.equal(outcomeOf(19, '00000775: Password change not permitted, account locked out!'), 'AccountLocked');
    assert.equal(
      outcomeOf(50, '00000005: SecErr: DSID-03152612, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0\n'),
      'InsufficientAccessRightsError',
    );
    assert.equal(
      outcomeOf(53, '00000005: SvcErr: DSID-031A1236, problem 5003 (WILL_NOT_PERFORM), data 0\n'),
      'InsufficientAccessRightsError',
    );
    // Elsewhere in the text, a code is about something else.
    assert.equal(outcomeOf(53, 'see 00000056: what it is'), 'PasswordComplexityError');
  });

  it('prefers the error of the password policy control to any result code', async (t) => {
    const expected = [
      ...['PasswordExpired', 'AccountLocked', 'PasswordChangeRequired', 'InsufficientAccessRightsError', 'InsufficientAccessRightsError'],
      ...Array<string>(5).fill('PasswordComplexityError'),
    ];
    for (const [number, error] of expected.entries()) {
      await t.test(`${number}: ${error}`, () => {
        for (const resultCode of [19, 50, 53])
          assert.equal(outcomeOf(resultCode, '', `30038101${number.toString(16).padStart(2, '0')}`), error);
      });
    }
  });

  it('falls back to the result code, and throws if that decides nothing', () => {
    assert.equal(outcomeOf(0, ''), 'changed');
    assert.equal(outcomeOf(49, 'Invalid oldPasswd value.'), 'WrongPassword');
    assert.equal(outcomeOf(50, ''), 'InsufficientAccessRightsError');
    for (const resultCode of [1, 10, 51, 65, 80]) assert.throws(() => outcomeOf(resultCode, 'text'), { code: 'LDAP_RESULT', resultCode });
  });
});
