/** What the directory's answer to a bind means for a person. */
import type { WireErrorName } from '@landbridge/protocol';
import { BIND_SUB_CODES, type BindSubCode, bindSubCode } from '../ldap/active-directory/bind-sub-code.ts';
import { type Entry, firstText } from '../ldap/entry.ts';
import { RESULT } from '../ldap/errors.ts';
import type { LdapResult } from '../ldap/messages.ts';
import { type PasswordPolicyError, passwordPolicyWord } from '../ldap/password-policy.ts';

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

/** The same for a password policy's own words, in directories that have one. Its other words are about password changes. */
const ERROR_OF_POLICY: Partial<Record<PasswordPolicyError, WireErrorName>> = {
  passwordExpired: 'PasswordExpired',
  accountLocked: 'AccountLocked',
  changeAfterReset: 'PasswordChangeRequired',
};

/** Flags of an account in Active Directory (MS-ADTS 2.2.16). */
export const USER_ACCOUNT_CONTROL = 'userAccountControl';
const SMARTCARD_REQUIRED = 0x40000;
const IS_FOR_SMART_CARDS = 'the account signs in with a smart card only; such a password is made at random and known to nobody';

/** @param entry of the person, where the flags of the account may tell more than the result does */
export function bindOutcome(result: LdapResult, entry?: Entry): Outcome {
  const { resultCode, diagnosticMessage } = result;
  const policyWord = passwordPolicyWord(result)?.error;
  const policyError = policyWord === undefined ? undefined : ERROR_OF_POLICY[policyWord];
  switch (resultCode) {
    case RESULT.success:
      // Who must change the password first is bound, and may do nothing else.
      if (policyError !== undefined) return { kind: 'refused', error: policyError, reason: undefined };
      return { kind: 'accepted' };
    case RESULT.invalidCredentials: {
      if (policyError !== undefined) return { kind: 'refused', error: policyError, reason: undefined };
      const subCode = bindSubCode(diagnosticMessage);
      if (subCode === undefined) return { kind: 'refused', error: 'WrongPassword', reason: undefined };
      return {
        kind: 'refused',
        error: ERROR_OF_SUB_CODE[subCode] ?? 'WrongPassword',
        reason: subCode === '52e' ? wrongPasswordReason(entry) : BIND_SUB_CODES[subCode],
      };
    }
    // 389 Directory Server and FreeIPA use these two, with the same word, for one that is locked and one that is switched off (nsAccountLock).
    case RESULT.constraintViolation:
    case RESULT.unwillingToPerform: {
      if (policyError !== 'AccountLocked') return { kind: 'undecided' };
      const error = resultCode === RESULT.constraintViolation ? 'AccountLocked' : 'AccountDisabled';
      return { kind: 'refused', error, reason: diagnosticMessage };
    }
    // The entry has no password, or went away since it was found; with LDAP_USER_DN there may never have been one.
    case RESULT.inappropriateAuthentication:
    case RESULT.noSuchObject:
    case RESULT.invalidDnSyntax:
      return { kind: 'refused', error: 'WrongPassword', reason: 'there is no such entry, or it has no password' };
    default:
      return { kind: 'undecided' };
  }
}

function wrongPasswordReason(entry: Entry | undefined): string | undefined {
  const flags = Number(entry && firstText(entry, USER_ACCOUNT_CONTROL));
  return (flags & SMARTCARD_REQUIRED) === 0 ? undefined : IS_FOR_SMART_CARDS;
}
