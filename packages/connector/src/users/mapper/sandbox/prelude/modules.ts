/** The modules of `require`. Runs in the sandbox (see `prelude.ts`). */
import type { Host } from './prelude.ts';

export function modulesPrelude(host: Host): Record<string, Record<string, unknown>> {
  const cut = (bytes: Uint8Array): ArrayBuffer => Uint8Array.from(bytes).buffer;
  const bytesOf = (value: unknown, encoding?: unknown): Uint8Array => Buffer.from(value as string, encoding as BufferEncoding);

  const hashes = new Set<string>(JSON.parse(host.hashes()));

  function hasher(algorithm: unknown, key?: unknown) {
    const parts: (Uint8Array | string)[] = [];
    let isDone = false;
    const name = String(algorithm).toLowerCase();
    if (!hashes.has(name)) throw new Error('Digest method not supported');
    const self = {
      update(data: unknown, encoding?: unknown) {
        if (isDone) throw new Error('Digest already called');
        parts.push(typeof data === 'string' && (encoding === undefined || encoding === 'utf8') ? data : bytesOf(data, encoding));
        return self;
      },
      digest(encoding?: unknown) {
        if (isDone) throw new Error('Digest already called');
        isDone = true;
        const isText = parts.every((part) => typeof part === 'string');
        const data = isText ? parts.join('') : cut(Buffer.concat(parts.map((part) => (typeof part === 'string' ? bytesOf(part) : part))));
        const named = encoding === undefined || encoding === 'buffer' ? '' : String(encoding);
        const result = key === undefined ? host.digest(name, data, named) : host.digest(name, data, named, cut(bytesOf(key)));
        return typeof result === 'string' ? result : Buffer.from(result);
      },
    };
    return self;
  }

  function inspect(value: unknown): string {
    if (value instanceof Error) return `${value.name}: ${value.message}`;
    const seen = new Set<unknown>();
    const text =
      typeof value === 'object'
        ? JSON.stringify(value, (_, inner: unknown) => {
            if (typeof inner === 'bigint') return `${inner}n`;
            if (typeof inner !== 'object' || inner === null) return inner;
            if (seen.has(inner)) return '[Circular]';
            seen.add(inner);
            return inner;
          })
        : String(value);
    return text ?? '';
  }

  function format(...values: unknown[]): string {
    const [first, ...others] = values;
    if (typeof first !== 'string') return values.map((value) => (typeof value === 'string' ? value : inspect(value))).join(' ');
    const text = first.replace(/%[sdifjoO%]/g, (place) => {
      if (place === '%%') return '%';
      if (others.length === 0) return place;
      const value = others.shift();
      if (place === '%s') return typeof value === 'object' ? inspect(value) : String(value);
      if (place === '%d') return String(Number(value));
      if (place === '%i') return String(Number.parseInt(String(value), 10));
      if (place === '%f') return String(Number.parseFloat(String(value)));
      return inspect(value);
    });
    return [text, ...others.map((value) => (typeof value === 'string' ? value : inspect(value)))].join(' ');
  }

  return {
    buffer: { Buffer },
    crypto: {
      createHash: (algorithm: unknown) => hasher(algorithm),
      createHmac: (algorithm: unknown, key: unknown) => hasher(algorithm, key ?? ''),
      hash: (algorithm: unknown, data: unknown, encoding: unknown = 'hex') => hasher(algorithm).update(data).digest(encoding),
      randomBytes: (size: unknown) => Buffer.from(host.random(Number(size))),
      randomUUID() {
        const bytes = new Uint8Array(host.random(16));
        bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
        bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
        return Buffer.from(bytes.buffer)
          .toString('hex')
          .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
      },
      timingSafeEqual: (a: Uint8Array, b: Uint8Array) => Buffer.compare(a, b) === 0,
    },
    url: { URL, URLSearchParams },
    util: {
      format,
      inspect,
      inherits: (child: { prototype: object; super_?: unknown }, parent: { prototype: object }) => {
        child.super_ = parent;
        Object.setPrototypeOf(child.prototype, parent.prototype);
      },
      isArray: Array.isArray,
      promisify:
        (run: (...values: unknown[]) => void) =>
        (...values: unknown[]) =>
          new Promise((resolve, reject) => run(...values, (error: unknown, value: unknown) => (error ? reject(error) : resolve(value)))),
      TextEncoder,
      TextDecoder,
    },
  };
}
