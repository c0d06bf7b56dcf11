/** Reads the principals of an MIT Kerberos keytab, format 2 (MIT's documentation, "Keytab file format"). Keys are skipped. */

export interface KeytabEntry {
  /** `HTTP/sso.fabrikam.local@FABRIKAM.LOCAL` */
  principal: string;
  keyVersion: number;
  /** RFC 3961, RFC 8009: 17 and 18 are AES, 23 is RC4. */
  encryptionType: number;
}

/** RFC 3961, RFC 8009. */
const ENCRYPTION_NAMES: Readonly<Record<number, string>> = {
  ...{ 1: 'DES', 3: 'DES', 17: 'AES-128', 18: 'AES-256' },
  ...{ 19: 'AES-128-SHA2', 20: 'AES-256-SHA2', 23: 'RC4' },
};

export function encryptionName({ encryptionType }: KeytabEntry): string {
  return ENCRYPTION_NAMES[encryptionType] ?? `type ${encryptionType}`;
}

/** A keytab has a few keys; a larger file is something else. */
export const MAX_KEYTAB_BYTES = 1024 * 1024;
const MAX_ENTRIES = 10_000;

/** @returns undefined if it is not a keytab, or is truncated */
export function readKeytab(bytes: Buffer): KeytabEntry[] | undefined {
  if (bytes.length < 2 || bytes.length > MAX_KEYTAB_BYTES || bytes.readUInt16BE(0) !== 0x0502) return undefined;
  const entries: KeytabEntry[] = [];
  let at = 2;
  while (at + 4 <= bytes.length && entries.length < MAX_ENTRIES) {
    const size = bytes.readInt32BE(at);
    at += 4;
    // A negative size is a hole of a deleted entry; zero is the end.
    if (size === 0) break;
    const length = Math.abs(size);
    if (at + length > bytes.length) return undefined;
    if (size > 0) {
      const entry = readEntry(bytes.subarray(at, at + length));
      if (entry === undefined) return undefined;
      entries.push(entry);
    }
    at += length;
  }
  return entries;
}

function readEntry(bytes: Buffer): KeytabEntry | undefined {
  let at = 0;
  const has = (count: number) => at + count <= bytes.length;
  const number16 = (): number | undefined => {
    if (!has(2)) return undefined;
    at += 2;
    return bytes.readUInt16BE(at - 2);
  };
  const counted = (): Buffer | undefined => {
    const length = number16();
    if (length === undefined || !has(length)) return undefined;
    at += length;
    return bytes.subarray(at - length, at);
  };
  const componentCount = number16();
  const realm = counted();
  if (componentCount === undefined || componentCount > 10 || realm === undefined) return undefined;
  const components: string[] = [];
  for (let i = 0; i < componentCount; i++) {
    const component = counted();
    if (component === undefined) return undefined;
    components.push(component.toString());
  }
  // Name type, time, and the version in eight bits.
  if (!has(9)) return undefined;
  const shortVersion = bytes.readUInt8(at + 8);
  at += 9;
  const encryptionType = number16();
  if (encryptionType === undefined || counted() === undefined) return undefined;
  // Versions above 255 follow in optional 32 bits; zero means none.
  const longVersion = has(4) ? bytes.readUInt32BE(at) : 0;
  return { principal: `${components.join('/')}@${realm.toString()}`, keyVersion: longVersion || shortVersion, encryptionType };
}
