/**
 * What an access list of Active Directory permits, without trying it (MS-DTYP, sections 2.4.4 to 2.4.6; MS-ADTS, section 5.1.3.3). Only two
 * decisions are implemented: whether an account has a control access right, and whether it may write an attribute.
 */
import { sidText } from './object-sid.ts';

/** Access mask of directory objects (MS-ADTS, section 5.1.3.2). */
const WRITE_PROPERTY = 0x20;
const CONTROL_ACCESS = 0x100;
const GENERIC_ALL = 0x10000000;
const GENERIC_WRITE = 0x40000000;

const ACCESS_ALLOWED = 0x00;
const ACCESS_DENIED = 0x01;
const ACCESS_ALLOWED_OBJECT = 0x05;
const ACCESS_DENIED_OBJECT = 0x06;
/** The entry applies to child objects only. */
const INHERIT_ONLY = 0x08;
const OBJECT_TYPE_PRESENT = 0x1;
const INHERITED_OBJECT_TYPE_PRESENT = 0x2;

/** A security descriptor is at most as long as its access lists, whose lengths have 16 bits each. */
const MAX_BYTES = 256 * 1024;

/** Rights and attributes by GUID in the byte order of an entry: the first three parts little-endian. */
export const RESET_PASSWORD = guid('00299570-246d-11d0-a768-00aa006e0529');
export const ATTRIBUTE_PWD_LAST_SET = guid('bf967a0a-0de6-11d0-a285-00aa003049e2');
export const ATTRIBUTE_LOCKOUT_TIME = guid('28630ebf-41d5-11d1-a9c1-0000f80367c1');

export interface AccessEntry {
  allows: boolean;
  mask: number;
  /** Undefined: every right or attribute. */
  objectType: Buffer | undefined;
  /** `S-1-5-…` */
  sid: string;
}

/**
 * @param descriptor a self-relative security descriptor, as in `nTSecurityDescriptor`
 * @returns the entries that apply to the object itself, in order; undefined if it is malformed or has no access list
 */
export function readAccessList(descriptor: Buffer): AccessEntry[] | undefined {
  if (descriptor.length < 20 || descriptor.length > MAX_BYTES || descriptor.readUInt8(0) !== 1) return undefined;
  const listAt = descriptor.readUInt32LE(16);
  if (listAt < 20 || listAt + 8 > descriptor.length) return undefined;
  const count = descriptor.readUInt16LE(listAt + 4);
  const entries: AccessEntry[] = [];
  let at = listAt + 8;
  for (let i = 0; i < count; i++) {
    if (at + 8 > descriptor.length) return undefined;
    const size = descriptor.readUInt16LE(at + 2);
    if (size < 8 || at + size > descriptor.length) return undefined;
    const entry = readEntry(descriptor.subarray(at, at + size));
    if (entry !== undefined) entries.push(entry);
    at += size;
  }
  return entries;
}

/** @returns undefined for an entry that decides nothing here: for audits, or for child objects only */
function readEntry(bytes: Buffer): AccessEntry | undefined {
  const type = bytes.readUInt8(0);
  const isObject = type === ACCESS_ALLOWED_OBJECT || type === ACCESS_DENIED_OBJECT;
  if ((bytes.readUInt8(1) & INHERIT_ONLY) !== 0 || (!isObject && type !== ACCESS_ALLOWED && type !== ACCESS_DENIED)) return undefined;
  let at = 8;
  let objectType: Buffer | undefined;
  if (isObject) {
    if (bytes.length < 12) return undefined;
    const flags = bytes.readUInt32LE(8);
    at = 12;
    if ((flags & OBJECT_TYPE_PRESENT) !== 0) {
      objectType = bytes.subarray(at, at + 16);
      at += 16;
    }
    if ((flags & INHERITED_OBJECT_TYPE_PRESENT) !== 0) at += 16;
  }
  // A SID: revision, number of parts, six bytes, the parts.
  if (at + 8 > bytes.length) return undefined;
  const sidEnd = at + 8 + 4 * bytes.readUInt8(at + 1);
  if (sidEnd > bytes.length) return undefined;
  return {
    allows: type === ACCESS_ALLOWED || type === ACCESS_ALLOWED_OBJECT,
    mask: bytes.readUInt32LE(4),
    objectType,
    sid: sidText(bytes.subarray(at, sidEnd)),
  };
}

/** Whether an account with these SIDs has a control access right such as RESET_PASSWORD: the first matching entry decides. */
export function mayUse(right: Buffer, list: readonly AccessEntry[], sids: ReadonlySet<string>): boolean {
  return decide(list, sids, right, CONTROL_ACCESS | GENERIC_ALL);
}

/** Whether an account with these SIDs may write an attribute. Ignores property sets: no commonly delegated one contains these attributes. */
export function mayWrite(attribute: Buffer, list: readonly AccessEntry[], sids: ReadonlySet<string>): boolean {
  return decide(list, sids, attribute, WRITE_PROPERTY | GENERIC_ALL | GENERIC_WRITE);
}

function decide(list: readonly AccessEntry[], sids: ReadonlySet<string>, objectType: Buffer, mask: number): boolean {
  for (const entry of list) {
    if (!sids.has(entry.sid) || (entry.mask & mask) === 0) continue;
    if (entry.objectType !== undefined && !entry.objectType.equals(objectType)) continue;
    return entry.allows;
  }
  return false;
}

function guid(text: string): Buffer {
  const bytes = Buffer.from(text.replaceAll('-', ''), 'hex');
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}
