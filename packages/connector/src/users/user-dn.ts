/** LDAP_USER_DN: makes the DN of a user's entry from the typed name, so that no search is needed. */
import { CodedError } from '@landbridge/runtime';
import { formatDn, parseDn } from '../ldap/dn.ts';

/** Takes a typed name, which stays inside the values in which the template has `{0}`. */
export type UserDn = (name: string) => string;

/**
 * @param template for example `uid={0},ou=people,dc=example,dc=org`
 * @throws LDAP_USER_DN_INVALID
 */
export function userDnTemplate(template: string): UserDn {
  const names = parseDn(template);
  if (names === undefined || !names.flat().some(({ value }) => value.includes('{0}'))) {
    throw new CodedError('LDAP_USER_DN_INVALID', 'LDAP_USER_DN is not a distinguished name with {0} in it', {
      action: 'Write it like the DN of an entry, for example uid={0},ou=people,dc=example,dc=org, or remove it to search for users.',
    });
  }
  // Macs send a decomposed accent that is precomposed in nearly every directory, and a bind cannot be tried with both.
  return (name) =>
    formatDn(names.map((parts) => parts.map(({ type, value }) => ({ type, value: value.replaceAll('{0}', () => name.normalize('NFC')) }))));
}
