/**
 * Running a custom mapper without trusting it: one worker thread, one mapping in it at a time, the others waiting in a bounded queue.
 * The worker stops a mapper that takes too long by itself; where it does not answer even then, it is ended and replaced.
 */
import { Worker } from 'node:worker_threads';
import { type Profile, profileSchema } from '@landbridge/protocol';
import { CodedError, type Log } from '@landbridge/runtime';
import type { ProfileMapper } from './profile-mapper.ts';
import type { MapRequest, SandboxErrorCode, SandboxFailure, WorkerMessage, WorkerSettings } from './sandbox-messages.ts';

type MapperErrorCode = SandboxErrorCode | 'MAPPER_BUSY';

/** The longest real mappers have some hundred lines. */
const MAX_SOURCE_CHARS = 1024 * 1024;
/** More than all requests that a connector has in work. */
const MAX_WAITING = 1024;
/** What the worker may take beyond the mapper's own time: a built-in that loops inside the engine asks nobody whether to go on. */
const GRACE_MS = 1000;
/** Loading the engine takes some 30 ms; a machine may be busy. */
const START_MS = 10_000;
/** A person waits for each of these; after so long the hub has given up. */
const MAX_QUEUE_MS = 10_000;
/** Profiles have two or three levels. What is nested by thousands overflows the stack of whoever walks over it. */
const MAX_DEPTH = 100;

interface Waiting {
  request: MapRequest;
  resolve(profile: Profile): void;
  reject(error: Error): void;
  /** Bounds the waiting in the queue; the work has its own time. */
  queueTimer: NodeJS.Timeout;
}

/** @throws CodedError MAPPER_SYNTAX where the source is longer than any mapper */
export function startSandbox(options: { source: string; timeoutMs: number; memoryLimitMb: number; log: Log }): ProfileMapper {
  const { timeoutMs, log } = options;
  const source = options.source.replace(/^\uFEFF/, '');
  if (source.length > MAX_SOURCE_CHARS) {
    throw mapperError({
      code: 'MAPPER_SYNTAX',
      message: `its source has ${source.length} characters, at most ${MAX_SOURCE_CHARS} are allowed`,
    });
  }
  const settings: WorkerSettings = { source, timeoutMs, memoryLimitMb: options.memoryLimitMb };
  const queue: Waiting[] = [];
  let running: Waiting | undefined;
  let closed = false;
  let worker: Worker | undefined;
  let isLoaded = false;
  let watchdog: NodeJS.Timeout | undefined;
  const loaded = Promise.withResolvers<void>();
  // Who does not ask whether it is ready learns it from the log, and from each mapping.
  loaded.promise.catch(() => {});

  function startWorker(): Worker {
    isLoaded = false;
    const started = new Worker(new URL('./sandbox-worker.ts', import.meta.url), {
      workerData: settings,
      // The thread needs nothing of the process: should anything ever get out of the engine, it finds no secrets in the environment.
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16 },
    });
    // An idle mapper is no reason to keep the program running.
    started.unref();
    started.on('message', (message: WorkerMessage) => started === worker && received(message));
    started.on('error', (error) => started === worker && broken({ code: 'MAPPER_FAILED', message: `its worker ended: ${error.message}` }));
    started.on('exit', (code) => started === worker && broken({ code: 'MAPPER_FAILED', message: `its worker ended with code ${code}` }));
    watch(START_MS + timeoutMs + GRACE_MS);
    return started;
  }

  function watch(ms: number): void {
    clearTimeout(watchdog);
    watchdog = setTimeout(
      () => broken({ code: 'MAPPER_TIMEOUT', message: `it took longer than ${timeoutMs} ms and could not be stopped` }),
      ms,
    );
  }

  function received(message: WorkerMessage): void {
    // A line on the console is no answer: the time goes on.
    if (message.kind !== 'console') clearTimeout(watchdog);
    switch (message.kind) {
      case 'console':
        return log.debug({ line: message.line }, 'The profile mapper wrote to its console');
      case 'loaded':
        isLoaded = true;
        if (message.failure === undefined) loaded.resolve();
        else failedToLoad(message.failure);
        return runNext();
      case 'mapped':
        return answer(message.json);
      case 'failed':
        if (message.broken) broken(message.failure);
        else finish((waiting) => waiting.reject(mapperError(message.failure)));
    }
  }

  function failedToLoad(failure: SandboxFailure): void {
    const error = mapperError(failure);
    loaded.reject(error);
    log.error({ err: error }, 'The profile mapper does not load: nobody can sign in until it is corrected');
  }

  function answer(json: string): void {
    finish(({ resolve, reject }) => {
      const profile = profileSchema.safeParse(parseAnswer(json));
      if (!profile.success) reject(mapperError({ code: 'MAPPER_FAILED', message: 'its result is not a JSON object' }));
      else if (makeHarmless(profile.data)) resolve(profile.data);
      else reject(mapperError({ code: 'MAPPER_FAILED', message: `its profile is nested deeper than ${MAX_DEPTH} levels` }));
    });
  }

  function finish(settle: (waiting: Waiting) => void): void {
    const done = running;
    running = undefined;
    if (done !== undefined) settle(done);
    runNext();
  }

  /** The worker is of no use any more: what it was working on fails, the rest goes to a new one. */
  function broken(failure: SandboxFailure): void {
    clearTimeout(watchdog);
    const ended = worker;
    worker = undefined;
    // Its own `exit` is not waited for: a thread that does not react is left to the operating system.
    ended?.terminate().catch(() => {});
    const error = mapperError(failure);
    loaded.reject(error);
    log.warn({ err: error }, 'The profile mapper’s worker was ended; a new one takes over');
    // One that never came up would not come up a moment later, either: nobody is left waiting for it.
    if (!isLoaded) for (const waiting of queue.splice(0)) refuse(waiting, error);
    finish((waiting) => waiting.reject(error));
  }

  function runNext(): void {
    if (running !== undefined || closed || queue.length === 0) return;
    if (worker === undefined) worker = startWorker();
    if (!isLoaded) return;
    running = queue.shift();
    if (running === undefined) return;
    clearTimeout(running.queueTimer);
    worker.postMessage(running.request);
    watch(timeoutMs + GRACE_MS);
  }

  function refuse(waiting: Waiting, error: Error): void {
    clearTimeout(waiting.queueTimer);
    waiting.reject(error);
  }

  worker = startWorker();
  return {
    map(raw) {
      return new Promise<Profile>((resolve, reject) => {
        if (closed) return reject(busy('it is stopping'));
        if (queue.length >= MAX_WAITING) return reject(busy(`${queue.length} mappings are waiting already`));
        const waiting: Waiting = {
          request: requestFor(raw),
          resolve,
          reject,
          queueTimer: setTimeout(() => {
            queue.splice(queue.indexOf(waiting), 1);
            reject(busy(`earlier ones took longer than ${MAX_QUEUE_MS} ms`));
          }, MAX_QUEUE_MS),
        };
        queue.push(waiting);
        runNext();
      });
    },
    ready: () => loaded.promise,
    async close() {
      closed = true;
      clearTimeout(watchdog);
      for (const waiting of [...queue.splice(0), ...(running === undefined ? [] : [running])]) refuse(waiting, busy('it is stopping'));
      running = undefined;
      const ended = worker;
      worker = undefined;
      await ended?.terminate();
    },
  };
}

