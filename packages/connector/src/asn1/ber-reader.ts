/**
 * Reads BER (X.690) with definite lengths and one-byte tags, which covers the DER of certificates and the subset that LDAP uses (RFC 4511,
 * section 5.1). Every read is checked against the end of the enclosing element and moves forward, so that hostile bytes cause an error and
 * not an endless loop.
 */
import { TAG } from './ber-writer.ts';

/** Makes the error for malformed bytes, in the caller's words. */
export type Malformed = (what: string) => Error;

export class BerReader {
  readonly #bytes: Buffer;
  readonly #malformed: Malformed;
  readonly #end: number;
  #offset: number;

  constructor(bytes: Buffer, malformed: Malformed, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#malformed = malformed;
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

  /** The content of the next element, which must have this tag, as a separate reader. */
  enter(tag: number): BerReader {
    const start = this.#header(tag);
    return new BerReader(this.#bytes, this.#malformed, start, this.#offset);
  }

  /** The same if the next element has this tag; undefined, without reading anything, if it has another. */
  enterIf(tag: number): BerReader | undefined {
    return this.peekTag() === tag ? this.enter(tag) : undefined;
  }

  /** Everything up to the end, element by element. */
  readAll<T>(read: (reader: BerReader) => T): T[] {
    const all: T[] = [];
    while (!this.atEnd) all.push(read(this));
    return all;
  }

  /** The next element's content, whatever its tag. */
  readAny(): { tag: number; bytes: Buffer } {
    const tag = this.peekTag();
    if (tag === undefined) throw this.#malformed('a missing element');
    return { tag, bytes: this.readBytes(tag) };
  }

  /** The raw next element, with its tag and length: the input of hashes and signatures. */
  readElement(tag: number = TAG.sequence): Buffer {
    const start = this.#offset;
    this.#header(tag);
    return this.#bytes.subarray(start, this.#offset);
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
    if (length < 1 || length > 4) throw this.#malformed(`an integer of ${length} bytes`);
    return this.#bytes.readIntBE(start, length);
  }

  readBoolean(): boolean {
    return this.readBytes(TAG.boolean)[0] !== 0;
  }

  /** An object identifier in dotted form (X.690, section 8.19). */
  readOid(): string {
    const bytes = this.readBytes(TAG.oid);
    if ((bytes.at(-1) ?? 0x80) >= 0x80) throw this.#malformed('an unterminated object identifier');
    const numbers: number[] = [];
    let number = 0;
    for (const byte of bytes) {
      number = number * 128 + (byte & 0x7f);
      // Two different numbers must not become equal.
      if (number > Number.MAX_SAFE_INTEGER) throw this.#malformed('an object identifier with too large a number');
      if (byte >= 0x80) continue;
      numbers.push(number);
      number = 0;
    }
    const [first = 0, ...others] = numbers;
    const root = Math.min(Math.floor(first / 40), 2);
    return [root, first - root * 40, ...others].join('.');
  }

  /** The bytes of a BIT STRING without unused bits: keys and signatures. */
  readBits(): Buffer {
    const bytes = this.readBytes(TAG.bitString);
    if (bytes[0] !== 0) throw this.#malformed('a bit string with unused bits');
    return bytes.subarray(1);
  }

  /** Moves past the next element and returns where its content begins. */
  #header(tag: number): number {
    if (this.#offset + 2 > this.#end) throw this.#malformed('a truncated element');
    const seen = this.#bytes[this.#offset];
    if (seen !== tag) throw this.#malformed(`tag 0x${seen?.toString(16)} instead of 0x${tag.toString(16)}`);
    const header = readLength(this.#bytes, this.#offset + 1, this.#end, this.#malformed);
    if (header === undefined) throw this.#malformed('a truncated length');
    const end = header.contentStart + header.length;
    if (end > this.#end) throw this.#malformed('an element longer than the enclosing one');
    this.#offset = end;
    return header.contentStart;
  }
}

/**
 * @returns where the content begins and how long it is, or undefined if `end` comes before the length's last byte
 * @throws `malformed` for indefinite lengths and lengths of more than four bytes
 */
export function readLength(
  bytes: Buffer,
  offset: number,
  end: number,
  malformed: Malformed,
): { contentStart: number; length: number } | undefined {
  if (offset >= end) return undefined;
  const first = bytes[offset] ?? 0;
  if (first < 0x80) return { contentStart: offset + 1, length: first };
  const size = first & 0x7f;
  if (size === 0 || size > 4) throw malformed(`a length of form 0x${first.toString(16)}`);
  if (offset + 1 + size > end) return undefined;
  return { contentStart: offset + 1 + size, length: bytes.readUIntBE(offset + 1, size) };
}
