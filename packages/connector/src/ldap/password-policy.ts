/**
 * What a directory's password policy says beside the result of a bind (draft-behera-ldap-password-policy-10, section 6.2; OpenLDAP's
 * ppolicy overlay, 389 Directory Server, OpenDJ). Active Directory says it in the diagnostic message instead.
 */
import { BerReader } from './ber-reader.ts';
import type { LdapResult } from './messages.ts';

/** Of the control in the request and in the answer. */
export const PASSWORD_POLICY_OID = '1.3.6.1.4.1.42.2.27.8.5.1';

const ERRORS = ['passwordExpired', 'accountLocked', 'changeAfterReset'] as const;
const WARNING = 0xa0;
const TIME_BEFORE_EXPIRATION = 0x80;
const GRACE_AUTHNS_REMAINING = 0x81;
const ERROR = 0x81;

export interface PasswordPolicyWord {
  /** Why the person may not sign in; undefined where that is not the reason, also for errors that no bind has. */
  error: (typeof ERRORS)[number] | undefined;
  secondsBeforeExpiration: number | undefined;
  /** Sign-ins left with the expired password. */
  graceLoginsRemaining: number | undefined;
}

/** @returns undefined where the server sent no such control; @throws LDAP_PROTOCOL where it sent a broken one */
export function passwordPolicyWord(result: LdapResult): PasswordPolicyWord | undefined {
  const value = result.controls.get(PASSWORD_POLICY_OID);
  if (value === undefined) return undefined;
  const word: PasswordPolicyWord = { error: undefined, secondsBeforeExpiration: undefined, graceLoginsRemaining: undefined };
  const content = new BerReader(value).enter(0x30);
  if (content.peekTag() === WARNING) {
    const warning = content.enter(WARNING);
    if (warning.peekTag() === TIME_BEFORE_EXPIRATION) word.secondsBeforeExpiration = warning.readInteger(TIME_BEFORE_EXPIRATION);
    else word.graceLoginsRemaining = warning.readInteger(GRACE_AUTHNS_REMAINING);
  }
  if (content.peekTag() === ERROR) word.error = ERRORS[content.readInteger(ERROR)];
  return word;
}
