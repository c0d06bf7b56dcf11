/** Writes BER with minimal lengths, which is also DER (X.690): LDAP requests, the connector's certificate, signatures. */

/** Universal tags (X.680, section 8.6), including the bit for constructed ones. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  enumerated: 0x0a,
  utf8String: 0x0c,
  utcTime: 0x17,
  sequence: 0x30,
  set: 0x31,
} as const;

export interface BerWriter {
  /** Until `endSequence`, everything is the content of an element with this tag. */
  startSequence(tag?: number): void;
  endSequence(): void;
  /** A signed integer of at most 32 bits. */
  writeInt(value: number, tag?: number): void;
  writeEnumeration(value: number): void;
  writeBoolean(value: boolean, tag?: number): void;
  /** UTF-8. */
  writeString(value: string, tag?: number): void;
  writeBuffer(value: Uint8Array, tag?: number): void;
  /** An object identifier in dotted form. */
  writeOid(oid: string): void;
  /** Bytes that are already encoded. */
  writeRaw(bytes: Uint8Array): void;
}

/** Enough for nearly every request. */
const INITIAL_BYTES = 512;

/** @returns the bytes that `write` wrote */
export function encodeBer(write: (writer: BerWriter) => void): Buffer {
  let bytes = Buffer.allocUnsafe(INITIAL_BYTES);
  let offset = 0;
  /** Where the content of each open sequence begins, with one byte before it reserved for its length. */
  const open: number[] = [];

  function need(count: number): void {
    if (offset + count <= bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(bytes.length * 2, offset + count));
    bytes.copy(larger, 0, 0, offset);
    bytes = larger;
  }

  /** Tag and length of the content that follows. */
  function header(tag: number, length: number): void {
    need(6);
    bytes[offset++] = tag;
    if (length < 0x80) bytes[offset++] = length;
    else {
      const size = lengthBytes(length);
      bytes[offset++] = 0x80 | size;
      offset = bytes.writeUIntBE(length, offset, size);
    }
  }

  const writer: BerWriter = {
    startSequence(tag = TAG.sequence) {
      need(2);
      bytes[offset] = tag;
      offset += 2;
      open.push(offset);
    },
    endSequence() {
      const start = open.pop();
      if (start === undefined) throw new TypeError('No sequence is open');
      const length = offset - start;
      if (length < 0x80) {
        bytes[start - 1] = length;
        return;
      }
      const size = lengthBytes(length);
      need(size);
      bytes.copyWithin(start + size, start, offset);
      bytes[start - 1] = 0x80 | size;
      bytes.writeUIntBE(length, start, size);
      offset += size;
    },
    writeInt(value, tag = TAG.integer) {
      const size =
        value >= -0x80 && value < 0x80 ? 1 : value >= -0x8000 && value < 0x8000 ? 2 : value >= -0x800000 && value < 0x800000 ? 3 : 4;
      header(tag, size);
      offset = bytes.writeIntBE(value, offset, size);
    },
    writeEnumeration(value) {
      writer.writeInt(value, TAG.enumerated);
    },
    writeBoolean(value, tag = TAG.boolean) {
      header(tag, 1);
      bytes[offset++] = value ? 0xff : 0;
    },
    writeString(value, tag = TAG.octetString) {
      const length = Buffer.byteLength(value);
      header(tag, length);
      need(length);
      offset += bytes.write(value, offset);
    },
    writeBuffer(value, tag = TAG.octetString) {
      header(tag, value.length);
      writer.writeRaw(value);
    },
    writeOid(oid) {
      const [first = 0, second = 0, ...rest] = oid.split('.').map(Number);
      // X.690, section 8.19: seven bits per byte, the highest bit set in all but the last.
      const content = [first * 40 + second, ...rest].flatMap((part) => {
        const septets = [part & 0x7f];
        for (let left = Math.floor(part / 128); left > 0; left = Math.floor(left / 128)) septets.unshift((left & 0x7f) | 0x80);
        return septets;
      });
      writer.writeBuffer(Uint8Array.from(content), TAG.oid);
    },
    writeRaw(value) {
      need(value.length);
      bytes.set(value, offset);
      offset += value.length;
    },
  };
  write(writer);
  if (open.length > 0) throw new TypeError('A sequence was not closed');
  return bytes.subarray(0, offset);
}

function lengthBytes(length: number): number {
  return length < 0x100 ? 1 : length < 0x10000 ? 2 : length < 0x1000000 ? 3 : 4;
}
