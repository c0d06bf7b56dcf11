/**
 * What a custom mapper finds in its world besides the language: `module`, `exports`, a `require` that explains itself, `console`,
 * and a small `Buffer` for binary attributes. There is nothing else: no timers, no files, no network, no `process`.
 */

/** The two services of the host that a mapper's `Buffer` needs. */
interface Host {
  encode(bytes: ArrayBuffer, encoding: string): string;
  decode(text: string, encoding: string): ArrayBuffer;
}

interface Outcome {
  profile?: unknown;
  error?: { message: string; line?: number };
}

/**
 * This function is not called here: its text is evaluated inside the sandbox, so it must use nothing from outside itself.
 *
 * What it returns talks to the host in JSON texts, which the host treats as any bytes from outside: a mapper can change every
 * built-in that is used here, and so say what it likes, in its own name.
 */
export function prelude(host: Host) {
  const MAX_CONSOLE_LINES = 20;
  const MAX_TEXT_CHARS = 500;
  const consoleLines: string[] = [];
  const { stringify, parse } = JSON;
  let mapper: ((raw: unknown, callback?: (error: unknown, profile: unknown) => void) => unknown) | undefined;
  let outcome: Outcome | undefined;

  class Buffer extends Uint8Array<ArrayBuffer> {
    static override from(value: unknown, encoding?: unknown): Buffer {
      if (typeof value === 'string') return new Buffer(host.decode(value, encoding === undefined ? 'utf8' : String(encoding)));
      if (value instanceof ArrayBuffer) return new Buffer(value);
      return new Buffer(Uint8Array.from(value as ArrayLike<number>).buffer);
    }
    static isBuffer(value: unknown): boolean {
      return value instanceof Buffer;
    }
    override toString(encoding?: unknown, start = 0, end = this.length): string {
      const part = this.subarray(start, end);
      const bytes: ArrayBuffer = part.buffer.slice(part.byteOffset, part.byteOffset + part.byteLength);
      return host.encode(bytes, encoding === undefined ? 'utf8' : String(encoding));
    }
    toJSON(): unknown {
      return { type: 'Buffer', data: Array.from(this) };
    }
  }

  function shown(value: unknown): string {
    try {
      const text = typeof value === 'object' && value !== null ? stringify(value) : String(value);
      return `${text}`.slice(0, MAX_TEXT_CHARS);
    } catch {
      return '(a value that cannot be shown)';
    }
  }

  function describe(thrown: unknown): { message: string; line?: number } {
    try {
      // Where small objects have taken the last byte, the engine has no room for an error either and throws null.
      if (thrown === null) return { message: 'out of memory, even for an error (unless it threw null itself)' };
      if (!(thrown instanceof Error)) return { message: `it threw ${shown(thrown)}` };
      const line = /profileMapper\.js:(\d+)/.exec(String(thrown.stack))?.[1];
      const message = `${String(thrown.name)}: ${String(thrown.message)}`.slice(0, MAX_TEXT_CHARS);
      return line === undefined ? { message } : { message, line: Number(line) };
    } catch {
      return { message: 'it threw a value that cannot be shown' };
    }
  }

  /** The first outcome counts: a mapper may call back and return as well. */
  function settle(next: Outcome): void {
    outcome ??= next;
  }

  const consoleLine = (...values: unknown[]): void => {
    if (consoleLines.length < MAX_CONSOLE_LINES) consoleLines.push(values.map(shown).join(' ').slice(0, MAX_TEXT_CHARS));
  };
  Object.assign(globalThis, {
    Buffer,
    console: { log: consoleLine, info: consoleLine, warn: consoleLine, error: consoleLine, debug: consoleLine },
  });

  return {
    /** Runs the module's own code. @returns the problem as JSON, or an empty text */
    load(factory: (exports: unknown, require: unknown, module: { exports: unknown }) => void): string {
      try {
        const module: { exports: unknown } = { exports: {} };
        const require = (name: unknown) => {
          throw new Error(`require(${shown(name)}) is not possible: a mapper runs without modules, files and network`);
        };
        factory(module.exports, require, module);
        if (typeof module.exports === 'function') mapper = module.exports as typeof mapper;
        else return stringify({ message: 'it does not set module.exports to a function' });
        return '';
      } catch (error) {
        return stringify(describe(error));
      }
    },

    /** Calls the mapper; its answer may come later, from a promise. `binaryPaths` says where in the entry each of `binaries` belongs. */
    map(rawJson: string, binaryPaths: string, ...binaries: ArrayBuffer[]): void {
      try {
        if (mapper === undefined) return;
        const raw = parse(rawJson);
        parse(binaryPaths).forEach((path: (string | number)[], place: number) => {
          const last = path.pop();
          let holder = raw;
          for (const step of path) holder = holder[step];
          if (last !== undefined) holder[last] = new Buffer(binaries[place] ?? new ArrayBuffer(0));
        });
        const fail = (error: unknown) => settle({ error: describe(error) });
        const callback = (error: unknown, profile: unknown) => {
          if (error !== undefined && error !== null) fail(error);
          else settle({ profile });
        };
        if (mapper.length >= 2) mapper(raw, callback);
        else Promise.resolve(mapper(raw)).then((profile) => settle({ profile }), fail);
      } catch (error) {
        settle({ error: describe(error) });
      }
    },

    /** @returns the outcome as JSON, when no promise is left to run */
    outcome(): string {
      const { profile, error } = outcome ?? { error: { message: 'it neither returned a profile nor called its callback' } };
      try {
        if (error !== undefined) return stringify({ error, console: consoleLines });
        if (typeof profile !== 'object' || profile === null || Array.isArray(profile)) {
          return stringify({ error: { message: `its result is ${shown(profile)} where a profile object must be` }, console: consoleLines });
        }
        return stringify({ profile, console: consoleLines });
      } catch (thrown) {
        return stringify({ error: describe(thrown), console: consoleLines });
      }
    },
  };
}
