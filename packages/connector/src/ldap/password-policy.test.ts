import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LdapResult } from './messages.ts';
import { PASSWORD_POLICY_OID, passwordPolicyWord } from './password-policy.ts';

function resultWith(hex: string): LdapResult {
  return {
    resultCode: 0,
    matchedDn: '',
    diagnosticMessage: '',
    referrals: [],
    controls: new Map([[PASSWORD_POLICY_OID, Buffer.from(hex, 'hex')]]),
  };
}

describe('the word of a password policy', () => {
  it('is read in each of its forms', () => {
    const nothing = { error: undefined, secondsBeforeExpiration: undefined, graceLoginsRemaining: undefined };
    assert.deepEqual(passwordPolicyWord(resultWith('3000')), nothing);
    assert.deepEqual(passwordPolicyWord(resultWith('3006a00480020e10')), { ...nothing, secondsBeforeExpiration: 3600 });
    assert.deepEqual(passwordPolicyWord(resultWith('3005a003810102')), { ...nothing, graceLoginsRemaining: 2 });
    assert.deepEqual(passwordPolicyWord(resultWith('3003810100')), { ...nothing, error: 'passwordExpired' });
    assert.deepEqual(passwordPolicyWord(resultWith('3008a003810100810102')), {
      ...nothing,
      graceLoginsRemaining: 0,
      error: 'changeAfterReset',
    });
    // Reasons that only a password change has.
    assert.deepEqual(passwordPolicyWord(resultWith('3003810106')), nothing);
  });

  it('is none without the control, and an error where the control is broken', () => {
    assert.equal(passwordPolicyWord({ ...resultWith(''), controls: new Map() }), undefined);
    for (const hex of ['', '30', '3003810900', '3005a0038101'])
      assert.throws(() => passwordPolicyWord(resultWith(hex)), { code: 'LDAP_PROTOCOL' });
  });
});
