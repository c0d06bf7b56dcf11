/** Security identifiers (MS-DTYP 2.4.2): `S-1-5-21-…` as text, and the bytes of `objectSid`. */

/** @returns undefined if the text is not a SID */
export function sidBytes(text: string): Buffer | undefined {
  const match = /^S-1-(\d{1,10})((?:-\d{1,10}){1,15})$/i.exec(text);
  if (match?.[1] === undefined || match[2] === undefined) return undefined;
  const subAuthorities = match[2].slice(1).split('-').map(Number);
  if (subAuthorities.some((part) => part > 0xffff_ffff)) return undefined;
  const bytes = Buffer.alloc(8 + 4 * subAuthorities.length);
  bytes.writeUInt8(1, 0);
  bytes.writeUInt8(subAuthorities.length, 1);
  // The authority is big-endian, the sub-authorities are little-endian.
  bytes.writeUIntBE(Number(match[1]), 2, 6);
  for (const [index, part] of subAuthorities.entries()) bytes.writeUInt32LE(part, 8 + 4 * index);
  return bytes;
}
