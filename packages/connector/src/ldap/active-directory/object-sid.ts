/** `objectSid`: the binary form of a security identifier, written as `S-1-…`. */

/**
 * Revision, count of sub-authorities, 48-bit authority big-endian, then 32-bit sub-authorities little-endian (MS-DTYP, section 2.4.2.2).
 *
 * @returns `S-1-5-21-…`; plain hexadecimal if the lengths do not match
 */
export function sidText(bytes: Buffer): string {
  const count = bytes[1] ?? 0;
  if (bytes.length < 8 || bytes.length !== 8 + count * 4) return bytes.toString('hex');
  const parts: (string | number)[] = ['S', bytes[0] ?? 0, bytes.readUIntBE(2, 6)];
  for (let i = 0; i < count; i++) parts.push(bytes.readUInt32LE(8 + i * 4));
  return parts.join('-');
}
