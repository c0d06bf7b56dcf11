/** What the directory's answer to a bind means for the user. */
import type { WireErrorName } from '@landbridge/protocol';
import { BIND_SUB_CODES, type BindSubCode, bindSubCode } from '../ldap/active-directory/bind-sub-code.ts';
import { type Entry, firstText } from '../ldap/entry.ts';
import { RESULT } from '../ldap/errors.ts';
import type { LdapResult } from '../ldap/messages.ts';
import { type PasswordPolicyError, passwordPolicyWord } from '../ldap/password-policy.ts';
import { refusalByText } from './bind-texts.ts';

export interface NamedRefusal {
  error: WireErrorName;
  /** What the operator should know beyond the name of the error. */
  reason: string | undefined;
}

export type BindOutcome =
  | { kind: 'accepted' }
  | ({ kind: 'refused' } & NamedRefusal)
  /** The directory is busy, misconfigured, or otherwise unable to decide. */
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

/** The same for the password policy control. Its other errors are about password changes. */
const ERROR_OF_POLICY: Partial<Record<PasswordPolicyError, WireErrorName>> = {
  passwordExpired: 'PasswordExpired',
  accountLocked: 'AccountLocked',
  changeAfterReset: 'PasswordChangeRequired',
};

/** Account flags in Active Directory (MS-ADTS, section 2.2.16). */
export const USER_ACCOUNT_CONTROL = 'userAccountControl';
const SMARTCARD_REQUIRED = 0x40000;
const IS_FOR_SMART_CARDS = 'the account requires a smart card, so its password is random';

/** @param entry the user's: its account flags may say more than the result */
export function bindOutcome(result: LdapResult, entry?: Entry): BindOutcome {
  const { resultCode, diagnosticMessage } = result;
  const policyWord = passwordPolicyWord(result)?.error;
  const policyError = policyWord === undefined ? undefined : ERROR_OF_POLICY[policyWord];
  switch (resultCode) {
    case RESULT.success:
      // A user who must change the password first is bound, but may do nothing else.
      if (policyError !== undefined) return { kind: 'refused', error: policyError, reason: undefined };
      return { kind: 'accepted' };
    case RESULT.invalidCredentials: {
      if (policyError !== undefined) return { kind: 'refused', error: policyError, reason: undefined };
      const subCode = bindSubCode(diagnosticMessage);
      if (subCode === undefined) return byText(result, entry) ?? { kind: 'refused', error: 'WrongPassword', reason: undefined };
      return {
        kind: 'refused',
        error: ERROR_OF_SUB_CODE[subCode] ?? 'WrongPassword',
        reason: subCode === '52e' ? wrongPasswordReason(entry) : BIND_SUB_CODES[subCode],
      };
    }
    // 389 Directory Server and FreeIPA answer with these two and the same policy error: the first if the account is locked, the second if it
    // is disabled (nsAccountLock).
    case RESULT.constraintViolation:
    case RESULT.unwillingToPerform: {
      const told = byText(result, entry);
      if (told !== undefined) return told;
      if (policyError !== 'AccountLocked') return { kind: 'undecided' };
      const error = resultCode === RESULT.constraintViolation ? 'AccountLocked' : 'AccountDisabled';
      return { kind: 'refused', error, reason: diagnosticMessage };
    }
    // The entry has no password, or was deleted after it was found. With LDAP_USER_DN it may never have existed.
    case RESULT.inappropriateAuthentication:
    case RESULT.noSuchObject:
    case RESULT.invalidDnSyntax:
      return { kind: 'refused', error: 'WrongPassword', reason: 'the entry does not exist or has no password' };
    default:
      return { kind: 'undecided' };
  }
}

/** eDirectory's text for accounts that an administrator has disabled. */
export const LOGIN_DISABLED = 'loginDisabled';

function byText(result: LdapResult, entry: Entry | undefined): BindOutcome | undefined {
  const error = refusalByText(result);
  if (error === undefined) return undefined;
  // eDirectory answers both the same way.
  const isDisabled = error === 'AccountExpired' && entry && firstText(entry, LOGIN_DISABLED)?.toUpperCase() === 'TRUE';
  return { kind: 'refused', error: isDisabled ? 'AccountDisabled' : error, reason: result.diagnosticMessage.trim() };
}

function wrongPasswordReason(entry: Entry | undefined): string | undefined {
  const flags = Number(entry && firstText(entry, USER_ACCOUNT_CONTROL));
  return (flags & SMARTCARD_REQUIRED) === 0 ? undefined : IS_FOR_SMART_CARDS;
}
