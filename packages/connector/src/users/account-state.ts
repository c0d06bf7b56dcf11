/**
 * Whether an account may be used, as its entry says. At a bind, the directory itself decides; users verified by a ticket or certificate are
 * not bound. An expired password does not matter here, since no password was used.
 */
import type { LdapStatus, WireErrorName } from '@landbridge/protocol';
import { CodedError } from '@landbridge/runtime';
import { parseGeneralizedTime } from '../asn1/generalized-time.ts';
import { fileTimeMs } from '../ldap/active-directory/file-time.ts';
import type { Directory } from '../ldap/directory.ts';
import { type Entry, firstText } from '../ldap/entry.ts';
import { parseFilter, withValue } from '../ldap/filter.ts';
import { USER_ACCOUNT_CONTROL } from './bind-outcome.ts';

export type AccountState =
  | { kind: 'usable'; ldapStatus: LdapStatus }
  | { kind: 'refused'; error: WireErrorName; reason: string }
  /** A computer or trust account. */
  | { kind: 'not a user'; reason: string };

/** Flags that Active Directory computes on request, and returns only if the attribute is named (MS-ADTS, section 3.1.1.4.5.17). */
const COMPUTED_FLAGS = 'msDS-User-Account-Control-Computed';

/** The attributes to request. A directory treats names it does not know like missing attributes. */
export const ACCOUNT_STATE_ATTRIBUTES: readonly string[] = [
  ...[USER_ACCOUNT_CONTROL, COMPUTED_FLAGS, 'lockoutTime', 'accountExpires', 'pwdLastSet'],
  // OpenLDAP and others with the password policy of draft-behera-ldap-password-policy-10.
  ...['pwdAccountLockedTime', 'pwdPolicySubentry', 'pwdReset', 'pwdStartTime', 'pwdEndTime'],
  // 389 Directory Server, and FreeIPA, which is based on it.
  ...['nsAccountLock', 'accountUnlockTime', 'passwordExpirationTime', 'krbPrincipalExpiration'],
  // eDirectory.
  ...['loginDisabled', 'loginExpirationTime', 'lockedByIntruder', 'loginIntruderResetTime'],
  // OpenDS and its descendants; IBM; Oracle Internet Directory; Active Directory Lightweight Directory Services.
  ...['ds-pwp-account-disabled', 'ds-pwp-account-expiration-time', 'ibm-pwdAccountLocked', 'orclIsEnabled', 'orclActiveEndDate'],
  'msDS-UserAccountDisabled',
];

/** Attributes that disable an account, and the value that does so. */
const DISABLED_BY: readonly [attribute: string, value: string][] = [
  ['nsAccountLock', 'true'],
  ['loginDisabled', 'true'],
  ['ds-pwp-account-disabled', 'true'],
  ['orclIsEnabled', 'disabled'],
  ['msDS-UserAccountDisabled', 'true'],
];
/** Attributes with the time at which an account expires. */
const EXPIRED_BY = ['krbPrincipalExpiration', 'pwdEndTime', 'loginExpirationTime', 'ds-pwp-account-expiration-time', 'orclActiveEndDate'];

/** userAccountControl and the computed flags (MS-ADTS, section 2.2.16). */
const DISABLED = 0x2;
const LOCKED_OUT = 0x10;
const NORMAL_ACCOUNT = 0x200;
const PASSWORD_EXPIRED = 0x80_0000;

/**
 * @param entry read with `ACCOUNT_STATE_ATTRIBUTES`
 * @throws ACCOUNT_STATE_NOT_SHOWN if Active Directory hides it from the service account; LdapError
 */
export async function accountState(directory: Directory, entry: Entry, nowMs: number, signal: AbortSignal): Promise<AccountState> {
  const { kind, defaultSearchBase } = await directory.rootDse(signal);
  if (kind === 'active-directory') return inActiveDirectory(entry, nowMs);
  if (kind === 'ad-lds') return inAdLds(entry, nowMs);
  // In other directories, these attributes exist only if something is wrong.
  const locked = await isLockedByPolicy(directory, entry, defaultSearchBase ?? '', nowMs, signal);
  return locked ?? elsewhere(entry, nowMs);
}

function inActiveDirectory(entry: Entry, nowMs: number): AccountState {
  const number = (name: string): number | undefined => {
    const text = firstText(entry, name);
    return text === undefined ? undefined : Number(text);
  };
  const flags = number(USER_ACCOUNT_CONTROL);
  if (flags === undefined || !Number.isInteger(flags)) {
    throw new CodedError('ACCOUNT_STATE_NOT_SHOWN', `The directory does not show ${USER_ACCOUNT_CONTROL} of ${entry.dn}`, {
      action:
        'Give the service account the right to read it. Without it the account may be disabled, so a ticket or certificate is not enough.',
    });
  }
  if ((flags & NORMAL_ACCOUNT) === 0) return { kind: 'not a user', reason: `${entry.dn} is not a user account` };
  if ((flags & DISABLED) !== 0) return refused('AccountDisabled', USER_ACCOUNT_CONTROL);
  const expiresMs = fileTimeMs(firstText(entry, 'accountExpires'));
  // 0 means never, like 2^63 - 1.
  if (expiresMs !== undefined && number('accountExpires') !== 0 && expiresMs <= nowMs) return refused('AccountExpired', 'accountExpires');
  const computed = number(COMPUTED_FLAGS);
  // lockoutTime remains after the lockout has ended, until the next bind. If the flags are not computed, assume that it has not ended.
  const isLocked = computed === undefined ? (number('lockoutTime') ?? 0) !== 0 : (computed & LOCKED_OUT) !== 0;
  if (isLocked) return refused('AccountLocked', computed === undefined ? 'lockoutTime' : COMPUTED_FLAGS);
  if (((computed ?? 0) & PASSWORD_EXPIRED) === 0) return usable('active');
  return usable(number('pwdLastSet') === 0 ? 'password_change_required' : 'password_expired');
}

