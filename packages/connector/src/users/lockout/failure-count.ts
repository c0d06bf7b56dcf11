/** How many wrong passwords a directory has counted for a user, and when it forgets them, as the user's entry says. */
import { parseGeneralizedTime } from '../../asn1/generalized-time.ts';
import { fileTimeMs } from '../../ldap/active-directory/file-time.ts';
import { allTexts, type Entry, firstText } from '../../ldap/entry.ts';

export interface LockoutPolicy {
  /** This many wrong passwords lock the account; 0: it is never locked. */
  maxFailures: number;
  /** How long a wrong password counts; infinite: until the right one is used. Not needed if the entry says when its count ends. */
  windowMs: number;
  /** How long an account stays locked; infinite: until an administrator unlocks it. */
  lockMs: number;
}

export interface FailureCount {
  /** Which kind of directory counts like this, and so where its policy is. */
  counter: 'active-directory' | 'ppolicy' | '389-ds' | 'freeipa';
  /** All failures in the entry, even those that no longer count: a directory leaves them there until the next sign-in. */
  recorded: number;
  /** When the failures that still count will stop to count, in order. */
  endsMs(policy: LockoutPolicy, nowMs: number): number[];
  /** The directory refuses the right password as well, and counts no wrong one. */
  isLocked(policy: LockoutPolicy, nowMs: number): boolean;
}

/** Requested with the user's entry. A directory treats names it does not know like missing attributes. */
export const FAILURE_ATTRIBUTES: readonly string[] = [
  ...['badPwdCount', 'badPasswordTime', 'lockoutTime', 'msDS-User-Account-Control-Computed', 'msDS-ResultantPSO'],
  // OpenLDAP and others with the password policy of draft-behera-ldap-password-policy-10.
  ...['pwdFailureTime', 'pwdAccountLockedTime', 'pwdPolicySubentry'],
  // 389 Directory Server.
  ...['passwordRetryCount', 'retryCountResetTime', 'accountUnlockTime'],
  // FreeIPA, which counts in its Kerberos attributes.
  ...['krbLoginFailedCount', 'krbLastFailedAuth', 'krbPwdPolicyReference'],
];

/** A wrong password counts this much longer here, since the directory's clock may be behind. */
const CLOCK_MARGIN_MS = 10_000;

/** Far above any threshold (999 at most in Active Directory). An entry may hold any number, and a list of that length could end the process. */
const MAX_COUNTED = 10_000;

/** In the computed flags (MS-ADTS, section 3.1.1.4.5.17). */
const LOCKED_OUT = 0x10;

/** @returns undefined if no wrong password is recorded, or if the directory does not show its count */
export function failureCount(entry: Entry): FailureCount | undefined {
  const counts = [inActiveDirectory(entry), byPasswordPolicy(entry), in389DirectoryServer(entry), inFreeIpa(entry)];
  return counts.find((count) => count !== undefined && count.recorded > 0);
}

function inActiveDirectory(entry: Entry): FailureCount | undefined {
  const recorded = Number(firstText(entry, 'badPwdCount'));
  const lastMs = fileTimeMs(firstText(entry, 'badPasswordTime'));
  if (!Number.isInteger(recorded) || lastMs === undefined) return undefined;
  const lockedText = firstText(entry, 'lockoutTime') ?? '0';
  const computed = firstText(entry, 'msDS-User-Account-Control-Computed');
  return {
    counter: 'active-directory',
    recorded,
    endsMs: (policy, nowMs) => current(repeated(lastMs, recorded), policy, nowMs),
    // lockoutTime remains after the lockout has ended, until the next sign-in; the computed flag does not.
    isLocked({ lockMs }, nowMs) {
      if (computed !== undefined) return (Number(computed) & LOCKED_OUT) !== 0;
      return lockedText !== '0' && (fileTimeMs(lockedText) ?? 0) + lockMs > nowMs;
    },
  };
}

function byPasswordPolicy(entry: Entry): FailureCount {
  const times = allTexts(entry, 'pwdFailureTime').map((text) => parseGeneralizedTime(text)?.getTime() ?? Number.POSITIVE_INFINITY);
  const locked = firstText(entry, 'pwdAccountLockedTime');
  return {
    counter: 'ppolicy',
    recorded: times.length,
    endsMs: (policy, nowMs) => current(times.slice(0, MAX_COUNTED), policy, nowMs),
    isLocked({ lockMs }, nowMs) {
      if (locked === undefined) return false;
      // 000001010000Z, which is not a time, was set by an administrator and must be removed by one.
      return (parseGeneralizedTime(locked)?.getTime() ?? Number.POSITIVE_INFINITY) + lockMs > nowMs;
    },
  };
}

function in389DirectoryServer(entry: Entry): FailureCount {
  const recorded = Number(firstText(entry, 'passwordRetryCount') ?? 0);
  const resetMs = parseGeneralizedTime(firstText(entry, 'retryCountResetTime'))?.getTime() ?? Number.POSITIVE_INFINITY;
  const unlockMs = parseGeneralizedTime(firstText(entry, 'accountUnlockTime'))?.getTime();
  return {
    counter: '389-ds',
    recorded: Number.isInteger(recorded) ? recorded : 0,
    endsMs: (_policy, nowMs) => current(repeated(resetMs, recorded), { windowMs: 0, lockMs: 0 }, nowMs),
    // 1970 means until an administrator unlocks it.
    isLocked: (_policy, nowMs) => unlockMs !== undefined && (unlockMs === 0 || unlockMs > nowMs),
  };
}

/** Each replica counts a user's failures separately (FreeIPA's ipa_lockout plugin). */
function inFreeIpa(entry: Entry): FailureCount | undefined {
  const recorded = Number(firstText(entry, 'krbLoginFailedCount') ?? 0);
  const lastMs = parseGeneralizedTime(firstText(entry, 'krbLastFailedAuth'))?.getTime();
  if (!Number.isInteger(recorded) || lastMs === undefined) return undefined;
  return {
    counter: 'freeipa',
    recorded,
    endsMs: (policy, nowMs) => current(repeated(lastMs, recorded), policy, nowMs),
    isLocked: ({ maxFailures, lockMs }, nowMs) => recorded >= maxFailures && lastMs + lockMs > nowMs,
  };
}

function repeated(timeMs: number, times: number): number[] {
  return Array<number>(Math.min(times, MAX_COUNTED)).fill(timeMs);
}

/**
 * If only the right password ends a count, a user whose password is not tried would have to wait longer than the lockout itself lasts. So one
 * more attempt is permitted when the last one is as old as that.
 */
function current(fromMs: number[], { windowMs, lockMs }: Omit<LockoutPolicy, 'maxFailures'>, nowMs: number): number[] {
  const endless = !Number.isFinite(windowMs);
  const lastMs = Math.max(...fromMs);
  const startMs = endless ? fromMs.map(() => lastMs) : fromMs;
  return startMs
    .map((start) => start + (endless ? lockMs : windowMs) + CLOCK_MARGIN_MS)
    .filter((end) => end > nowMs)
    .sort((a, b) => a - b);
}
