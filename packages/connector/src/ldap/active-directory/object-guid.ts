/** `objectGUID`: 16 bytes, written like Windows writes GUIDs. */

/**
 * The first three groups are little-endian, the rest is in order (MS-DTYP, section 2.3.4).
 *
 * @returns `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` in lower case; plain hexadecimal if it does not have 16 bytes
 */
export function guidText(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  if (bytes.length !== 16) return hex;
  const swapped = [3, 2, 1, 0, 5, 4, 7, 6].map((index) => hex.slice(index * 2, index * 2 + 2)).join('');
  return `${swapped.slice(0, 8)}-${swapped.slice(8, 12)}-${swapped.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** @returns the bytes of `guidText`; undefined if it is not a GUID */
export function guidBytes(text: string): Buffer | undefined {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(text)) return undefined;
  const bytes = Buffer.from(text.replaceAll('-', ''), 'hex');
  return Buffer.from([3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15].map((index) => bytes[index] ?? 0));
}
