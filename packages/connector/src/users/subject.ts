/**
 * The immutable id of a user, straight from the directory's entry: names, addresses and DNs are neither unique nor permanent, and a profile
 * mapper must not be able to give one user another's id.
 */

import type { DirectoryKind } from '../ldap/directory-kinds.ts';
import { type Entry, edirectoryGuid, isBinaryAttribute, rawAttribute } from '../ldap/entry.ts';

/**
 * Attributes that the server itself sets and no account can write; the first one in an entry counts. Only those of its own kind: elsewhere
 * an attribute of that name may be writable.
 */
const SERVER_IDS: Readonly<Record<DirectoryKind, readonly string[]>> = {
  'active-directory': ['objectGUID'],
  'ad-lds': ['objectGUID'],
  // RFC 4530.
  openldap: ['entryUUID'],
  // By default it shows service accounts only their own id.
  freeipa: ['ipaUniqueID', 'nsUniqueId'],
  // FreeIPA, if it hides its product name.
  '389-ds': ['ipaUniqueID', 'nsUniqueId'],
  lldap: ['entryUUID'],
  edirectory: ['GUID'],
  odsee: ['nsUniqueId'],
  opends: ['entryUUID'],
  'oracle-internet-directory': ['orclGuid'],
  ibm: ['ibm-entryUuid'],
  apacheds: ['entryUUID'],
  google: ['entryUUID'],
  jumpcloud: ['entryUUID'],
  other: ['entryUUID', 'nsUniqueId', 'GUID', 'objectGUID'],
  unknown: ['entryUUID', 'nsUniqueId', 'objectGUID', 'GUID'],
};

/** UUIDs, with or without dashes, and nsUniqueId's spelling. FreeIPA's staged users have a word instead. */
const SERVER_ID = /^[0-9a-f]{8}-?([0-9a-f]{4}-?){2}[0-9a-f]{4}-?[0-9a-f]{12}$|^([0-9a-f]{8}-){3}[0-9a-f]{8}$/;
const MAX_LENGTH = 256;

/** @param setting LDAP_SUBJECT_ATTRIBUTE @returns the attributes to request for every user, whichever kind the directory turns out to be */
export function subjectAttributes(setting: string | undefined): string[] {
  return setting === undefined ? [...new Set(Object.values(SERVER_IDS).flat())] : [setting];
}

/** @returns undefined if the entry has no id, several, or one that is not a plain text */
export function subjectOf(entry: Entry, kind: DirectoryKind, setting: string | undefined): string | undefined {
  if (setting !== undefined) return onlyText(entry, setting);
  const name = SERVER_IDS[kind].find((candidate) => entry.attributes.has(candidate.toLowerCase()));
  const text = name === undefined ? undefined : onlyText(entry, name)?.toLowerCase();
  return text !== undefined && SERVER_ID.test(text) ? text : undefined;
}

function onlyText(entry: Entry, name: string): string | undefined {
  const values = entry.attributes.get(name.toLowerCase())?.values ?? [];
  const [bytes] = values;
  if (bytes === undefined || values.length > 1) return undefined;
  const value = edirectoryGuid(name, bytes) ?? rawAttribute(entry, name);
  // Only if all values of the attribute are binary: one user's text must not equal the hexadecimal form of another's bytes.
  const hex = Buffer.isBuffer(value) && isBinaryAttribute(entry, name) ? value.toString('hex') : undefined;
  const text = typeof value === 'string' && !/\p{Cc}/u.test(value) ? value : hex;
  return text !== undefined && text.trim() !== '' && text.length <= MAX_LENGTH ? text : undefined;
}
