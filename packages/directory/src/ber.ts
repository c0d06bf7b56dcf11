/** Reads untrusted BER: each element has to be complete and inside its parent, or the message is rejected. */
import { Ber, BerReader } from 'ldapts';

/** The bytes are not an LDAP message (RFC 4511, section 5.1). Their connection ends. */
export class MalformedMessage extends Error {}

/** Reads an element with this tag and moves past it. */
export function octets(reader: BerReader, tag: number = Ber.OctetString): Buffer {
  if (reader.peek() !== tag) throw new MalformedMessage(`no element of tag 0x${tag.toString(16)}`);
  const start = reader.readLength(reader.offset + 1);
  // BerReader reads a length of four bytes as a signed number: a negative one would move back, and reading would never end.
  if (start === null || reader.length < 0 || reader.length > reader.buffer.length - start) {
    throw new MalformedMessage('an element is longer than its parent');
  }
  reader.offset = start + reader.length;
  return reader.buffer.subarray(start, reader.offset);
}

/** The content of a constructed element as a reader of its own, which cannot read beyond it. */
export function inside(reader: BerReader, tag: number = Ber.Sequence | Ber.Constructor): BerReader {
  return new BerReader(octets(reader, tag));
}

export function text(reader: BerReader, tag?: number): string {
  return octets(reader, tag).toString('utf8');
}

export function integer(reader: BerReader, tag: number = Ber.Integer): number {
  const bytes = octets(reader, tag);
  if (bytes.length === 0 || bytes.length > 4) throw new MalformedMessage('an integer that is empty or longer than four bytes');
  return bytes.readIntBE(0, bytes.length);
}

export function boolean(reader: BerReader, tag: number = Ber.Boolean): boolean {
  const bytes = octets(reader, tag);
  if (bytes.length !== 1) throw new MalformedMessage('a boolean that is not one byte');
  return bytes[0] !== 0;
}

/** Every element up to the end of the reader. */
export function all<T>(reader: BerReader, read: (reader: BerReader) => T): T[] {
  const items: T[] = [];
  while (reader.remain > 0) items.push(read(reader));
  return items;
}
