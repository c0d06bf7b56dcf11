/**
 * Runs a custom mapper without trusting it: one worker thread with one mapping at a time, the others in a bounded queue. The worker stops a
 * mapper that takes too long; if the worker itself does not answer, it is terminated and replaced.
 */
import { Worker } from 'node:worker_threads';
import { type Profile, profileSchema } from '@landbridge/protocol';
import { CodedError, createSemaphore, type Log, parseJson, type SemaphoreRejection } from '@landbridge/runtime';
import type { ProfileMapper } from './profile-mapper.ts';
import type { MapRequest, SandboxErrorCode, SandboxFailure, WorkerMessage, WorkerSettings } from './sandbox-messages.ts';

type MapperErrorCode = SandboxErrorCode | 'MAPPER_BUSY';

/** The longest real mappers have a few hundred lines. */
const MAX_SOURCE_CHARS = 1024 * 1024;
/** More than all requests that a connector has in progress. */
const MAX_WAITING = 1024;
/** What the worker may take beyond the mapper's own time: a built-in that loops inside the engine cannot be interrupted. */
const GRACE_MS = 1000;
/** Loading the engine takes about 30 ms, more on a busy machine. */
const START_MS = 10_000;
/** A user waits for each of these; after this long the hub has given up. */
const MAX_QUEUE_MS = 10_000;
/** Profiles have two or three levels. Thousands of levels would overflow the stack of any code that walks them. */
const MAX_DEPTH = 100;

/** @throws CodedError MAPPER_SYNTAX if the source is too long */
export function startSandbox(options: { source: string; timeoutMs: number; memoryLimitMb: number; log: Log }): ProfileMapper {
  const { timeoutMs, log } = options;
  const source = options.source.replace(/^\uFEFF/, '');
  if (source.length > MAX_SOURCE_CHARS) {
    throw mapperError({
      code: 'MAPPER_SYNTAX',
      message: `its source has ${source.length} characters; the limit is ${MAX_SOURCE_CHARS}`,
    });
  }
  const settings: WorkerSettings = { source, timeoutMs, memoryLimitMb: options.memoryLimitMb };
  const semaphore = createSemaphore({ maxRunning: 1, maxWaiting: MAX_WAITING, waitTimeoutMs: MAX_QUEUE_MS, rejection: busy });
  let running: PromiseWithResolvers<Profile> | undefined;
  /** Set while a mapping waits for its worker to load. */
  let onLoaded: (() => void) | undefined;
  let worker: Worker | undefined;
  let isLoaded = false;
  let watchdog: NodeJS.Timeout | undefined;
  const loaded = Promise.withResolvers<void>();
  // A caller that does not await `ready` learns of a failure from the log, and from each mapping.
  loaded.promise.catch(() => {});

  function startWorker(): Worker {
    isLoaded = false;
    const started = new Worker(new URL('./sandbox-worker.ts', import.meta.url), {
      workerData: settings,
      // The thread gets an empty environment: should anything ever escape the engine, it finds no secrets there.
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 16 },
    });
    // An idle mapper must not keep the process running.
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
    // A console line is not a result, so the timeout keeps running.
    if (message.kind !== 'console') clearTimeout(watchdog);
    switch (message.kind) {
      case 'console':
        return log.debug({ line: message.line }, 'The profile mapper wrote to its console');
      case 'loaded':
        isLoaded = true;
        if (message.failure === undefined) loaded.resolve();
        else failedToLoad(message.failure);
        return onLoaded?.();
      case 'mapped':
        return answer(message.json);
      case 'failed':
        if (message.broken) broken(message.failure);
        else running?.reject(mapperError(message.failure));
    }
  }

  function failedToLoad(failure: SandboxFailure): void {
    const error = mapperError(failure);
    loaded.reject(error);
    log.error({ err: error }, 'The profile mapper does not load; users cannot sign in until it is corrected');
  }

  function answer(json: string): void {
    const profile = profileSchema.safeParse(parseJson(json));
    if (!profile.success) running?.reject(mapperError({ code: 'MAPPER_FAILED', message: 'its result is not a JSON object' }));
    else if (makeHarmless(profile.data)) running?.resolve(profile.data);
    else running?.reject(mapperError({ code: 'MAPPER_FAILED', message: `its profile is nested deeper than ${MAX_DEPTH} levels` }));
  }

  /** The worker is useless: its mapping fails, and the queue goes to a new worker. */
  function broken(failure: SandboxFailure): void {
    clearTimeout(watchdog);
    const ended = worker;
    worker = undefined;
    // Its `exit` is not awaited: a thread that does not react is left to the operating system.
    ended?.terminate().catch(() => {});
    const error = mapperError(failure);
    loaded.reject(error);
    log.warn({ err: error }, 'The profile mapper’s worker was terminated; a new one takes over');
    // A worker that never started would not start a moment later either, so fail the queue as well.
    if (!isLoaded) semaphore.rejectWaiting(error);
    running?.reject(error);
  }

  async function run(request: MapRequest): Promise<Profile> {
    worker ??= startWorker();
    const begin = () => {
      worker?.postMessage(request);
      watch(timeoutMs + GRACE_MS);
    };
    if (isLoaded) begin();
    else onLoaded = begin;
    running = Promise.withResolvers();
    try {
      return await running.promise;
    } finally {
      running = undefined;
      onLoaded = undefined;
    }
  }

  worker = startWorker();
  return {
    async map(raw) {
      const request = requestFor(raw);
      return await semaphore.run(() => run(request));
    },
    ready: () => loaded.promise,
    async close() {
      clearTimeout(watchdog);
      void semaphore.close();
      running?.reject(busy('closed'));
      const ended = worker;
      worker = undefined;
      await ended?.terminate();
    },
  };
}

/** Binary values are sent beside the JSON, which cannot hold bytes. */
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

/** Removes keys named `__proto__`, which would later change the prototype of objects made of the profile. @returns false if nested too deeply */
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
  MAPPER_MEMORY: 'Reduce the memory the profile mapper uses, or raise PROFILE_MAPPING_MEMORY_LIMIT_MB.',
  MAPPER_BUSY: 'Make the profile mapper faster; it runs for one user at a time.',
};

function mapperError(failure: SandboxFailure): CodedError<MapperErrorCode> {
  const place = failure.line === undefined ? '' : ` (line ${failure.line})`;
  return new CodedError(failure.code, `The profile mapper failed: ${failure.message}${place}`, { action: ACTIONS[failure.code] });
}

const BUSY: Record<SemaphoreRejection, string> = {
  full: `${MAX_WAITING} mappings are waiting already`,
  timeout: `earlier mappings took longer than ${MAX_QUEUE_MS} ms`,
  aborted: 'the request was abandoned',
  closed: 'the connector is stopping',
};

function busy(reason: SemaphoreRejection): CodedError<MapperErrorCode> {
  return new CodedError('MAPPER_BUSY', `The profile mapper cannot take another entry: ${BUSY[reason]}`, { action: ACTIONS.MAPPER_BUSY });
}
