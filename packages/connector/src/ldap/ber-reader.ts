/**
 * Reads BER (X.690) as LDAP restricts it (RFC 4511, section 5.1): definite lengths, one-byte tags. Every read is checked against
 * the end of what encloses it and moves forward, so that hostile bytes end in an error and not in an endless loop.
 */
import { TAG } from '../asn1/ber-writer.ts';
import { LdapError } from './errors.ts';

export class BerReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #offset: number;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#offset = start;
    this.#end = end;
  }

  get atEnd(): boolean {
    return this.#offset >= this.#end;
  }

  /** The tag of the next element, undefined at the end. */
  peekTag(): number | undefined {
    return this.atEnd ? undefined : this.#bytes[this.#offset];
  }

  /** The content of the next element, which must have this tag, as a reader of its own. */
  enter(tag: number): BerReader {
    const start = this.#header(tag);
    const inner = new BerReader(this.#bytes, start, this.#offset);
    return inner;
  }

  /** The next element's content, whatever its tag is. */
  readAny(): { tag: number; bytes: Buffer } {
    const tag = this.peekTag();
    if (tag === undefined) throw malformed('an element is missing');
    return { tag, bytes: this.readBytes(tag) };
  }

  readBytes(tag: number = TAG.octetString): Buffer {
    const start = this.#header(tag);
    return this.#bytes.subarray(start, this.#offset);
  }

  readText(tag: number = TAG.octetString): string {
    const start = this.#header(tag);
    return this.#bytes.toString('utf8', start, this.#offset);
  }

  /** INTEGER or ENUMERATED of at most 32 bits, signed. */
  readInteger(tag: number = TAG.integer): number {
    const start = this.#header(tag);
    const length = this.#offset - start;
    if (length < 1 || length > 4) throw malformed(`an integer of ${length} bytes`);
    return this.#bytes.readIntBE(start, length);
  }

  /** Moves past the next element and returns where its content begins; the reader then stands at its end. */
  #header(tag: number): number {
    if (this.#offset + 2 > this.#end) throw malformed('an element is cut off');
    const seen = this.#bytes[this.#offset];
    if (seen !== tag) throw malformed(`tag 0x${seen?.toString(16)} where 0x${tag.toString(16)} belongs`);
    const header = readLength(this.#bytes, this.#offset + 1, this.#end);
    if (header === undefined) throw malformed('a length is cut off');
    const end = header.contentStart + header.length;
    if (end > this.#end) throw malformed('an element is longer than what encloses it');
    this.#offset = end;
    return header.contentStart;
  }
}

/**
 * @returns where the content begins and how long it is, or undefined where `end` comes before the length's last byte
 * @throws LDAP_PROTOCOL for indefinite lengths and lengths of more than four bytes
 */
export function readLength(bytes: Buffer, offset: number, end: number): { contentStart: number; length: number } | undefined {
  if (offset >= end) return undefined;
  const first = bytes[offset] ?? 0;
  if (first < 0x80) return { contentStart: offset + 1, length: first };
  const size = first & 0x7f;
  if (size === 0 || size > 4) throw malformed(`a length of form 0x${first.toString(16)}`);
  if (offset + 1 + size > end) return undefined;
  return { contentStart: offset + 1 + size, length: bytes.readUIntBE(offset + 1, size) };
}

export function malformed(what: string): LdapError {
  return new LdapError('LDAP_PROTOCOL', `The directory server sent what is not LDAP: ${what}`, {
    action: 'Check that LDAP_URL names the LDAP port of a directory server, and ldaps:// where that port speaks TLS',
    mayHaveBeenSent: true,
  });
}
