/**
 * Functions that Node provides to the sandbox: encodings, hashes, random bytes and URLs. They take and return only strings and bytes, and keep no state.
 *
 * Untrusted code calls them with any values in any order. Exceptions are passed to the mapper.
 */
import { createHmac, getHashes, hash, randomBytes } from 'node:crypto';
import type { QuickJSContext, QuickJSHandle } from 'quickjs-emscripten-core';

/** In lower case. */
const HASHES = new Set(getHashes().map((name) => name.toLowerCase()));
const MAX_RANDOM_BYTES = 65_536;
const URL_PARTS = ['href', 'origin', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'hash'] as const;
const SETTABLE = ['href', 'protocol', 'username', 'password', 'host', 'hostname', 'port', 'pathname', 'search', 'hash'] as const;

/** @param log receives one line; the caller limits the number of lines */
export function hostFunctions(context: QuickJSContext, { log }: { log: (line: string) => void }): QuickJSHandle {
  const text = (handle: QuickJSHandle | undefined) => (handle === undefined ? '' : context.getString(handle));
  const bytes = (handle: QuickJSHandle | undefined) => {
    if (handle === undefined) return Buffer.alloc(0);
    using buffer = context.getArrayBuffer(handle);
    return Buffer.from(buffer.value);
  };
  // Small Buffers share one large ArrayBuffer: the sandbox gets a copy of just these bytes.
  const newBytes = (value: Uint8Array) => context.newArrayBuffer(new Uint8Array(value).buffer);

  const functions: Record<string, (...values: QuickJSHandle[]) => QuickJSHandle | undefined> = {
    log(line) {
      log(text(line));
      return undefined;
    },
    encode: (value, encoding) => context.newString(bytes(value).toString(encodingOf(text(encoding)))),
    decode: (value, encoding) => newBytes(Buffer.from(text(value), encodingOf(text(encoding)))),
    hashes: () => context.newString(JSON.stringify([...HASHES])),
    /** Takes strings directly, because each extra call would cost as much as the hash. With a key: an HMAC. */
    digest(algorithm, data, encoding, key) {
      const name = text(algorithm);
      if (!HASHES.has(name)) throw new Error('Digest method not supported');
      const input = data !== undefined && context.typeof(data) === 'string' ? text(data) : bytes(data);
      const output = key === undefined ? hash(name, input, 'buffer') : createHmac(name, bytes(key)).update(input).digest();
      return text(encoding) === '' ? newBytes(output) : context.newString(output.toString(encodingOf(text(encoding))));
    },
    random(size) {
      const count = size === undefined ? 0 : context.getNumber(size);
      if (!(count >= 0 && count <= MAX_RANDOM_BYTES)) throw new RangeError(`The number of random bytes is limited to ${MAX_RANDOM_BYTES}`);
      return newBytes(randomBytes(Math.floor(count)));
    },
    /** @returns the parts of a URL as JSON */
    url: (value, base) => context.newString(partsOf(new URL(text(value), base === undefined ? undefined : text(base)))),
    urlWith(href, part, value) {
      const url = new URL(text(href));
      const name = SETTABLE.find((candidate) => candidate === text(part));
      if (name !== undefined) url[name] = text(value);
      return context.newString(partsOf(url));
    },
  };
  const host = context.newObject();
  for (const [name, run] of Object.entries(functions)) context.setProp(host, name, context.newFunction(name, run));
  return host;
}

function encodingOf(name: string): BufferEncoding {
  if (!Buffer.isEncoding(name)) throw new TypeError(`Unknown encoding: ${name.slice(0, 20)}`);
  return name;
}

function partsOf(url: URL): string {
  return JSON.stringify(Object.fromEntries(URL_PARTS.map((name) => [name, url[name]])));
}
