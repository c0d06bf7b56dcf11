/**
 * QuickJS compiled to WebAssembly, with a fixed memory limit.
 *
 * No trace of one user may be left when the next one is mapped, but a new engine for each user takes half a millisecond. So the mapper is loaded once,
 * and the engine's memory is restored to that state after each mapping.
 */
import variantModule from '@jitl/quickjs-ng-wasmfile-release-sync';
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSSyncVariant,
  type VmCallResult,
} from 'quickjs-emscripten-core';
import { hostFunctions } from './host-functions.ts';
import { failureCode, type MapRequest, type MapResult, type SandboxFailure, type WorkerSettings } from './messages.ts';
import { PRELUDE_SOURCE } from './prelude/prelude.ts';
import { createMemory, findLayout, takeSnapshot, type WasmMemory } from './snapshot.ts';

/** Deeper recursion in the mapper throws its RangeError. At 512 KiB the thread's own stack, inside the engine, would overflow first. */
const MAX_STACK_BYTES = 256 * 1024;
/** Built-in functions may use a little more. */
const STACK_RESERVE_BYTES = 64 * 1024;
/** A profile is a few kilobytes. */
const MAX_ANSWER_CHARS = 1024 * 1024;
const MAX_MESSAGE_CHARS = 500;
/** Per mapping. */
const MAX_CONSOLE_LINES = 20;

export interface Engine {
  /** Why the mapper did not load. Every mapping then fails with it. */
  failure: SandboxFailure | undefined;
  /** All memory that the engine can read and write. */
  memory: WasmMemory;
  /** @throws if the engine itself fails, which leaves its state unknown */
  map(request: MapRequest): MapResult;
}

