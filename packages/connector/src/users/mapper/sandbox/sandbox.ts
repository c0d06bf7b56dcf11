/**
 * Runs a custom mapper without trusting it: one worker thread runs one mapping at a time, and the others wait in a bounded queue. The worker interrupts a
 * mapper that takes too long. If the worker itself does not answer, it is terminated and replaced.
 */
import { Worker } from 'node:worker_threads';
import { type Profile, profileSchema } from '@landbridge/protocol';
import { type Log, parseJson } from '@landbridge/runtime';
import { isHarmless, MAX_DEPTH } from './harmless.ts';
import { MAX_QUEUE_MS, MAX_WAITING, mapperBusy, mapperError } from './mapper-errors.ts';
import type { MapRequest, MapResult, SandboxFailure, WorkerMessage, WorkerSettings } from './messages.ts';
import { requestFor } from './request.ts';

/** The longest real mappers have a few hundred lines. */
const MAX_SOURCE_CHARS = 1024 * 1024;
/** Waking the worker costs as much as a mapping, so usually all waiting sign-ins are sent at once. */
const MAX_BATCH = 64;
/** Time that the worker may need beyond the mapper's limit: a loop in a built-in function inside the engine cannot be interrupted. */
const GRACE_MS = 1000;
/** Loading the engine takes about 30 ms, more on a busy machine. */
const START_MS = 10_000;
/** The precision of the queue timeout. */
const SWEEP_MS = 1000;

export interface SandboxOptions {
  source: string;
  timeoutMs: number;
  memoryLimitMb: number;
  /** The contents of `process.env` in the sandbox. */
  environment: Readonly<Record<string, string>>;
  log: Log;
}

interface Mapping {
  request: MapRequest;
  since: number;
  resolve(profile: Profile): void;
  reject(error: Error): void;
}

