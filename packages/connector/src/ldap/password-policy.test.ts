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

describe('the password policy control', () => {
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
    assert.deepEqual(passwordPolicyWord(resultWith('3003810106')), { ...nothing, error: 'passwordTooShort' });
    // A number that is in no draft.
    assert.deepEqual(passwordPolicyWord(resultWith('3003810163')), nothing);
    // Lengths as encoded by 389 Directory Server.
    assert.deepEqual(passwordPolicyWord(resultWith('308400000003810105')), { ...nothing, error: 'insufficientPasswordQuality' });
  });

  it('is read in its older forms if the newer control is missing', () => {
    const word = (resultCode: number, ...controls: [string, string][]) =>
      passwordPolicyWord({
        ...resultWith(''),
        resultCode,
        controls: new Map(controls.map(([oid, text]) => [oid, Buffer.from(text, oid === PASSWORD_POLICY_OID ? 'hex' : 'latin1')])),
      });
    assert.equal(word(0, ['2.16.840.1.113730.3.4.4', '0'])?.error, 'changeAfterReset');
    assert.equal(word(49, ['2.16.840.1.113730.3.4.4', '0'])?.error, 'passwordExpired');
    assert.equal(word(0, ['2.16.840.1.113730.3.4.5', '3600'])?.secondsBeforeExpiration, 3600);
    // A grace login has both, and only the newer control says that it is not a refusal.
    assert.equal(word(0, ['2.16.840.1.113730.3.4.4', '0'], [PASSWORD_POLICY_OID, '3005a003810102'])?.error, undefined);
    for (const seconds of ['', '-1', 'soon', '9'.repeat(30)]) assert.equal(word(0, ['2.16.840.1.113730.3.4.5', seconds]), undefined);
  });

  it('is undefined if it is missing, and an error if it is malformed', () => {
    assert.equal(passwordPolicyWord({ ...resultWith(''), controls: new Map() }), undefined);
    for (const hex of ['', '30', '3003810900', '3005a0038101'])
      assert.throws(() => passwordPolicyWord(resultWith(hex)), { code: 'LDAP_PROTOCOL' });
  });
});