/** Carries the mapper's own exception, a value inside the sandbox, out of the engine. */
class Failed extends Error {
  readonly failure: SandboxFailure;
  constructor(failure: SandboxFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

function failure(code: SandboxFailure['code'], message: string, line?: number): SandboxFailure {
  return { code: failureCode(message, code), message: message.slice(0, MAX_MESSAGE_CHARS), line };
}

/** @param onConsole receives a limited number of lines per mapping */
export async function createEngine(settings: WorkerSettings, onConsole: (line: string) => void): Promise<Engine> {
  const memory = createMemory(settings.memoryLimitMb);
  // The package declares the types of its CommonJS build, in which the variant is nested one level deeper than in the module imported here.
  const variant: QuickJSSyncVariant = 'default' in variantModule ? variantModule.default : variantModule;
  const quickJs = await newQuickJSWASMModuleFromVariant(newVariant(variant, { wasmMemory: memory }));
  const runtime = quickJs.newRuntime();
  runtime.setMaxStackSize(MAX_STACK_BYTES);
  const context = runtime.newContext();
  const layout = findLayout(memory, (bytes) => context.newArrayBuffer(new ArrayBuffer(bytes)));

  let endsAt = 0;
  let timeIsUp = false;
  let consoleLines = 0;
  /** The time limit for loading the source, and for each mapping. */
  const startDeadline = () => {
    endsAt = performance.now() + settings.timeoutMs;
    timeIsUp = false;
    consoleLines = 0;
  };
  // The interpreter asks every few thousand steps whether to continue; a mapper cannot catch the interruption.
  runtime.setInterruptHandler(() => {
    timeIsUp ||= performance.now() > endsAt;
    return timeIsUp;
  });
  const log = (line: string) => {
    if (consoleLines++ < MAX_CONSOLE_LINES) onConsole(line.slice(0, MAX_MESSAGE_CHARS));
  };

  function unwrap(result: VmCallResult<QuickJSHandle>, code: SandboxFailure['code']): QuickJSHandle {
    if (result.error === undefined) return result.value;
    if (timeIsUp) throw new Failed(timeout());
    const error: unknown = context.dump(result.error);
    if (timeIsUp) throw new Failed(timeout());
    throw new Failed(described(error, code));
  }

  function timeout(): SandboxFailure {
    return { code: 'MAPPER_TIMEOUT', message: `it took longer than ${settings.timeoutMs} ms` };
  }

  /** Runs pending promise jobs. Each job may add more, and one deadline applies to all. */
  function runJobs(): void {
    while (runtime.hasPendingJob()) {
      const { error } = runtime.executePendingJobs(100);
      if (error !== undefined) unwrap({ error }, 'MAPPER_FAILED');
    }
    if (timeIsUp) throw new Failed(timeout());
  }

  // Handles are not disposed: they would outlive the memory that they point to.
  function load(): { map: QuickJSHandle; settle: QuickJSHandle; harness: QuickJSHandle } {
    startDeadline();
    const start = unwrap(context.evalCode(PRELUDE_SOURCE, 'sandbox.js'), 'MAPPER_FAILED');
    const host = hostFunctions(context, { log });
    const limits = context.newString(
      JSON.stringify({ environment: settings.environment, timeoutMs: settings.timeoutMs, maxConsoleLines: MAX_CONSOLE_LINES }),
    );
    const harness = unwrap(context.callFunction(start, context.undefined, host, limits), 'MAPPER_FAILED');
    // On the same line as the start of the source, as in Node, so that line numbers match the file.
    const wrapped = `(function (exports, require, module, __filename, __dirname) {${settings.source}\n})`;
    const factory = unwrap(context.evalCode(wrapped, 'profileMapper.js'), 'MAPPER_SYNTAX');
    const method = (name: string) => context.getProp(harness, name);
    unwrap(context.callFunction(method('load'), harness, factory), 'MAPPER_FAILED');
    runJobs();
    return { harness, map: method('map'), settle: method('settle') };
  }

  let loaded: ReturnType<typeof load>;
  try {
    loaded = load();
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    const { failure } = error;
    return { failure, memory, map: () => ({ failure }) };
  }
  const snapshot = takeSnapshot(memory, layout, MAX_STACK_BYTES + STACK_RESERVE_BYTES);

  function map({ rawJson, binaryPaths, binaries }: MapRequest): string {
    startDeadline();
    const values = [
      context.newString(rawJson),
      ...(binaries.length === 0 ? [] : [context.newString(binaryPaths), ...binaries.map((bytes) => newBytes(context, bytes))]),
    ];
    const answerOf = (method: QuickJSHandle) =>
      context.getString(unwrap(context.callFunction(method, loaded.harness, ...(method === loaded.map ? values : [])), 'MAPPER_FAILED'));
    let answer = answerOf(loaded.map);
    runJobs();
    // A promise or a timer may still deliver the profile.
    while (answer === '') {
      answer = answerOf(loaded.settle);
      runJobs();
    }
    if (answer.length > MAX_ANSWER_CHARS) {
      throw new Failed(failure('MAPPER_FAILED', `its profile is ${answer.length} characters long; the limit is ${MAX_ANSWER_CHARS}`));
    }
    return answer;
  }

  return {
    failure: undefined,
    memory,
    map(request) {
      try {
        return { json: map(request) };
      } catch (error) {
        if (!(error instanceof Failed)) throw error;
        // The engine may have run out of memory for the exception.
        const isMemory = error.failure.code === 'MAPPER_FAILED' && snapshot.isExhausted();
        return { failure: isMemory ? failure('MAPPER_MEMORY', `out of memory: ${error.failure.message}`) : error.failure };
      } finally {
        snapshot.restore();
      }
    },
  };
}

/** Small Buffers share one large ArrayBuffer: the sandbox gets a copy of just these bytes. */
function newBytes(context: QuickJSContext, bytes: Uint8Array): QuickJSHandle {
  return context.newArrayBuffer(new Uint8Array(bytes).buffer);
}

/** @param thrown a copy outside the engine: name, message and stack of an Error, and of other values what JSON can represent */
function described(thrown: unknown, code: SandboxFailure['code']): SandboxFailure {
  // If small objects have used up the memory, the engine cannot allocate an error and throws null.
  if (thrown === null) return failure(code, 'out of memory (or it threw null)');
  if (typeof thrown !== 'object' || !('message' in thrown)) return failure(code, `it threw ${shown(thrown)}`);
  const line = 'stack' in thrown ? /profileMapper\.js:(\d+)/.exec(shown(thrown.stack))?.[1] : undefined;
  const name = 'name' in thrown ? `${shown(thrown.name)}: ` : '';
  return failure(code, `${name}${shown(thrown.message)}`, line === undefined ? undefined : Number(line));
}

/** @param value a copy outside the sandbox, so reading it runs no code of the mapper */
function shown(value: unknown): string {
  return (typeof value === 'object' ? JSON.stringify(value) : String(value)) || '(a value that cannot be displayed)';
}
