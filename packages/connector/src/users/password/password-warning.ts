/** What people should know about a password that still works: that it expires soon, or works only a few times more. */
import { fileTimeMs } from '../../ldap/active-directory/file-time.ts';
import { type Entry, firstText } from '../../ldap/entry.ts';
import type { LdapResult } from '../../ldap/messages.ts';
import { passwordPolicyWord } from '../../ldap/password-policy.ts';

/**
 * Goes into the profile under these names. A key is there only when there is something to warn of, so that a profile is what it
 * always was for everybody else.
 */
export interface PasswordWarning {
  /** ISO 8601, in UTC. */
  passwordExpiresAt?: string;
  /** Sign-ins left with a password that has expired. */
  passwordGraceLogins?: number;
}

/**
 * Active Directory computes it for each account from its policies (MS-ADTS, section 3.1.1.4.5.36) and gives it only to who names it:
 * 100 ns since 1601; 0 where the password must be changed, 2^63 - 1 where it never expires.
 */
export const AD_PASSWORD_EXPIRY = 'msDS-UserPasswordExpiryTimeComputed';

const DAY_MS = 86_400_000;

/**
 * @param entry the person's, with `AD_PASSWORD_EXPIRY` where the directory has it
 * @param bind the result of the person's bind, where there was one
 * @param warningDays 0: never warn that a password expires
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
