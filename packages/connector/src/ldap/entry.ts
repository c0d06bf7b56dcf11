/** An entry as it came from the directory, its attributes as bytes; and the plain object that a profile mapper is given. */
import { guidText } from './active-directory/object-guid.ts';
import { sidText } from './active-directory/object-sid.ts';

export interface Entry {
  readonly dn: string;
  /** By lower-case attribute name, options included (`usercertificate;binary`). */
  readonly attributes: ReadonlyMap<string, Attribute>;
}

export interface Attribute {
  /** As the server spells it. */
  readonly name: string;
  readonly values: readonly Buffer[];
}

/**
 * Attributes that hold or derive from passwords and keys. A server that returns them to the service account says too much; they
 * are dropped where the entry is decoded, so that no mapper, log, answer or command can see them.
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

/** Attributes whose values are bytes and not text; some servers name them with `;binary`. */
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

function isBinaryAttribute(name: string): boolean {
  return name.endsWith(';binary') || BINARY_ATTRIBUTES.has(baseName(name));
}

function baseName(name: string): string {
  const options = name.indexOf(';');
  return (options < 0 ? name : name.slice(0, options)).toLowerCase();
}

/** @returns the attribute's first value as text, undefined where it has none */
export function firstText(entry: Entry, name: string): string | undefined {
  return entry.attributes.get(name.toLowerCase())?.values[0]?.toString();
}

/** @returns the attribute's values as text */
export function allTexts(entry: Entry, name: string): string[] {
  return entry.attributes.get(name.toLowerCase())?.values.map((value) => value.toString()) ?? [];
}

export type RawValue = string | Buffer;

/**
 * The form in which entries are given to profile mappers: each attribute under the server's name for it, one value as it is,
 * several as an array, none as `[]`. `objectGUID` and `objectSid` are text; other binary attributes stay bytes.
 */
export interface RawEntry {
  dn: string;
  [attribute: string]: RawValue | RawValue[];
}

export function rawEntry(entry: Entry): RawEntry {
  // No prototype: a directory may have an attribute of any name.
  const raw: RawEntry = Object.assign(Object.create(null), { dn: entry.dn, controls: [] });
  for (const [key, { name, values }] of entry.attributes) raw[name] = rawValue(key, values);
  return raw;
}

/** One attribute in that form, `undefined` where the entry has it not. */
export function rawAttribute(entry: Entry, name: string): RawValue | RawValue[] | undefined {
  if (name.toLowerCase() === 'dn') return entry.dn;
  const attribute = entry.attributes.get(name.toLowerCase());
  return attribute && rawValue(name.toLowerCase(), attribute.values);
}

function rawValue(key: string, values: readonly Buffer[]): RawValue | RawValue[] {
  const converted = values.map(converter(key));
  const [only] = converted;
  return converted.length === 1 && only !== undefined ? only : converted;
}

function converter(key: string): (value: Buffer) => RawValue {
  if (key === 'objectguid') return guidText;
  if (key === 'objectsid') return sidText;
  // A copy: the bytes are a piece of a network buffer, which would be kept alive by them.
  if (isBinaryAttribute(key)) return (value) => Buffer.from(value);
  return (value) => value.toString();
}
