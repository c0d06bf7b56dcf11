/** `Buffer`, `btoa`, `atob`, `TextEncoder` and `TextDecoder`. Runs in the sandbox (see `prelude.ts`); the host does the encoding. */
import type { Host } from './prelude.ts';

export function bufferPrelude(host: Host): void {
  type Bytes = Uint8Array<ArrayBuffer>;
  const { encode, decode } = host;
  const cut = (bytes: ArrayLike<number>): ArrayBuffer => Uint8Array.from(bytes).buffer;
  const own = (bytes: Bytes): Bytes => Object.setPrototypeOf(bytes, Buffer.prototype);

  /** Like `new Buffer(…)` and `Buffer(…)`: a number allocates zeros. */
  function Buffer(value: unknown, encodingOrOffset?: unknown, length?: unknown): Bytes {
    return typeof value === 'number' ? alloc(value) : from(value, encodingOrOffset, length);
  }

  function from(value: unknown, encodingOrOffset?: unknown, length?: unknown): Bytes {
    if (typeof value === 'string') return own(new Uint8Array(decode(value, String(encodingOrOffset ?? 'utf8'))));
    if (value instanceof ArrayBuffer)
      return own(new Uint8Array(value, Number(encodingOrOffset ?? 0), length === undefined ? undefined : Number(length)));
    if (typeof value !== 'object' || value === null) {
      throw new TypeError('The first argument must be of type string or an instance of Buffer, ArrayBuffer, or Array');
    }
    if ('type' in value && value.type === 'Buffer' && 'data' in value) return from(value.data);
    const primitive: unknown = value.valueOf();
    if (primitive !== value) return from(primitive, encodingOrOffset, length);
    return own(Uint8Array.from(value as ArrayLike<number>));
  }

  function alloc(size: unknown, fill?: unknown, encoding?: unknown): Bytes {
    const bytes = own(new Uint8Array(Number(size)));
    return fill === undefined ? bytes : fillWith(bytes, fill, 0, bytes.length, encoding);
  }

  const toBytes = (value: unknown, encoding?: unknown): Bytes =>
    typeof value === 'number' ? own(Uint8Array.of(value)) : from(value, encoding);

  function fillWith(target: Bytes, value: unknown, start: number, end: number, encoding?: unknown): Bytes {
    const pattern = toBytes(value, encoding);
    for (let at = start; at < end && pattern.length > 0; at++) target[at] = pattern[(at - start) % pattern.length] ?? 0;
    return target;
  }

  function compare(a: Bytes, b: Bytes): number {
    for (let at = 0; at < Math.min(a.length, b.length); at++) if (a[at] !== b[at]) return (a[at] ?? 0) < (b[at] ?? 0) ? -1 : 1;
    return Math.sign(a.length - b.length);
  }

  function indexOf(bytes: Bytes, value: unknown, offset: unknown, encoding?: unknown): number {
    const pattern = toBytes(value, typeof offset === 'string' ? offset : encoding);
    const first = typeof offset === 'number' ? (offset < 0 ? Math.max(0, bytes.length + offset) : offset) : 0;
    for (let at = first; at <= bytes.length - pattern.length; at++)
      if (pattern.every((byte, place) => bytes[at + place] === byte)) return at;
    return -1;
  }

  Object.assign(Buffer, {
    from,
    alloc,
    allocUnsafe: alloc,
    allocUnsafeSlow: alloc,
    isBuffer: (value: unknown) => value instanceof Buffer,
    isEncoding: (name: unknown) => /^(utf-?8|hex|base64(url)?|latin1|binary|ascii|ucs-?2|utf-?16le)$/i.test(String(name)),
    byteLength: (value: unknown, encoding?: unknown) =>
      typeof value === 'string' ? from(value, encoding).length : (value as Bytes).byteLength,
    compare,
    concat(list: Bytes[], total = list.reduce((sum, { length }) => sum + length, 0)): Bytes {
      const all = alloc(total);
      let at = 0;
      for (const part of list) {
        all.set(part.subarray(0, Math.max(0, total - at)), Math.min(at, total));
        at += part.length;
      }
      return all;
    },
  });

  const methods: Record<string, unknown> = {
    constructor: Buffer,
    toString(this: Bytes, encoding: unknown = 'utf8', start = 0, end = this.length): string {
      return encode(cut(Uint8Array.prototype.subarray.call(this, start, end)), String(encoding));
    },
    toJSON(this: Bytes): unknown {
      return { type: 'Buffer', data: Array.from(this) };
    },
    equals(this: Bytes, other: Bytes): boolean {
      return compare(this, other) === 0;
    },
    compare(this: Bytes, other: Bytes): number {
      return compare(this, other);
    },
    indexOf(this: Bytes, value: unknown, offset?: unknown, encoding?: unknown): number {
      return indexOf(this, value, offset, encoding);
    },
    includes(this: Bytes, value: unknown, offset?: unknown, encoding?: unknown): boolean {
      return indexOf(this, value, offset, encoding) >= 0;
    },
    fill(this: Bytes, value: unknown, start?: unknown, end?: unknown, encoding?: unknown): Bytes {
      const isText = typeof start === 'string';
      return fillWith(
        this,
        value,
        isText ? 0 : Number(start ?? 0),
        isText ? this.length : Number(end ?? this.length),
        isText ? start : encoding,
      );
    },
    // Shares its bytes, unlike Uint8Array's slice.
    slice(this: Bytes, start?: number, end?: number): Bytes {
      return this.subarray(start, end);
    },
    subarray(this: Bytes, start?: number, end?: number): Bytes {
      const part = Uint8Array.prototype.subarray.call(new Uint8Array(this.buffer, this.byteOffset, this.length), start, end);
      return own(new Uint8Array(this.buffer, part.byteOffset, part.length));
    },
    copy(this: Bytes, target: Bytes, at = 0, start = 0, end = this.length): number {
      const part = Uint8Array.prototype.subarray.call(
        new Uint8Array(this.buffer, this.byteOffset, this.length),
        start,
        Math.min(end, start + target.length - at),
      );
      target.set(part, at);
      return part.length;
    },
    write(this: Bytes, text: string, at: unknown = 0, length?: unknown, encoding?: unknown): number {
      const named = [at, length, encoding].find((value) => typeof value === 'string');
      const first = typeof at === 'number' ? at : 0;
      const bytes = from(text, named).subarray(0, Math.min(typeof length === 'number' ? length : this.length, this.length - first));
      this.set(bytes, first);
      return bytes.length;
    },
    readUIntBE(this: Bytes, at: number, size: number): number {
      return [...bytesAt(this, at, size)].reduce((sum, byte) => sum * 256 + byte, 0);
    },
    readUIntLE(this: Bytes, at: number, size: number): number {
      return [...bytesAt(this, at, size)].reduceRight((sum, byte) => sum * 256 + byte, 0);
    },
    readIntBE(this: Bytes, at: number, size: number): number {
      return signed(
        [...bytesAt(this, at, size)].reduce((sum, byte) => sum * 256 + byte, 0),
        size,
      );
    },
    readIntLE(this: Bytes, at: number, size: number): number {
      return signed(
        [...bytesAt(this, at, size)].reduceRight((sum, byte) => sum * 256 + byte, 0),
        size,
      );
    },
  };

  function bytesAt(bytes: Bytes, at: number, size: number): Bytes {
    if (!(at >= 0 && at + size <= bytes.length)) throw new RangeError(`The value of "offset" is out of range. Received ${at}`);
    return new Uint8Array(bytes.buffer, bytes.byteOffset + at, size);
  }

  function signed(value: number, size: number): number {
    return value >= 2 ** (size * 8 - 1) ? value - 2 ** (size * 8) : value;
  }

  const viewOf = (bytes: Bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (const [name, size] of [
    ['Uint8', 1],
    ['Uint16', 2],
    ['Uint32', 4],
    ['BigUint64', 8],
    ['Int8', 1],
    ['Int16', 2],
    ['Int32', 4],
    ['BigInt64', 8],
    ['Float32', 4],
    ['Float64', 8],
  ] as const) {
    const kind = name.replace('Float32', 'Float').replace('Float64', 'Double');
    for (const [end, isLittle] of size === 1
      ? ([['', false]] as const)
      : ([
          ['LE', true],
          ['BE', false],
        ] as const)) {
      const read = function (this: Bytes, at = 0) {
        return viewOf(this)[`get${name}`](at, isLittle);
      };
      const write = function (this: Bytes, value: number, at = 0) {
        (viewOf(this)[`set${name}`] as (at: number, value: number, isLittle: boolean) => void)(at, value, isLittle);
        return at + size;
      };
      for (const spelling of [kind, kind.replace('Uint', 'UInt')])
        Object.assign(methods, { [`read${spelling}${end}`]: read, [`write${spelling}${end}`]: write });
    }
  }
  Object.setPrototypeOf(Buffer, Uint8Array);
  Buffer.prototype = Object.create(Uint8Array.prototype);
  for (const [name, value] of Object.entries(methods))
    Object.defineProperty(Buffer.prototype, name, { value, writable: true, configurable: true });
  // Uint8Array's own methods (map, filter) return Buffers too.
  Object.defineProperty(Buffer, Symbol.species, { get: () => Buffer });

  Object.assign(globalThis, {
    Buffer,
    btoa: (text: unknown) => encode(decode(latin1(String(text)), 'latin1'), 'base64'),
    atob: (text: unknown) => {
      const plain = String(text).replace(/[\t\n\f\r ]/g, '');
      if (!/^[A-Za-z0-9+/]*={0,2}$/.test(plain) || plain.replace(/=+$/, '').length % 4 === 1)
        throw new Error('The string to be decoded is not correctly encoded.');
      return encode(decode(plain, 'base64'), 'latin1');
    },
    TextEncoder: class {
      readonly encoding = 'utf-8';
      encode(text = ''): Bytes {
        return new Uint8Array(decode(String(text), 'utf8'));
      }
    },
    TextDecoder: class {
      readonly encoding: string;
      constructor(encoding: unknown = 'utf-8') {
        this.encoding = String(encoding).toLowerCase();
      }
      decode(bytes: ArrayBuffer | Bytes = new ArrayBuffer(0)): string {
        return encode(bytes instanceof ArrayBuffer ? bytes : cut(bytes), this.encoding === 'utf-16le' ? 'utf16le' : this.encoding);
      }
    },
  });

  function latin1(text: string): string {
    for (const character of text) if (character.charCodeAt(0) > 255) throw new Error('Invalid character');
    return text;
  }
}
