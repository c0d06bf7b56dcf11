/**
 * The immutable id of a user, straight from the directory's entry: names, addresses and DNs are neither unique nor permanent, and a profile
 * mapper must not be able to give one user another's id.
 */
import type { Entry } from '../ldap/entry.ts';
import { rawAttribute } from '../ldap/entry.ts';
import type { DirectoryKind } from '../ldap/root-dse.ts';

/**
 * Attributes that the server itself sets and no account can write; the first one in an entry counts. Only those of its own kind: elsewhere
 * an attribute of that name may be writable.
 */
const SERVER_IDS: Readonly<Record<DirectoryKind, readonly string[]>> = {
  'active-directory': ['objectGUID'],
  // RFC 4530.
  openldap: ['entryUUID'],
  // FreeIPA is based on it, and by default shows service accounts only its own id.
  '389-ds': ['ipaUniqueID', 'nsUniqueId'],
  // GUID: eDirectory.
  other: ['entryUUID', 'nsUniqueId', 'GUID', 'objectGUID'],
  unknown: ['entryUUID', 'nsUniqueId', 'objectGUID', 'GUID'],
};

/** `*` does not include them: a mapper sees them only if LDAP_USER_ATTRIBUTES names them. */
const OPERATIONAL = ['entryuuid', 'nsuniqueid', 'guid'];

/** UUIDs, and the spelling of nsUniqueId. FreeIPA's entries of staged users have a word instead. */
const SERVER_ID = /^[0-9a-f]{8}-?([0-9a-f]{4}-?){2}[0-9a-f]{4}-?[0-9a-f]{12}$|^([0-9a-f]{8}-){3}[0-9a-f]{8}$/;
const MAX_LENGTH = 256;
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** @param setting LDAP_SUBJECT_ATTRIBUTE @returns the attributes to request for every user, whichever kind the directory turns out to be */
export function subjectAttributes(setting: string | undefined): string[] {
  return setting === undefined ? [...new Set(Object.values(SERVER_IDS).flat())] : [setting];
}

/** @param requested what is requested for the mapper @returns attributes that the mapper must not see, in lower case */
export function hiddenSubjectAttributes(setting: string | undefined, requested: readonly string[]): string[] {
  const lower = new Set(requested.map((name) => name.toLowerCase()));
  return subjectAttributes(setting)
    .map((name) => name.toLowerCase())
    .filter((name) => !lower.has(name) && (!lower.has('*') || OPERATIONAL.includes(name)));
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
  // Bytes in eDirectory. For mappers it stays what it is for Auth0 connectors.
  if (name === 'GUID' && bytes.length === 16) return bytes.toString('hex');
  const value = rawAttribute(entry, name);
  const text = Buffer.isBuffer(value) ? value.toString('hex') : typeof value === 'string' && isExact(value, bytes) ? value : undefined;
  return text !== undefined && text.trim() !== '' && text.length <= MAX_LENGTH ? text : undefined;
}

/** Bytes that are not UTF-8 become the same replacement character: two ids would become one. */
function isExact(text: string, bytes: Buffer): boolean {
  if (!text.includes('\ufffd')) return !/\p{Cc}/u.test(text);
  try {
    return strictUtf8.decode(bytes) === text;
  } catch {
    return false;
  }
}
