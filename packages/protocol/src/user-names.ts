/**
 * Names that mean one user, for counting wrong passwords: how directories compare typed names, the name without a domain, and the names in a
 * profile.
 */
import type { Profile } from './answers.ts';

/** Fields of a profile that users sign in with, in the default mapping and common custom ones. */
const NAME_FIELDS = ['sAMAccountName', 'userPrincipalName', 'upn', 'mailNickname', 'mail', 'email', 'username', 'uid', 'nickname'];
/** Users can change some of these fields: a profile must not fill the memory. */
const MAX_NAMES = 12;
const MAX_NAME_LENGTH = 256;

/**
 * Folds what directories treat as equal: case, width, accents (Active Directory finds `Björk` as `bjork`, and `Strauß` as `strauss`), invisible
 * characters, blanks. Two users whose names become equal share their attempts, which is the safe side.
 */
export function foldedName(name: string): string {
  return (
    name
      .normalize('NFKD')
      .replace(/[\p{M}\p{Cf}]/gu, '')
      // Upper case in between turns ß into ss.
      .toLowerCase()
      .toUpperCase()
      .toLowerCase()
      .replace(/\s+/g, ' ')
      .trim()
  );
}

/** `corp\anna` and `anna@corp.example` as `anna`; takes a folded name. */
export function shortName(folded: string): string {
  const account = folded.slice(folded.lastIndexOf('\\') + 1);
  const at = account.lastIndexOf('@');
  return (at > 0 ? account.slice(0, at) : account) || folded;
}

/** @returns the folded names, whole and short, with which the profile's user may sign in next time */
export function namesIn(profile: Profile | undefined): string[] {
  if (profile === undefined) return [];
  const emails: unknown[] = Array.isArray(profile.emails) ? profile.emails.slice(0, MAX_NAMES) : [];
  const names = [...NAME_FIELDS.map((field) => profile[field]), ...emails.map(addressIn)]
    .filter((name) => typeof name === 'string')
    .filter((name) => name !== '' && name.length <= MAX_NAME_LENGTH)
    .slice(0, MAX_NAMES)
    .map(foldedName);
  return [...new Set(names.flatMap((name) => [name, shortName(name)]))];
}

function addressIn(email: unknown): unknown {
  return typeof email === 'object' && email !== null && 'value' in email ? email.value : email;
}
