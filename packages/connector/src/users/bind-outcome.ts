/** What the directory's answer to a bind, or to a password change, means for a person. */
import type { WireErrorName } from '@landbridge/protocol';
import { BIND_SUB_CODES, type BindSubCode, bindSubCode } from '../ldap/active-directory/bind-sub-code.ts';
import { RESULT } from '../ldap/errors.ts';
import type { LdapResult } from '../ldap/messages.ts';
import { passwordPolicyWord } from '../ldap/password-policy.ts';

export type Outcome =
  | { kind: 'accepted' }
  /** `reason`: what the operator should know beyond the name of the error. */
  | { kind: 'refused'; error: WireErrorName; reason: string | undefined }
  /** The directory did not decide: it is busy, misconfigured, or something else is wrong. */
  | { kind: 'undecided' };

/** Sub-codes with an error of their own; every other refusal is a wrong password to the hub. */
const ERROR_OF_SUB_CODE: Partial<Record<BindSubCode, WireErrorName>> = {
  '532': 'PasswordExpired',
  '533': 'AccountDisabled',
  '534': 'AccountDisabled',
  '701': 'AccountExpired',
  '773': 'PasswordChangeRequired',
  '775': 'AccountLocked',
};

/** The same for a password policy's own words, in directories that have one. */
const ERROR_OF_POLICY = {
  passwordExpired: 'PasswordExpired',
  accountLocked: 'AccountLocked',
  changeAfterReset: 'PasswordChangeRequired',
} as const;

export function bindOutcome(result: LdapResult): Outcome {
  const { resultCode, diagnosticMessage } = result;
  const policyError = passwordPolicyWord(result)?.error;
  switch (resultCode) {
    case RESULT.success:
      // Who must change the password first is bound, and may do nothing else.
      if (policyError !== undefined) return { kind: 'refused', error: ERROR_OF_POLICY[policyError], reason: undefined };
      return { kind: 'accepted' };
    case RESULT.invalidCredentials: {
      if (policyError !== undefined) return { kind: 'refused', error: ERROR_OF_POLICY[policyError], reason: undefined };
      const subCode = bindSubCode(diagnosticMessage);
      if (subCode === undefined) return { kind: 'refused', error: 'WrongPassword', reason: undefined };
      return {
        kind: 'refused',
        error: ERROR_OF_SUB_CODE[subCode] ?? 'WrongPassword',
        reason: subCode === '52e' ? undefined : BIND_SUB_CODES[subCode],
      };
    }
    // The entry has no password, or went away since it was found.
    case RESULT.inappropriateAuthentication:
    case RESULT.noSuchObject:
      return { kind: 'refused', error: 'WrongPassword', reason: 'the entry has no password' };
    default:
      return { kind: 'undecided' };
  }
}

export function passwordChangeOutcome({ resultCode, diagnosticMessage }: LdapResult): Outcome {
  switch (resultCode) {
    case RESULT.success:
      return { kind: 'accepted' };
    case RESULT.insufficientAccessRights:
      return { kind: 'refused', error: 'InsufficientAccessRightsError', reason: diagnosticMessage };
    // Active Directory says 53, or 19 with 0000052D; OpenLDAP's policy says 19.
    case RESULT.unwillingToPerform:
    case RESULT.constraintViolation:
      return { kind: 'refused', error: 'PasswordComplexityError', reason: diagnosticMessage };
    default:
      return { kind: 'undecided' };
  }
}
