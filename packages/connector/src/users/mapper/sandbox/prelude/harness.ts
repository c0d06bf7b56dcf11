/** Loads the mapper and calls it. Provides console, timers, `process` and `require`. Runs in the sandbox (see `prelude.ts`). */
import type { Host } from './prelude.ts';

type Callback = (error: unknown, profile: unknown) => void;
type Mapper = (raw: unknown, callback?: Callback) => unknown;
type Timed = (...values: unknown[]) => unknown;
type Factory = (exports: unknown, require: unknown, module: { exports: unknown }, filename: string, dirname: string) => void;

export function harness(
  host: Host,
  settings: { environment: Record<string, string>; timeoutMs: number; maxConsoleLines: number },
  modules: Record<string, Record<string, unknown>>,
) {
  const { stringify, parse } = JSON;
  const inspect = modules.util?.inspect as (value: unknown) => string;
  let mapper: Mapper;
  let outcome: { profile: unknown } | { error: unknown } | undefined;
  const settle: Callback = (error, profile) => {
    // The first outcome counts: a mapper may call its callback twice.
    outcome ??= error === undefined || error === null ? { profile } : { error };
  };
  // The host has the same limit. This one avoids formatting lines that the host would drop.
  let consoleLines = 0;
  const log = (...values: unknown[]) => {
    if (consoleLines++ >= settings.maxConsoleLines) return;
    host.log(values.map((value) => (typeof value === 'string' ? value : inspect(value))).join(' '));
  };

  // Timers run in order without waiting: nothing else could happen in the meantime.
  let timers: { id: number; at: number; run: () => void }[] = [];
  let now = 0;
  let lastId = 0;
  const start = (run: Timed, ms: unknown, values: unknown[], isRepeated = false): number => {
    if (typeof run !== 'function') throw new TypeError('The "callback" argument must be of type function');
    const id = ++lastId;
    const everyMs = Math.max(1, Number(ms) || 0);
    const add = () =>
      timers.push({
        id,
        at: now + everyMs,
        run() {
          if (isRepeated) add();
          run(...values);
        },
      });
    add();
    return id;
  };
  const stop = (id: unknown) => {
    timers = timers.filter((timer) => timer.id !== id);
  };

  const require = (name: unknown) => {
    const plain = String(name).replace(/^node:/, '');
    if (Object.hasOwn(modules, plain)) return modules[plain];
    throw new Error(
      `require(${String(name)}) is not available: a mapper has no files, network or packages, only ${Object.keys(modules).join(', ')}`,
    );
  };
  // The engine is restored for each user, so its own generator would repeat the same numbers.
  Math.random = () => new DataView(host.random(4)).getUint32(0) / 2 ** 32;
  Object.assign(globalThis, {
    global: globalThis,
    console: { log, info: log, warn: log, error: log, debug: log, trace: log, dir: log },
    process: {
      env: { ...settings.environment },
      nextTick: (run: Timed, ...values: unknown[]) => queueMicrotask(() => run(...values)),
    },
    require,
    setTimeout: (run: Timed, ms?: unknown, ...values: unknown[]) => start(run, ms, values),
    setImmediate: (run: Timed, ...values: unknown[]) => start(run, 0, values),
    setInterval: (run: Timed, ms?: unknown, ...values: unknown[]) => start(run, ms, values, true),
    clearTimeout: stop,
    clearImmediate: stop,
    clearInterval: stop,
  });

  /** @returns the profile as JSON, or an empty string if there is none yet */
  const answer = (): string => {
    if (outcome === undefined) return '';
    if ('error' in outcome) throw outcome.error;
    const { profile } = outcome;
    if (typeof profile !== 'object' || profile === null || Array.isArray(profile)) {
      throw new TypeError(`its result is ${profile === undefined ? profile : stringify(profile)}, not a profile object`);
    }
    return stringify(profile);
  };

  return {
    // These references keep the host's functions alive, whatever the mapper does to its globals.
    host,

    /** Runs the module's own code. */
    load(factory: Factory): void {
      const module: { exports: unknown } = { exports: {} };
      factory.call(module.exports, module.exports, require, module, 'profileMapper.js', '.');
      if (typeof module.exports !== 'function') throw new TypeError('module.exports is not set to a function');
      mapper = module.exports as Mapper;
    },

    /** Calls the mapper. `binaryPaths` gives the place of each of `binaries` in the entry. */
    map(rawJson: string, binaryPaths?: string, ...binaries: ArrayBuffer[]): string {
      consoleLines = 0;
      const raw = parse(rawJson);
      if (binaryPaths !== undefined) {
        parse(binaryPaths).forEach((path: (string | number)[], place: number) => {
          const last = path.pop() ?? '';
          path.reduce((holder, step) => holder[step], raw)[last] = Buffer.from(binaries[place] ?? new ArrayBuffer(0));
        });
      }
      if (mapper.length >= 2) mapper(raw, settle);
      else {
        const returned = mapper(raw);
        if (returned === null || typeof returned !== 'object' || !('then' in returned)) settle(null, returned);
        else {
          Promise.resolve(returned).then(
            (profile) => settle(null, profile),
            (error) => {
              outcome ??= { error };
            },
          );
        }
      }
      return answer();
    },

    /** Runs the next timer, once no promise is pending. */
    settle(): string {
      const known = answer();
      if (known !== '') return known;
      const next = timers.reduce<(typeof timers)[number] | undefined>(
        (first, timer) => (first === undefined || timer.at < first.at ? timer : first),
        undefined,
      );
      if (next === undefined) throw new Error('it neither returned a profile nor called its callback');
      if (next.at > settings.timeoutMs) throw new Error(`its timer would fire after ${next.at} ms; the limit is ${settings.timeoutMs}`);
      now = next.at;
      timers.splice(timers.indexOf(next), 1);
      next.run();
      return answer();
    },
  };
}