export interface Sandbox {
  /** @throws CodedError MAPPER_SYNTAX, MAPPER_FAILED, MAPPER_TIMEOUT, MAPPER_MEMORY, MAPPER_BUSY */
  map(raw: Readonly<Record<string, unknown>>): Promise<Profile>;
  /** Rejects if the source does not load. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

/** @throws CodedError MAPPER_SYNTAX if the source is too long */
export function startSandbox(options: SandboxOptions): Sandbox {
  const { timeoutMs, log } = options;
  const source = options.source.replace(/^\uFEFF/, '');
  if (source.length > MAX_SOURCE_CHARS) {
    throw mapperError({
      code: 'MAPPER_SYNTAX',
      message: `its source has ${source.length} characters; the limit is ${MAX_SOURCE_CHARS}`,
    });
  }
  const progress = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  const settings: WorkerSettings = {
    source,
    timeoutMs,
    memoryLimitMb: options.memoryLimitMb,
    environment: options.environment,
    progress: progress.buffer,
  };
  let waiting: Mapping[] = [];
  /** Mappings sent to the worker. */
  let batch: Mapping[] = [];
  let isFlushing = false;
  let isClosed = false;
  let worker: Worker | undefined;
  let isLoaded = false;
  let watchdog: NodeJS.Timeout | undefined;
  const loaded = Promise.withResolvers<void>();
  // A caller that does not await `ready` learns about a failure from the log and from each mapping.
  loaded.promise.catch(() => {});

  function startWorker(): Worker {
    isLoaded = false;
    const started = new Worker(new URL('./worker.ts', import.meta.url), {
      workerData: settings,
      // The thread gets an empty environment, so code that escapes from the engine finds no secrets.
      env: {},
      execArgv: [],
      resourceLimits: { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 4 },
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
    // A console line is not a result, so the timeout continues.
    if (message.kind !== 'console') clearTimeout(watchdog);
    switch (message.kind) {
      case 'console':
        return log.debug({ line: message.line }, 'The profile mapper wrote to its console');
      case 'loaded':
        isLoaded = true;
        if (message.failure === undefined) loaded.resolve();
        else failedToLoad(message.failure);
        return flush();
      case 'mapped': {
        const sent = batch;
        batch = [];
        waiting = [...sent.slice(message.results.length), ...waiting];
        for (const [place, result] of message.results.entries()) answer(sent[place], result);
        return flush();
      }
      case 'broken':
        return broken(message.failure);
    }
  }

  function failedToLoad(failure: SandboxFailure): void {
    const error = mapperError(failure);
    loaded.reject(error);
    log.error({ err: error }, 'The profile mapper failed to load; users cannot sign in until it is corrected');
  }

  function answer(mapping: Mapping | undefined, result: MapResult): void {
    if ('failure' in result) return mapping?.reject(mapperError(result.failure));
    const profile = profileSchema.safeParse(parseJson(result.json));
    if (!profile.success) mapping?.reject(mapperError({ code: 'MAPPER_FAILED', message: 'its result is not a JSON object' }));
    else if (isHarmless(profile.data)) mapping?.resolve(profile.data);
    else mapping?.reject(mapperError({ code: 'MAPPER_FAILED', message: `its profile is nested deeper than ${MAX_DEPTH} levels` }));
  }

  /** The worker is unusable: its current mapping fails, and a new worker gets the others. */
  function broken(failure: SandboxFailure): void {
    clearTimeout(watchdog);
    const ended = worker;
    worker = undefined;
    // Its `exit` is not awaited: a hung thread is left to the operating system.
    ended?.terminate().catch(() => {});
    const error = mapperError(failure);
    loaded.reject(error);
    log.warn({ err: error }, 'The worker of the profile mapper was terminated and replaced');
    const sent = batch;
    batch = [];
    const [culprit] = sent.splice(Atomics.load(progress, 0), 1);
    culprit?.reject(error);
    waiting = [...sent, ...waiting];
    // A worker that failed to start would fail again.
    if (!isLoaded) for (const mapping of waiting.splice(0)) mapping.reject(error);
    flush();
  }

  function rejectLate(): void {
    const oldest = performance.now() - MAX_QUEUE_MS;
    const isLate = ({ since }: Mapping) => since < oldest;
    // The worker may spend more time on the first of these than the others may wait.
    for (const late of [...waiting, ...batch.slice(Atomics.load(progress, 0) + 1)].filter(isLate)) late.reject(mapperBusy('timeout'));
    waiting = waiting.filter((mapping) => !isLate(mapping));
  }

  /** Sends the waiting mappings at the end of this event loop turn, because directory answers often arrive together. */
  function flush(): void {
    if (isFlushing || batch.length > 0 || waiting.length === 0) return;
    isFlushing = true;
    setImmediate(() => {
      isFlushing = false;
      rejectLate();
      if (isClosed || batch.length > 0 || waiting.length === 0) return;
      worker ??= startWorker();
      if (!isLoaded) return;
      batch = waiting.splice(0, MAX_BATCH);
      worker.postMessage(batch.map(({ request }) => request));
      watch(timeoutMs + GRACE_MS);
    });
  }

  worker = startWorker();
  const sweep = setInterval(rejectLate, SWEEP_MS).unref();
  return {
    map(raw) {
      if (isClosed) return Promise.reject(mapperBusy('closed'));
      if (waiting.length >= MAX_WAITING) return Promise.reject(mapperBusy('full'));
      return new Promise((resolve, reject) => {
        waiting.push({ request: requestFor(raw), since: performance.now(), resolve, reject });
        flush();
      });
    },
    ready: () => loaded.promise,
    async close() {
      isClosed = true;
      clearInterval(sweep);
      clearTimeout(watchdog);
      for (const mapping of [...batch.splice(0), ...waiting.splice(0)]) mapping.reject(mapperBusy('closed'));
      const ended = worker;
      worker = undefined;
      await ended?.terminate();
    },
  };
}
