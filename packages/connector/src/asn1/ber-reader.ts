/**
 * Reads BER (X.690) with definite lengths and one-byte tags, which is all of DER that certificates have, and what LDAP restricts BER to
 * (RFC 4511, section 5.1). Every read is checked against the end of what encloses it and moves forward, so that hostile bytes end in an
 * error and not in an endless loop.
 */
import { TAG } from './ber-writer.ts';

/** The error for bytes that are not what they should be, in words of whoever reads them. */
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

  /** The content of the next element, which must have this tag, as a reader of its own. */
  enter(tag: number): BerReader {
    const start = this.#header(tag);
    return new BerReader(this.#bytes, this.#malformed, start, this.#offset);
  }

  /** Likewise, where the next element has this tag; undefined where it has another, and nothing is read. */
  enterIf(tag: number): BerReader | undefined {
    return this.peekTag() === tag ? this.enter(tag) : undefined;
  }

  /** The next element's content, whatever its tag is. */
  readAny(): { tag: number; bytes: Buffer } {
    const tag = this.peekTag();
    if (tag === undefined) throw this.#malformed('an element is missing');
    return { tag, bytes: this.readBytes(tag) };
  }

  /** The next element as it stands, with its tag and length: what hashes and signatures are made of. */
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
    if ((bytes.at(-1) ?? 0x80) >= 0x80) throw this.#malformed('an object identifier without an end');
    const numbers: number[] = [];
    let number = 0;
    for (const byte of bytes) {
      number = number * 128 + (byte & 0x7f);
      // Two different numbers must not become one.
      if (number > Number.MAX_SAFE_INTEGER) throw this.#malformed('an object identifier with a number that is too large');
      if (byte >= 0x80) continue;
      numbers.push(number);
      number = 0;
    }
    const [first = 0, ...others] = numbers;
    const root = Math.min(Math.floor(first / 40), 2);
    return [root, first - root * 40, ...others].join('.');
  }

  /** The bytes of a BIT STRING that has no unused bits: keys and signatures. */
  readBits(): Buffer {
    const bytes = this.readBytes(TAG.bitString);
    if (bytes[0] !== 0) throw this.#malformed('a bit string that does not consist of bytes');
    return bytes.subarray(1);
  }

  /** Moves past the next element and returns where its content begins; the reader then stands at its end. */
  #header(tag: number): number {
    if (this.#offset + 2 > this.#end) throw this.#malformed('an element is cut off');
    const seen = this.#bytes[this.#offset];
    if (seen !== tag) throw this.#malformed(`tag 0x${seen?.toString(16)} where 0x${tag.toString(16)} belongs`);
    const header = readLength(this.#bytes, this.#offset + 1, this.#end, this.#malformed);
    if (header === undefined) throw this.#malformed('a length is cut off');
    const end = header.contentStart + header.length;
    if (end > this.#end) throw this.#malformed('an element is longer than what encloses it');
    this.#offset = end;
    return header.contentStart;
  }
}

/**
 * @returns where the content begins and how long it is, or undefined where `end` comes before the length's last byte
 * @throws what `malformed` makes, for indefinite lengths and lengths of more than four bytes
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
