/** What the directory's answer to a password change means for the one who asked for it. */
import type { WireErrorName } from '@landbridge/protocol';
import { type ModifyCode, modifyCode } from '../../ldap/active-directory/modify-code.ts';
import { LdapError, RESULT, resultText } from '../../ldap/errors.ts';
import type { LdapResult } from '../../ldap/messages.ts';
import { type PasswordPolicyError, passwordPolicyWord } from '../../ldap/password-policy.ts';

/** `reason`: in the directory's own words, for the operator. */
export type ChangeOutcome = { kind: 'changed' } | { kind: 'refused'; error: WireErrorName; reason: string | undefined };

const ERROR_OF_CODE: Record<ModifyCode, WireErrorName> = {
  accessDenied: 'InsufficientAccessRightsError',
  wrongOldPassword: 'WrongPassword',
  passwordRestriction: 'PasswordComplexityError',
  accountLocked: 'AccountLocked',
};

/** Policies refuse a change with result 19, 50 or 53, whatever the reason is. */
const ERROR_OF_POLICY: Record<PasswordPolicyError, WireErrorName> = {
  passwordExpired: 'PasswordExpired',
  accountLocked: 'AccountLocked',
  changeAfterReset: 'PasswordChangeRequired',
  passwordModNotAllowed: 'InsufficientAccessRightsError',
  mustSupplyOldPassword: 'InsufficientAccessRightsError',
  insufficientPasswordQuality: 'PasswordComplexityError',
  passwordTooShort: 'PasswordComplexityError',
  passwordTooYoung: 'PasswordComplexityError',
  passwordInHistory: 'PasswordComplexityError',
  passwordTooLong: 'PasswordComplexityError',
};

const ERROR_OF_RESULT: Partial<Record<number, WireErrorName>> = {
  [RESULT.insufficientAccessRights]: 'InsufficientAccessRightsError',
  [RESULT.invalidCredentials]: 'WrongPassword',
  // Active Directory refuses a weak password with either of them.
  [RESULT.constraintViolation]: 'PasswordComplexityError',
  [RESULT.unwillingToPerform]: 'PasswordComplexityError',
};

/** @throws LDAP_RESULT where the directory neither did it nor refused it */
export function changeOutcome(result: LdapResult): ChangeOutcome {
  const { resultCode, diagnosticMessage } = result;
  if (resultCode === RESULT.success) return { kind: 'changed' };
  const byResult = ERROR_OF_RESULT[resultCode];
  if (byResult === undefined) throw undecided('password change', result);
  const word = passwordPolicyWord(result)?.error;
  const code = modifyCode(diagnosticMessage);
  const error = (word && ERROR_OF_POLICY[word]) ?? (code && ERROR_OF_CODE[code]) ?? byResult;
  return { kind: 'refused', error, reason: [word, diagnosticMessage].filter(Boolean).join(': ') || resultText(resultCode) };
}

/** @param what was asked for, as in: answered the bind */
export function undecided(what: string, { resultCode, diagnosticMessage }: LdapResult): LdapError {
  const text = `The directory answered the ${what} with ${resultText(resultCode)}: ${diagnosticMessage || 'no text'}`;
  return new LdapError('LDAP_RESULT', text, { resultCode, mayHaveBeenSent: true });
}
