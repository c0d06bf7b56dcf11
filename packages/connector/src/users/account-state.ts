/**
 * Whether an account may be used, read from its entry. At a bind the directory says so itself; people who proved who they are by a
 * ticket or a certificate are not bound. An expired password refuses nobody here: no password was used.
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
  /** A computer's or a domain's account. */
  | { kind: 'nobody'; reason: string };

/** Flags that Active Directory computes when it is asked, and gives only to who names the attribute (MS-ADTS, section 3.1.1.4.5.17). */
const COMPUTED_FLAGS = 'msDS-User-Account-Control-Computed';

/** What is asked for. A directory takes names that it does not know for attributes that an entry does not have. */
export const ACCOUNT_STATE_ATTRIBUTES: readonly string[] = [
  ...[USER_ACCOUNT_CONTROL, COMPUTED_FLAGS, 'lockoutTime', 'accountExpires', 'pwdLastSet'],
  // OpenLDAP and others with the password policy of draft-behera-ldap-password-policy-10.
  ...['pwdAccountLockedTime', 'pwdPolicySubentry', 'pwdReset', 'pwdStartTime', 'pwdEndTime'],
  // 389 Directory Server, and FreeIPA, which is made of it.
  ...['nsAccountLock', 'accountUnlockTime', 'passwordExpirationTime', 'krbPrincipalExpiration'],
];

/** userAccountControl and the computed one (MS-ADTS, section 2.2.16). */
const DISABLED = 0x2;
const LOCKED_OUT = 0x10;
const NORMAL_ACCOUNT = 0x200;
const PASSWORD_EXPIRED = 0x80_0000;

/**
 * @param entry read with `ACCOUNT_STATE_ATTRIBUTES`
 * @throws ACCOUNT_STATE_NOT_SHOWN where Active Directory hides it from the service account; LdapError
 */
export async function accountState(directory: Directory, entry: Entry, nowMs: number, signal: AbortSignal): Promise<AccountState> {
  const { kind, defaultSearchBase } = await directory.rootDse(signal);
  if (kind === 'active-directory') return inActiveDirectory(entry, nowMs);
  // Elsewhere nothing to be seen means that nothing is wrong: these attributes appear only then.
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
        'Without it nobody can tell whether the account is disabled, so a ticket or certificate is not enough. Give the service account the right to read it.',
    });
  }
  if ((flags & NORMAL_ACCOUNT) === 0) return { kind: 'nobody', reason: `${entry.dn} is not the account of a person` };
  if ((flags & DISABLED) !== 0) return refused('AccountDisabled', USER_ACCOUNT_CONTROL);
  const expiresMs = fileTimeMs(firstText(entry, 'accountExpires'));
  // 0 means never, as 2^63 - 1 does.
  if (expiresMs !== undefined && number('accountExpires') !== 0 && expiresMs <= nowMs) return refused('AccountExpired', 'accountExpires');
  const computed = number(COMPUTED_FLAGS);
  // lockoutTime stays after the lock has ended, until the next bind. Where nobody computes whether it has, it has not.
  const isLocked = computed === undefined ? (number('lockoutTime') ?? 0) !== 0 : (computed & LOCKED_OUT) !== 0;
  if (isLocked) return refused('AccountLocked', computed === undefined ? 'lockoutTime' : COMPUTED_FLAGS);
  if (((computed ?? 0) & PASSWORD_EXPIRED) === 0) return usable('active');
  return usable(number('pwdLastSet') === 0 ? 'password_change_required' : 'password_expired');
}

function elsewhere(entry: Entry, nowMs: number): AccountState {
  const time = (name: string) => parseGeneralizedTime(firstText(entry, name))?.getTime();
  if (firstText(entry, 'nsAccountLock')?.toLowerCase() === 'true') return refused('AccountDisabled', 'nsAccountLock');
  for (const name of ['krbPrincipalExpiration', 'pwdEndTime']) {
    if ((time(name) ?? Number.POSITIVE_INFINITY) <= nowMs) return refused('AccountExpired', name);
  }
  if ((time('pwdStartTime') ?? 0) > nowMs) return refused('AccountDisabled', 'pwdStartTime');
  const unlocked = time('accountUnlockTime');
  // 1970 stands for never.
  if (unlocked !== undefined && (unlocked === 0 || unlocked > nowMs)) return refused('AccountLocked', 'accountUnlockTime');
  const expires = time('passwordExpirationTime');
  if (firstText(entry, 'pwdReset')?.toLowerCase() === 'true' || expires === 0) return usable('password_change_required');
  return usable(expires !== undefined && expires <= nowMs ? 'password_expired' : 'active');
}

const POLICIES = withValue(parseFilter('(objectClass=pwdPolicy)'), '');

/**
 * `pwdAccountLockedTime` stays after the lock has ended, until the next bind. How long a lock lasts stands in the person's policy: the
 * one that their entry names, else the only one there is. Where that cannot be found out, the lock has not ended.
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
  // 000001010000Z, which is no time, was set by an administrator, and ends by an administrator.
  const sinceMs = parseGeneralizedTime(since)?.getTime();
  if (sinceMs === undefined) return refused('AccountLocked', 'pwdAccountLockedTime, for ever');
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