/** Binary values are taken out and sent beside the JSON, which has no bytes. */
function requestFor(raw: Readonly<Record<string, unknown>>): MapRequest {
  const binaries: Uint8Array[] = [];
  const paths: (string | number)[][] = [];
  const take = (value: unknown, path: (string | number)[]): unknown => {
    if (value instanceof Uint8Array) {
      binaries.push(value);
      paths.push(path);
      return null;
    }
    if (Array.isArray(value)) return value.map((item, index) => take(item, [...path, index]));
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, take(item, [...path, key])]));
    }
    return value;
  };
  const rawJson = JSON.stringify(take(raw, []));
  return { rawJson, binaryPaths: JSON.stringify(paths), binaries };
}

/** @returns undefined where the text is not JSON */
function parseAnswer(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** Takes out keys named `__proto__`, which would change whatever object is made of the profile later. @returns false where it is too deep */
function makeHarmless(value: unknown, depth = 0): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (depth > MAX_DEPTH) return false;
  if (Object.hasOwn(value, '__proto__')) Reflect.deleteProperty(value, '__proto__');
  return Object.values(value).every((inner) => makeHarmless(inner, depth + 1));
}

const ACTIONS: Record<MapperErrorCode, string> = {
  MAPPER_SYNTAX: 'Correct the source of the profile mapper (lib/profileMapper.js, PROFILE_MAPPER or PROFILE_MAPPER_FILE).',
  MAPPER_FAILED: 'Correct the profile mapper; it must return a profile object, or hand one to its callback.',
  MAPPER_TIMEOUT: 'Make the profile mapper faster, or raise PROFILE_MAPPING_TIMEOUT_MS.',
  MAPPER_MEMORY: 'Make the profile mapper hold less, or raise PROFILE_MAPPING_MEMORY_LIMIT_MB.',
  MAPPER_BUSY: 'Make the profile mapper faster; it runs for one person at a time.',
};

function mapperError(failure: SandboxFailure): CodedError<MapperErrorCode> {
  const place = failure.line === undefined ? '' : ` (line ${failure.line})`;
  return new CodedError(failure.code, `The profile mapper failed: ${failure.message}${place}`, { action: ACTIONS[failure.code] });
}

function busy(reason: string): CodedError<MapperErrorCode> {
  return new CodedError('MAPPER_BUSY', `The profile mapper cannot take another entry: ${reason}`, { action: ACTIONS.MAPPER_BUSY });
}
