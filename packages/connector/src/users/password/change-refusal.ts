/** Why the directory refused a password change. */
import type { WireErrorName } from '@landbridge/protocol';
import { type ModifyCode, modifyCode } from '../../ldap/active-directory/modify-code.ts';
import { RESULT, resultText, unexpectedResult } from '../../ldap/errors.ts';
import type { LdapResult } from '../../ldap/messages.ts';
import { type PasswordPolicyError, passwordPolicyWord } from '../../ldap/password-policy.ts';
import type { NamedRefusal } from '../bind-outcome.ts';
import { refusalByText } from '../bind-texts.ts';

const ERROR_OF_CODE: Record<ModifyCode, WireErrorName> = {
  accessDenied: 'InsufficientAccessRightsError',
  wrongOldPassword: 'WrongPassword',
  passwordRestriction: 'PasswordComplexityError',
  accountLocked: 'AccountLocked',
};

/** Password policies refuse a change with result 19, 50 or 53, whatever the reason. */
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
  // Active Directory refuses a weak password with either.
  [RESULT.constraintViolation]: 'PasswordComplexityError',
  [RESULT.unwillingToPerform]: 'PasswordComplexityError',
};

/** eDirectory: used before, too short, or against an NMAS rule (NetIQ, "Novell Error Codes"). */
const EDIRECTORY_RULE = /\bNDS error\b.*\((-215|-216|-160\d\d|-166\d)\)/is;

/**
 * @returns undefined if the password was changed
 * @throws LDAP_RESULT if the directory neither changed the password nor refused to
 */
export function changeRefusal(result: LdapResult): NamedRefusal | undefined {
  const { resultCode, diagnosticMessage } = result;
  if (resultCode === RESULT.success) return undefined;
  const byResult = ERROR_OF_RESULT[resultCode];
  if (byResult === undefined) throw unexpectedResult('The directory answered the password change', result, { mayHaveBeenSent: true });
  const word = passwordPolicyWord(result)?.error;
  const code = modifyCode(diagnosticMessage);
  const byText = EDIRECTORY_RULE.test(diagnosticMessage) ? 'PasswordComplexityError' : refusalByText(result);
  const error = (word && ERROR_OF_POLICY[word]) ?? (code && ERROR_OF_CODE[code]) ?? byText ?? byResult;
  return { error, reason: [word, diagnosticMessage].filter(Boolean).join(': ') || resultText(resultCode) };
}
