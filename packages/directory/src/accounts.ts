/** Signing in: passwords, account states in the order in which Active Directory checks them, and lockout. */
import { type Domain, NEVER_EXPIRES, UAC } from './domain.ts';
import type { BindRefusal } from './results.ts';
import { fileTime, unixMsOf } from './time.ts';
import type { DirectoryEntry } from './tree.ts';

/** MS-SAMR 3.1.1.7.1: at least 7 characters of three kinds, and not containing the name. */
const MIN_PASSWORD_LENGTH = 7;

/**
 * Checks a password and counts it if it is wrong. An empty password never gets here, because Windows treats it as anonymous.
 *
 * @param name a DN, a userPrincipalName or `DOMAIN\sAMAccountName`
 */
export function signIn(domain: Domain, name: string, password: Buffer): { entry: DirectoryEntry } | { refused: BindRefusal } {
  const entry = domain.findAccount(name);
  const account = entry && domain.accountOf(entry);
  if (entry === undefined || account === undefined) return { refused: '52e' };
  if (isLocked(domain, entry)) return { refused: '775' };
  if (account.password === undefined || !password.equals(Buffer.from(account.password))) {
    countWrongPassword(domain, entry);
    return { refused: '52e' };
  }
  const refused = refusalOf(domain, entry);
  if (refused !== undefined) return { refused };
  const { tree } = domain;
  tree.replace(entry, 'badPwdCount', ['0']);
  tree.replace(entry, 'lastLogon', [fileTime(domain.now())]);
  tree.replace(entry, 'logonCount', [String(Number(tree.text(entry, 'logonCount') ?? 0) + 1)]);
  if (tree.text(entry, 'lockoutTime') !== undefined) tree.replace(entry, 'lockoutTime', ['0']);
  return { entry };
}

export function isLocked(domain: Domain, entry: DirectoryEntry): boolean {
  const lockoutTime = domain.tree.text(entry, 'lockoutTime') ?? '0';
  if (lockoutTime === '0') return false;
  return domain.lockoutDurationMs === 0 || domain.now() < unixMsOf(lockoutTime) + domain.lockoutDurationMs;
}

/** Counts a wrong password, and locks the account if there are too many. */
export function countWrongPassword(domain: Domain, entry: DirectoryEntry): void {
  const { tree } = domain;
  const window = domain.lockoutDurationMs;
  const lastWrong = unixMsOf(tree.text(entry, 'badPasswordTime') ?? '0');
  // Counting starts over after a time without wrong passwords that is as long as a lock lasts (lockOutObservationWindow).
  const before = window > 0 && domain.now() >= lastWrong + window ? 0 : Number(tree.text(entry, 'badPwdCount') ?? 0);
  const count = before + 1;
  tree.replace(entry, 'badPwdCount', [String(count)]);
  tree.replace(entry, 'badPasswordTime', [fileTime(domain.now())]);
  if (domain.lockoutThreshold > 0 && count >= domain.lockoutThreshold) tree.replace(entry, 'lockoutTime', [fileTime(domain.now())]);
}

/** Why an account is refused although the password is right. */
function refusalOf(domain: Domain, entry: DirectoryEntry): BindRefusal | undefined {
  const { tree } = domain;
  const now = domain.now();
  const flags = Number(tree.text(entry, 'userAccountControl') ?? 0);
  if (flags & UAC.accountDisabled) return '533';
  const expires = tree.text(entry, 'accountExpires') ?? '0';
  if (expires !== '0' && expires !== NEVER_EXPIRES && unixMsOf(expires) <= now) return '701';
  const hours = tree.values(entry, 'logonHours')[0];
  if (Buffer.isBuffer(hours) && !permittedAt(hours, new Date(now))) return '530';
  // LDAP does not tell the server the name of the client's workstation, so it never matches.
  if ((tree.text(entry, 'userWorkstations') ?? '') !== '') return '531';
  const pwdLastSet = tree.text(entry, 'pwdLastSet') ?? '0';
  if (flags & (UAC.dontExpirePassword | UAC.smartcardRequired)) return undefined;
  if (pwdLastSet === '0') return '773';
  if (domain.maxPasswordAgeMs > 0 && unixMsOf(pwdLastSet) + domain.maxPasswordAgeMs <= now) return '532';
  return undefined;
}

/** logonHours: a bit for each hour of the week in UTC, Sunday first, lowest bit first (MS-SAMR 2.2.6.5). */
function permittedAt(hours: Buffer, moment: Date): boolean {
  const hour = moment.getUTCDay() * 24 + moment.getUTCHours();
  return ((hours[hour >> 3] ?? 0) >> (hour & 7)) % 2 === 1;
}

/** Also clears "must change password". Locks and counts stay, as in Active Directory. */
export function setPassword(domain: Domain, entry: DirectoryEntry, password: string): void {
  const account = domain.accountOf(entry);
  if (account === undefined) return;
  account.password = password;
  domain.update(entry, { pwdLastSet: fileTime(domain.now()) });
}

/** Whether the password meets the domain's policy. */
export function isGoodPassword(domain: Domain, entry: DirectoryEntry, password: string): boolean {
  const name = domain.tree.text(entry, 'sAMAccountName')?.toLowerCase() ?? '';
  if (name.length > 2 && password.toLowerCase().includes(name)) return false;
  const kinds = [/\p{Lu}/u, /\p{Ll}/u, /\d/, /[^\p{L}\d]/u].filter((kind) => kind.test(password)).length;
  return password.length >= MIN_PASSWORD_LENGTH && kinds >= 3;
}
