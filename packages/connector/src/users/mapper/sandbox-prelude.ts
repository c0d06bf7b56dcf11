/**
 * The globals of a custom mapper besides the language: `module`, `exports`, a `require` that explains itself, `console`, and a small `Buffer`
 * for binary attributes. Nothing else: no timers, no files, no network, no `process`.
 *
 * The functions of this file are not called here: their text is evaluated inside the sandbox, so they use nothing from outside themselves.
 * Evaluating it is a good part of a mapping's cost, so it is short. The host treats what they return as untrusted bytes: a mapper can change
 * every built-in used here, and so return whatever it likes, in its own name.
 */

type Callback = (error: unknown, profile: unknown) => void;
type Mapper = (raw: unknown, callback?: Callback) => unknown;

/** @param log the host's; takes any values */
export function prelude(log: (...values: unknown[]) => void) {
  const { stringify, parse } = JSON;
  let mapper: Mapper;
  let outcome: { profile: unknown } | { error: unknown } | undefined;
  const settle: Callback = (error, profile) => {
    // The first outcome counts: a mapper may call back twice.
    outcome ??= error === undefined || error === null ? { profile } : { error };
  };
  Object.assign(globalThis, { console: { log, info: log, warn: log, error: log, debug: log } });

  return {
    /** Runs the module's own code. */
    load(factory: (exports: unknown, require: unknown, module: { exports: unknown }) => void): void {
      const module: { exports: unknown } = { exports: {} };
      const require = (name: unknown) => {
        throw new Error(`require(${String(name)}) is not available: a mapper has no modules, files or network`);
      };
      factory(module.exports, require, module);
      if (typeof module.exports !== 'function') throw new TypeError('module.exports is not set to a function');
      mapper = module.exports as Mapper;
    },

    /** Calls the mapper; its result may come later, from a promise. `binaryPaths` says where in the entry each of `binaries` belongs. */
    map(rawJson: string, binaryPaths: string, ...binaries: ArrayBuffer[]): void {
      const raw = parse(rawJson);
      parse(binaryPaths).forEach((path: (string | number)[], place: number) => {
        const last = path.pop() ?? '';
        path.reduce((holder, step) => holder[step], raw)[last] = Buffer.from(binaries[place] ?? new ArrayBuffer(0));
      });
      if (mapper.length >= 2) mapper(raw, settle);
      else {
        Promise.resolve(mapper(raw)).then(
          (profile) => settle(null, profile),
          (error) => {
            outcome ??= { error };
          },
        );
      }
    },

    /** @returns the profile as JSON, once no promise is pending */
    outcome(): string {
      if (outcome === undefined) throw new Error('it neither returned a profile nor called its callback');
      if ('error' in outcome) throw outcome.error;
      const { profile } = outcome;
      if (typeof profile !== 'object' || profile === null || Array.isArray(profile)) {
        throw new TypeError(`its result is ${profile === undefined ? profile : stringify(profile)} , not a profile object`);
      }
      return stringify(profile);
    },
  };
}

/** Defines `Buffer`; evaluated only for mappers and entries that need it. The host does the encoding. */
export function bufferPrelude(
  encode: (bytes: ArrayBuffer, encoding: string) => string,
  decode: (text: string, encoding: string) => ArrayBuffer,
): void {
  class Buffer extends Uint8Array<ArrayBuffer> {
    static override from(value: unknown, encoding: unknown = 'utf8'): Buffer {
      if (typeof value === 'string') return new Buffer(decode(value, String(encoding)));
      return new Buffer(value instanceof ArrayBuffer ? value : Uint8Array.from(value as ArrayLike<number>).buffer);
    }
    static isBuffer(value: unknown): boolean {
      return value instanceof Buffer;
    }
    override toString(encoding: unknown = 'utf8', start = 0, end = this.length): string {
      // A separate Uint8Array, so that the ArrayBuffer contains only these bytes.
      return encode(new Uint8Array(this.subarray(start, end)).buffer, String(encoding));
    }
    toJSON(): unknown {
      return { type: 'Buffer', data: Array.from(this) };
    }
  }
  Object.assign(globalThis, { Buffer });
}
