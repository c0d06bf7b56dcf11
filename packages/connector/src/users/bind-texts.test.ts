/** Refused binds of directories that give the reason only in the diagnostic message. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Entry } from '../ldap/entry.ts';
import { bindOutcome } from './bind-outcome.ts';
import { changeRefusal } from './password/change-refusal.ts';

const result = (resultCode: number, diagnosticMessage: string) => ({
  resultCode,
  diagnosticMessage,
  matchedDn: '',
  referrals: [],
  controls: new Map(),
});

function errorOf(resultCode: number, message: string, entry?: Entry): string {
  const outcome = bindOutcome(result(resultCode, message), entry);
  return outcome.kind === 'refused' ? outcome.error : outcome.kind;
}

const ROWS: [product: string, code: number, message: string, error: string][] = [
  ['eDirectory', 53, 'NDS error: log account expired (-220)', 'AccountExpired'],
  ['eDirectory', 53, 'NDS error: login lockout (-197)', 'AccountLocked'],
  ['eDirectory', 49, 'NDS error: login lockout (-197)', 'AccountLocked'],
  ['eDirectory', 49, 'NDS error: bad password (-222)', 'PasswordExpired'],
  ['eDirectory', 53, 'NDS error: bad login time or Q halted (-218)', 'WrongPassword'],
  ['eDirectory', 53, 'NDS error: maximum logins exceeded or Q stn not server (-217)', 'WrongPassword'],
  ['eDirectory', 49, 'NDS error: failed authentication (-669)', 'WrongPassword'],
  ['eDirectory', 53, 'NDS error: failed authentication (-669)', 'WrongPassword'],
  ['eDirectory', 53, 'NDS error: system failure (-632)', 'undecided'],
  ['389 Directory Server', 19, 'Exceed password retry limit. Please try later.', 'AccountLocked'],
  ['389 Directory Server', 19, 'Exceed password retry limit. Contact system administrator to reset.', 'AccountLocked'],
  ['389 Directory Server', 53, 'Account inactivated. Contact system administrator.', 'AccountDisabled'],
  ['389 Directory Server', 19, 'Account inactivity limit exceeded. Contact system administrator to reset.', 'AccountDisabled'],
  ['389 Directory Server', 49, 'password expired!', 'PasswordExpired'],
  ['FreeIPA', 53, 'Too many failed logins.\n', 'AccountLocked'],
  ['FreeIPA', 53, 'Entry permanently locked.\n', 'AccountLocked'],
  ['FreeIPA', 53, 'Account (Kerberos principal) is expired', 'AccountExpired'],
  ['Oracle Internet Directory', 53, 'Password Policy Error :9001: GSL_ACCOUNTLOCKED_EXCP : Your account is locked.', 'AccountLocked'],
  ['Oracle Internet Directory', 49, 'Password Policy Error :9000: GSL_PWDEXPIRED_EXCP :Your Password has expired.', 'PasswordExpired'],
  ['Oracle Internet Directory', 53, ':9050: GSL_ACCTDISABLED_EXCP Your Account has been disabled.', 'AccountDisabled'],
  ['IBM', 53, 'Error, Account is locked', 'AccountLocked'],
  ['IBM', 49, 'Error, Password has expired', 'PasswordExpired'],
  ['IBM', 53, 'Error, Password must be changed after reset', 'PasswordChangeRequired'],
  ['OpenDS', 49, 'Rejecting a bind request for user uid=a because the account has been administratively disabled', 'AccountDisabled'],
  ['OpenDS', 49, 'Rejecting a bind request for user uid=a because the account has been locked due to too many failures', 'AccountLocked'],
  ['OpenDS', 49, 'Rejecting a bind request for user uid=a because that user account has expired', 'AccountExpired'],
  ['OpenDS', 49, 'Rejecting a bind request for user uid=a because that user’s password is expired', 'PasswordExpired'],
  ['ApacheDS', 49, 'INVALID_CREDENTIALS: Bind failed: account was permanently locked', 'AccountLocked'],
  ['any', 49, '', 'WrongPassword'],
  ['any', 49, 'Invalid Credentials', 'WrongPassword'],
  ['any', 53, 'unauthenticated bind (DN with no password) disallowed', 'undecided'],
  ['any', 53, 'The server is shutting down', 'undecided'],
  ['any', 19, '', 'undecided'],
  ['any', 80, 'Account is locked', 'undecided'],
];

describe('a refused bind', () => {
  for (const [product, code, message, error] of ROWS) {
    it(`of ${product} with ${code} and ${JSON.stringify(message.trim())} is ${error}`, () => assert.equal(errorOf(code, message), error));
  }

  it('of eDirectory with -220 is AccountDisabled if the entry says so', () => {
    const disabled = { dn: 'cn=x', attributes: new Map([['logindisabled', { name: 'loginDisabled', values: [Buffer.from('TRUE')] }]]) };
    assert.equal(errorOf(53, 'NDS error: log account expired (-220)', disabled), 'AccountDisabled');
  });
});

describe('a refused change of eDirectory', () => {
  for (const [code, message] of [
    [53, 'NDS error: duplicate password (-215)'],
    [49, 'NDS error: duplicate password (-215)'],
    [53, 'NDS error: password too short (-216)'],
    [19, 'NDS error: NMAS password policy (-16019)'],
  ] as const) {
    it(`with ${code} and ${message} is PasswordComplexityError`, () => {
      assert.equal(changeRefusal(result(code, message))?.error, 'PasswordComplexityError');
    });
  }
});

it('a failed change whose result does not refuse the password keeps the meaning of that result', () => {
  assert.equal(changeRefusal(result(50, 'Account is locked'))?.error, 'InsufficientAccessRightsError');
});
