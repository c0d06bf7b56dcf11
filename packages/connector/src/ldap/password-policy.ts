/**
 * What a directory's password policy adds to the result of a bind or of a password change: the control of
 * draft-behera-ldap-password-policy-10, section 6.2 (OpenLDAP's ppolicy overlay, 389 Directory Server, OpenDJ), and the two older ones
 * of draft-vchu-ldap-pwd-policy-00 that 389 Directory Server and FreeIPA send unasked. Active Directory puts it into the diagnostic
 * message instead.
 */
import { BerReader } from '../asn1/ber-reader.ts';
import { malformed } from './errors.ts';
import type { LdapResult } from './messages.ts';

/** Of the control in requests and responses. */
export const PASSWORD_POLICY_OID = '1.3.6.1.4.1.42.2.27.8.5.1';
/** Its value, `0`, says nothing: after success the password must be changed, after a refusal it has expired. */
const NETSCAPE_EXPIRED_OID = '2.16.840.1.113730.3.4.4';
/** Its value is the number of seconds, as text. */
const NETSCAPE_EXPIRING_OID = '2.16.840.1.113730.3.4.5';

/** By number; the last one is OpenLDAP's, from a later draft. */
const ERRORS = [
  'passwordExpired',
  'accountLocked',
  'changeAfterReset',
  'passwordModNotAllowed',
  'mustSupplyOldPassword',
  'insufficientPasswordQuality',
  'passwordTooShort',
  'passwordTooYoung',
  'passwordInHistory',
  'passwordTooLong',
] as const;
export type PasswordPolicyError = (typeof ERRORS)[number];

const WARNING = 0xa0;
const TIME_BEFORE_EXPIRATION = 0x80;
const GRACE_AUTHNS_REMAINING = 0x81;
const ERROR = 0x81;

export interface PasswordPolicyWord {
  error: PasswordPolicyError | undefined;
  secondsBeforeExpiration: number | undefined;
  /** Sign-ins left with the expired password. */
  graceLoginsRemaining: number | undefined;
}

/** @returns undefined if the server sent no such control @throws LDAP_PROTOCOL if it is malformed */
export function passwordPolicyWord(result: LdapResult): PasswordPolicyWord | undefined {
  const value = result.controls.get(PASSWORD_POLICY_OID);
  return value === undefined ? netscapeWord(result) : readControl(value);
}

function readControl(value: Buffer): PasswordPolicyWord {
  const word: PasswordPolicyWord = { error: undefined, secondsBeforeExpiration: undefined, graceLoginsRemaining: undefined };
  const content = new BerReader(value, malformed).enter(0x30);
  if (content.peekTag() === WARNING) {
    const warning = content.enter(WARNING);
    if (warning.peekTag() === TIME_BEFORE_EXPIRATION) word.secondsBeforeExpiration = warning.readInteger(TIME_BEFORE_EXPIRATION);
    else word.graceLoginsRemaining = warning.readInteger(GRACE_AUTHNS_REMAINING);
  }
  if (content.peekTag() === ERROR) word.error = ERRORS[content.readInteger(ERROR)];
  return word;
}

function netscapeWord({ resultCode, controls }: LdapResult): PasswordPolicyWord | undefined {
  const word: PasswordPolicyWord = { error: undefined, secondsBeforeExpiration: undefined, graceLoginsRemaining: undefined };
  if (controls.has(NETSCAPE_EXPIRED_OID)) return { ...word, error: resultCode === 0 ? 'changeAfterReset' : 'passwordExpired' };
  const seconds = controls.get(NETSCAPE_EXPIRING_OID)?.toString('latin1');
  if (seconds === undefined || !/^\d{1,10}$/.test(seconds)) return undefined;
  return { ...word, secondsBeforeExpiration: Number(seconds) };
}
