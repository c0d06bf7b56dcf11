/** What users should know about a password that still works: that it expires soon, or that few grace logins are left. */
import { fileTimeMs } from '../../ldap/active-directory/file-time.ts';
import { type Entry, firstText } from '../../ldap/entry.ts';
import type { LdapResult } from '../../ldap/messages.ts';
import { passwordPolicyWord } from '../../ldap/password-policy.ts';

/**
 * Added to the profile under these names. A key exists only if there is something to warn of, so that all other profiles stay as they
 * were.
 */
export interface PasswordWarning {
  /** ISO 8601, in UTC. */
  passwordExpiresAt?: string;
  /** Sign-ins left with an expired password. */
  passwordGraceLogins?: number;
}

/**
 * Active Directory computes it per account from its policies (MS-ADTS, section 3.1.1.4.5.36) and returns it only if it is named. In 100 ns
 * since 1601; 0 if the password must be changed, 2^63 - 1 if it never expires.
 */
export const AD_PASSWORD_EXPIRY = 'msDS-UserPasswordExpiryTimeComputed';

const DAY_MS = 86_400_000;

/**
 * @param entry the user's, with `AD_PASSWORD_EXPIRY` if the directory has it
 * @param bind the result of the user's bind, if there was one
 * @param warningDays 0 turns expiry warnings off
 */
export function passwordWarning(entry: Entry, bind: LdapResult | undefined, warningDays: number, nowMs: number): PasswordWarning {
  const { secondsBeforeExpiration, graceLoginsRemaining } = (bind && passwordPolicyWord(bind)) ?? {};
  const expiresMs =
    secondsBeforeExpiration === undefined ? fileTimeMs(firstText(entry, AD_PASSWORD_EXPIRY)) : nowMs + secondsBeforeExpiration * 1000;
  const isSoon = expiresMs !== undefined && expiresMs > nowMs && expiresMs <= nowMs + warningDays * DAY_MS;
  return {
    ...(isSoon && { passwordExpiresAt: new Date(expiresMs).toISOString() }),
    ...(graceLoginsRemaining !== undefined && { passwordGraceLogins: graceLoginsRemaining }),
  };
}
