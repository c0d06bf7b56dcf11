/** An entry as received from the directory, with attributes as bytes, and the plain object that a profile mapper gets. */
import { isUtf8 } from 'node:buffer';
import { guidText } from './active-directory/object-guid.ts';
import { sidText } from './active-directory/object-sid.ts';

export interface Entry {
  readonly dn: string;
  /** By lower-case attribute name, including options (`usercertificate;binary`). */
  readonly attributes: ReadonlyMap<string, Attribute>;
  /** The URL of the server that sent it; undefined if it was not read from one. */
  readonly readFrom?: string;
}

export interface Attribute {
  /** Spelled as in the request or the schema (see `attribute-names.ts`). */
  readonly name: string;
  /** A value that is part of the RDN comes first, because only the first of several values is used. */
  readonly values: readonly Buffer[];
  /** The directory's schema declares the values binary. */
  readonly isOctets?: boolean;
}

/**
 * Attributes that contain passwords, keys or their hashes. A server that returns them to the service account reveals too much; they are
 * dropped when the entry is decoded, so that no mapper, log, answer or command can see them.
 */
const SECRET_ATTRIBUTES: ReadonlySet<string> = new Set([
  'userpassword',
  'unicodepwd',
  'dbcspwd',
  'ntpwdhistory',
  'lmpwdhistory',
  'supplementalcredentials',
  'currentvalue',
  'pwdhistory',
  'passwordhistory',
  'sambantpassword',
  'sambalmpassword',
  'sambapasswordhistory',
  'krbprincipalkey',
  'krbextradata',
  'krbpwdhistory',
  'ipanthash',
  'ipatokenotpkey',
  'authpassword',
  'userpkcs12',
  'ms-mcs-admpwd',
  'mslaps-password',
  'mslaps-encryptedpassword',
  'mslaps-encryptedpasswordhistory',
  'msds-managedpassword',
  'msds-keycredentiallink',
]);

/** Attributes with binary values, for servers that publish no schema. Some servers append `;binary` to the name. */
const BINARY_ATTRIBUTES: ReadonlySet<string> = new Set([
  'objectguid',
  'objectsid',
  'sidhistory',
  'thumbnailphoto',
  'thumbnaillogo',
  'jpegphoto',
  'photo',
  'audio',
  'usercertificate',
  'cacertificate',
  'usersmimecertificate',
  'logonhours',
  'securityidentifier',
  'msexchmailboxguid',
  'msexcharchiveguid',
  'msexchmasteraccountsid',
  'ms-ds-consistencyguid',
  'mspkirootcacertificates',
  'mspkidpapimasterkeys',
  'mspkiaccountcredentials',
  'terminalserver',
  'usercert',
  'tokengroups',
  'ntsecuritydescriptor',
  'replpropertymetadata',
  'msds-generationid',
]);

/** @param name an attribute description, with or without options */
export function isSecretAttribute(name: string): boolean {
  return SECRET_ATTRIBUTES.has(baseName(name));
}

/** @returns whether every value of the attribute is binary, even if it looks like text */
export function isBinaryAttribute(entry: Entry, name: string): boolean {
  const isOctets = entry.attributes.get(name.toLowerCase())?.isOctets ?? false;
  return isOctets || name.toLowerCase().endsWith(';binary') || BINARY_ATTRIBUTES.has(baseName(name));
}

function baseName(name: string): string {
  const options = name.indexOf(';');
  return (options < 0 ? name : name.slice(0, options)).toLowerCase();
}

/** @returns the attribute's first value as text, undefined if it has none */
export function firstText(entry: Entry, name: string): string | undefined {
  return entry.attributes.get(name.toLowerCase())?.values[0]?.toString();
}

/** @returns the attribute's values as text */
export function allTexts(entry: Entry, name: string): string[] {
  return entry.attributes.get(name.toLowerCase())?.values.map((value) => value.toString()) ?? [];
}

export type RawValue = string | Buffer;

/**
 * The form of entries for profile mappers: a single value is a plain value, several values are an array, and no values are `[]`. Ids in known
 * binary formats become text. Other binary values stay bytes: those of binary attributes, and those that are not valid text.
 */
export interface RawEntry {
  dn: string;
  [attribute: string]: RawValue | RawValue[];
}

export function rawEntry(entry: Entry): RawEntry {
  // No prototype: an attribute may have any name.
  const raw: RawEntry = Object.assign(Object.create(null), { dn: entry.dn, controls: [] });
  for (const [key, { name, values }] of entry.attributes) raw[name] = rawValue(entry, key, values);
  return raw;
}

/** One attribute in that form; `undefined` if the entry does not have it. */
export function rawAttribute(entry: Entry, name: string): RawValue | RawValue[] | undefined {
  if (name.toLowerCase() === 'dn') return entry.dn;
  const attribute = entry.attributes.get(name.toLowerCase());
  return attribute && rawValue(entry, name.toLowerCase(), attribute.values);
}

function rawValue(entry: Entry, key: string, values: readonly Buffer[]): RawValue | RawValue[] {
  const converted = values.map(converter(entry, key, values));
  const [only] = converted;
  return converted.length === 1 && only !== undefined ? only : converted;
}

function converter(entry: Entry, key: string, values: readonly Buffer[]): (value: Buffer) => RawValue {
  if (key === 'objectguid') return guidText;
  if (key === 'objectsid') return sidText;
  // A copy: these bytes are a slice of a network buffer, which would be kept alive.
  const bytes = (value: Buffer) => edirectoryGuid(key, value) ?? Buffer.from(value);
  if (isBinaryAttribute(entry, key) || !values.every(isText)) return bytes;
  return (value) => value.toString();
}

/** In plain byte order, unlike Active Directory's GUIDs. @returns undefined if it is not an eDirectory `GUID` */
export function edirectoryGuid(name: string, bytes: Buffer): string | undefined {
  if (name.toLowerCase() !== 'guid' || bytes.length !== 16) return undefined;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}

/** Whether bytes are valid text. Text contains no NUL, but GUIDs and other binary values often do. */
function isText(bytes: Buffer): boolean {
  return isUtf8(bytes) && !bytes.includes(0);
}

/** A value as text, for uses that need text. Invalid UTF-8 becomes Base64, since replacement characters would make different values equal. */
export function textOf(value: RawValue): string {
  if (typeof value === 'string') return value;
  return isText(value) ? value.toString() : value.toString('base64');
}
