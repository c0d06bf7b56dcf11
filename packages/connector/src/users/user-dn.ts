/** LDAP_USER_DN: the name of a person's entry made of the name that was typed, so that nobody has to be looked for. */
import { CodedError } from '@landbridge/runtime';
import { formatDn, parseDn } from '../ldap/dn.ts';

/** Takes what a person typed, which stays inside of the values where the template has `{0}`. */
export type UserDn = (name: string) => string;

/**
 * @param template for example `uid={0},ou=people,dc=example,dc=org`
 * @throws LDAP_USER_DN_INVALID
 */
export function userDnTemplate(template: string): UserDn {
  const names = parseDn(template);
  if (names === undefined || !names.flat().some(({ value }) => value.includes('{0}'))) {
    throw new CodedError('LDAP_USER_DN_INVALID', 'LDAP_USER_DN is not a distinguished name with {0} in it', {
      action: 'Write it as the entries are named, for example uid={0},ou=people,dc=example,dc=org; or remove it to search for people.',
    });
  }
  // What a Mac types in parts (e and an accent) is one character in nearly every directory, and a bind cannot be tried twice.
  return (name) =>
    formatDn(names.map((parts) => parts.map(({ type, value }) => ({ type, value: value.replaceAll('{0}', () => name.normalize('NFC')) }))));
}