/** It has no userAccountControl, but separate attributes for single flags, and the same times. */
function inAdLds(entry: Entry, nowMs: number): AccountState {
  const expires = firstText(entry, 'accountExpires');
  const expiresMs = fileTimeMs(expires);
  if (expiresMs !== undefined && expires !== '0' && expiresMs <= nowMs) return refused('AccountExpired', 'accountExpires');
  const computed = Number(firstText(entry, COMPUTED_FLAGS) ?? 0);
  if ((computed & LOCKED_OUT) !== 0) return refused('AccountLocked', COMPUTED_FLAGS);
  const state = elsewhere(entry, nowMs);
  if (state.kind !== 'usable' || (computed & PASSWORD_EXPIRED) === 0) return state;
  return usable(firstText(entry, 'pwdLastSet') === '0' ? 'password_change_required' : 'password_expired');
}

function elsewhere(entry: Entry, nowMs: number): AccountState {
  const time = (name: string) => parseGeneralizedTime(firstText(entry, name))?.getTime();
  const isTrue = (name: string) => firstText(entry, name)?.toLowerCase() === 'true';
  const disabled = DISABLED_BY.find(([name, value]) => firstText(entry, name)?.toLowerCase() === value);
  if (disabled !== undefined) return refused('AccountDisabled', disabled[0]);
  const expired = EXPIRED_BY.find((name) => (time(name) ?? Number.POSITIVE_INFINITY) <= nowMs);
  if (expired !== undefined) return refused('AccountExpired', expired);
  if (isTrue('ibm-pwdAccountLocked')) return refused('AccountLocked', 'ibm-pwdAccountLocked');
  // The value remains until the next login after the lockout.
  if (isTrue('lockedByIntruder') && (time('loginIntruderResetTime') ?? Number.POSITIVE_INFINITY) > nowMs)
    return refused('AccountLocked', 'lockedByIntruder');
  if ((time('pwdStartTime') ?? 0) > nowMs) return refused('AccountDisabled', 'pwdStartTime');
  const unlocked = time('accountUnlockTime');
  // 1970 means never.
  if (unlocked !== undefined && (unlocked === 0 || unlocked > nowMs)) return refused('AccountLocked', 'accountUnlockTime');
  const expires = time('passwordExpirationTime');
  if (isTrue('pwdReset') || expires === 0) return usable('password_change_required');
  return usable(expires !== undefined && expires <= nowMs ? 'password_expired' : 'active');
}

const POLICIES = withValue(parseFilter('(objectClass=pwdPolicy)'), '');

/**
 * `pwdAccountLockedTime` remains after the lockout has ended, until the next bind. Its duration is in the user's policy: the one that the
 * entry names, else the only one there is. If no policy can be found, the lockout has not ended.
 */
async function isLockedByPolicy(
  directory: Directory,
  entry: Entry,
  searchBase: string,
  nowMs: number,
  signal: AbortSignal,
): Promise<AccountState | undefined> {
  const since = firstText(entry, 'pwdAccountLockedTime');
  if (since === undefined) return undefined;
  // 000001010000Z, which is not a time, was set by an administrator and must be removed by one.
  const sinceMs = parseGeneralizedTime(since)?.getTime();
  if (sinceMs === undefined) return refused('AccountLocked', 'pwdAccountLockedTime, until an administrator unlocks it');
  const named = firstText(entry, 'pwdPolicySubentry');
  const request = { filter: POLICIES, attributes: ['pwdLockoutDuration'], sizeLimit: 2 };
  const { entries } = await directory.search(
    named === undefined ? { ...request, searchBase, scope: 'sub' } : { ...request, searchBase: named, scope: 'base' },
    { signal },
  );
  const [policy] = entries;
  const seconds = entries.length === 1 && policy !== undefined ? Number(firstText(policy, 'pwdLockoutDuration') ?? 0) : 0;
  return seconds > 0 && sinceMs + seconds * 1000 <= nowMs ? undefined : refused('AccountLocked', 'pwdAccountLockedTime');
}

function refused(error: WireErrorName, attribute: string): AccountState {
  return { kind: 'refused', error, reason: `by ${attribute}` };
}

function usable(ldapStatus: LdapStatus): AccountState {
  return { kind: 'usable', ldapStatus };
}
