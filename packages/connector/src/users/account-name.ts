/** The account name of a user, for applications that display it or sort by it. */
import { type Entry, firstText } from '../ldap/entry.ts';

/** Attributes of Active Directory, of POSIX accounts and inetOrgPerson (RFC 4519), and of synchronised users that have neither. */
export const ACCOUNT_NAMES: readonly string[] = ['sAMAccountName', 'uid', 'userPrincipalName'];

export function accountNameIn(entry: Entry): string | undefined {
  return ACCOUNT_NAMES.map((name) => firstText(entry, name)).find((name) => name !== undefined && name.trim() !== '');
}
