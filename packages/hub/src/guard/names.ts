/** The names of one person: how a directory compares what is typed, what is left without a domain, and what a profile adds. */
import type { Profile } from '@landbridge/protocol';

/** Fields of a profile that people sign in with, in the default mapping and in common custom ones. */
const NAME_FIELDS = ['sAMAccountName', 'userPrincipalName', 'upn', 'mail', 'email', 'username', 'uid', 'nickname'];
/** A directory lets its users change some of these fields; a profile must not fill the memory. */
const MAX_NAMES = 10;
const MAX_NAME_LENGTH = 256;

/**
 * Folds what directories do not tell apart: case, width, accents (Active Directory finds `Björk` as `bjork`), blanks around it. Two
 * people that become one by it share their attempts, which is the safe side.
 */
export function foldedName(username: string): string {
  return username.normalize('NFKD').replaceAll(/\p{M}/gu, '').trim().toLowerCase().normalize('NFC');
}

/** `corp\anna` and `anna@corp.example` as `anna`; takes a folded name. */
export function shortName(folded: string): string {
  const account = folded.slice(folded.lastIndexOf('\\') + 1);
  const at = account.lastIndexOf('@');
  const short = at > 0 ? account.slice(0, at) : account;
  return short === '' ? folded : short;
}

/** @returns the directory's own id of the person, where the profile has one */
export function userIdOf(profile: Profile | undefined): string | undefined {
  const id = profile?.id;
  return typeof id === 'string' && id !== '' && id.length <= 1024 ? id : undefined;
}

/** @returns the folded names under which the profile's person may sign in next time */
export function namesIn(profile: Profile | undefined): string[] {
  if (profile === undefined) return [];
  const emails: unknown[] = Array.isArray(profile.emails) ? profile.emails.slice(0, MAX_NAMES) : [];
  return [...NAME_FIELDS.map((field) => profile[field]), ...emails.map(addressIn)]
    .filter((name) => typeof name === 'string')
    .filter((name) => name !== '' && name.length <= MAX_NAME_LENGTH)
    .slice(0, MAX_NAMES)
    .map(foldedName);
}

function addressIn(email: unknown): unknown {
  return typeof email === 'object' && email !== null && 'value' in email ? email.value : email;
}
