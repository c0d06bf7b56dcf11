/**
 * The thread that runs custom mappers: QuickJS compiled to WebAssembly, with a memory that cannot grow beyond its limit.
 *
 * Each mapping gets its own engine and context, so that nothing of one user is left when the next is mapped. Creating them takes most of a
 * mapping's time, so the next ones are prepared, with the source loaded, right after each result.
 */
import { parentPort, workerData } from 'node:worker_threads';
import variantModule from '@jitl/quickjs-ng-wasmfile-release-sync';
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSRuntime,
  type QuickJSSyncVariant,
  type VmCallResult,
} from 'quickjs-emscripten-core';
import { failureCode, type MapRequest, type SandboxFailure, type WorkerMessage, type WorkerSettings } from './sandbox-messages.ts';
import { bufferPrelude, prelude } from './sandbox-prelude.ts';

// The compiler's library for Node has no WebAssembly types; these are all that is used.
declare const WebAssembly: { Memory: new (pages: { initial: number; maximum: number }) => object };

/** WebAssembly's unit of memory is 64 KiB. The module declares 256 of them (16 MiB) as its initial size. */
const PAGES_PER_MB = 16;
const LEAST_PAGES = 256;
/** Deeper recursion in the mapper throws its RangeError. At 512 KiB the thread's own stack would overflow first, inside the engine. */
const MAX_STACK_BYTES = 256 * 1024;
/** A profile is a few kilobytes. */
const MAX_ANSWER_CHARS = 1024 * 1024;
const MAX_MESSAGE_CHARS = 500;
/** Per mapping. */
const MAX_CONSOLE_LINES = 20;

const settings: WorkerSettings = workerData;
const memory = new WebAssembly.Memory({
  initial: LEAST_PAGES,
  maximum: Math.max(LEAST_PAGES, Math.floor(settings.memoryLimitMb * PAGES_PER_MB)),
});
// The package declares the types of its CommonJS build, in which the variant is one level deeper than in what is imported here.
const quickJsVariant: QuickJSSyncVariant = 'default' in variantModule ? variantModule.default : variantModule;
const quickJs = await newQuickJSWASMModuleFromVariant(newVariant(quickJsVariant, { wasmMemory: memory }));

/** A mapper's engine and context, loaded and unused. */
interface World {
  runtime: QuickJSRuntime;
  context: QuickJSContext;
  /** What `prelude` returned; undefined if loading failed. */
  harness: QuickJSHandle | undefined;
  hasBuffer: boolean;
  failure: SandboxFailure | undefined;
  timeIsUp: () => boolean;
}

/** Carries the mapper's own exception, a value inside the sandbox, to the outside. */
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

function makeWorld(): World {
  const runtime = quickJs.newRuntime();
  runtime.setMaxStackSize(MAX_STACK_BYTES);
  const context = runtime.newContext();
  const world: World = { runtime, context, harness: undefined, hasBuffer: false, failure: undefined, timeIsUp: startDeadline(runtime) };
  try {
    using start = unwrap(world, context.evalCode(`(${prelude.toString()})`, 'sandbox.js'), 'MAPPER_FAILED');
    using log = consoleOf(context);
    world.harness = unwrap(world, context.callFunction(start, context.undefined, log), 'MAPPER_FAILED');
    if (settings.source.includes('Buffer')) addBuffer(world);
    // On one line with the beginning of the source, as Node does it, so that line numbers match the file.
    const wrapped = `(function (exports, require, module) {${settings.source}\n})`;
    using factory = unwrap(world, context.evalCode(wrapped, 'profileMapper.js'), 'MAPPER_SYNTAX');
    call(world, 'load', factory).dispose();
  } catch (error) {
    if (!(error instanceof Failed)) throw error;
    world.failure = error.failure;
  }
  return world;
}

/** The interpreter asks every few thousand steps whether to continue; a mapper cannot catch the interruption. */
function startDeadline(runtime: QuickJSRuntime): () => boolean {
  const endsAt = performance.now() + settings.timeoutMs;
  let isUp = false;
  runtime.setInterruptHandler(() => {
    isUp ||= performance.now() > endsAt;
    return isUp;
  });
  return () => isUp;
}

/** @returns the function behind the mapper's console; it logs a limited number of lines */
function consoleOf(context: QuickJSContext): QuickJSHandle {
  let lines = 0;
  return context.newFunction('log', (...values) => {
    if (lines++ >= MAX_CONSOLE_LINES) return;
    post({
      kind: 'console',
      line: values
        .map((value) => shown(context.dump(value)))
        .join(' ')
        .slice(0, MAX_MESSAGE_CHARS),
    });
  });
}

function addBuffer(world: World): void {
  const { context } = world;
  world.hasBuffer = true;
  using define = unwrap(world, context.evalCode(`(${bufferPrelude.toString()})`, 'sandbox.js'), 'MAPPER_FAILED');
  using encode = context.newFunction('encode', (bytes, encoding) => {
    using buffer = context.getArrayBuffer(bytes);
    return context.newString(Buffer.from(buffer.value).toString(encodingOf(context.getString(encoding))));
  });
  using decode = context.newFunction('decode', (value, encoding) => {
    return context.newArrayBuffer(bytesOf(Buffer.from(context.getString(value), encodingOf(context.getString(encoding)))));
  });
  unwrap(world, context.callFunction(define, context.undefined, encode, decode), 'MAPPER_FAILED').dispose();
}

function encodingOf(name: string): BufferEncoding {
  if (!Buffer.isEncoding(name)) throw new TypeError(`Unknown encoding: ${name.slice(0, 20)}`);
  return name;
}

/** Small Buffers share one large ArrayBuffer: the sandbox gets a copy of just these bytes. */
function bytesOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

function unwrap(world: World, result: VmCallResult<QuickJSHandle>, code: SandboxFailure['code']): QuickJSHandle {
  if (result.error === undefined) return result.value;
  using thrown = result.error;
  if (world.timeIsUp()) throw new Failed(timeout());
  const error: unknown = world.context.dump(thrown);
  if (world.timeIsUp()) throw new Failed(timeout());
  throw new Failed(described(error, code));
}

/** @param thrown as copied out by the engine: an Error's name, message and stack, and of other values what JSON can represent */
function described(thrown: unknown, code: SandboxFailure['code']): SandboxFailure {
  // If small objects have used the last byte, the engine has no room for an error either, and throws null.
  if (thrown === null) return failure(code, 'out of memory, even for an error (unless it threw null itself)');
  if (typeof thrown !== 'object' || !('message' in thrown)) return failure(code, `it threw ${shown(thrown)}`);
  const line = 'stack' in thrown ? /profileMapper\.js:(\d+)/.exec(shown(thrown.stack))?.[1] : undefined;
  const name = 'name' in thrown ? `${shown(thrown.name)}: ` : '';
  return failure(code, `${name}${shown(thrown.message)}`, line === undefined ? undefined : Number(line));
}

/** @param value a copy outside the sandbox: reading it runs none of the mapper's code */
function shown(value: unknown): string {
  return (typeof value === 'object' ? JSON.stringify(value) : String(value)) || '(a value that cannot be displayed)';
}

function timeout(): SandboxFailure {
  return { code: 'MAPPER_TIMEOUT', message: `it took longer than ${settings.timeoutMs} ms` };
}

function call(world: World, name: 'load' | 'map' | 'outcome', ...values: QuickJSHandle[]): QuickJSHandle {
  const { context, harness } = world;
  if (harness === undefined) throw new Failed(failure('MAPPER_FAILED', 'it did not load'));
  using method = context.getProp(harness, name);
  return unwrap(world, context.callFunction(method, harness, ...values), 'MAPPER_FAILED');
}

function map(world: World, request: MapRequest): string {
  if (world.failure !== undefined) throw new Failed(world.failure);
  const { context, runtime } = world;
  world.timeIsUp = startDeadline(runtime);
  if (request.binaries.length > 0 && !world.hasBuffer) addBuffer(world);
  const values = [
    context.newString(request.rawJson),
    context.newString(request.binaryPaths),
    ...request.binaries.map((bytes) => context.newArrayBuffer(bytesOf(bytes))),
  ];
  try {
    call(world, 'map', ...values).dispose();
  } finally {
    for (const value of values) value.dispose();
  }
  // Promises: each job may add more; one deadline holds for all of them.
  while (runtime.hasPendingJob()) {
    const ran = runtime.executePendingJobs(100);
    if (ran.error !== undefined) unwrap(world, { error: ran.error }, 'MAPPER_FAILED');
    else ran.dispose();
  }
  if (world.timeIsUp()) throw new Failed(timeout());
  using outcome = call(world, 'outcome');
  const answer = context.getString(outcome);
  if (answer.length > MAX_ANSWER_CHARS) {
    throw new Failed(failure('MAPPER_FAILED', `its profile is ${answer.length} characters long; the limit is ${MAX_ANSWER_CHARS}`));
  }
  return answer;
}

function dispose(world: World): void {
  world.harness?.dispose();
  world.context.dispose();
  world.runtime.dispose();
}

function post(message: WorkerMessage): void {
  parentPort?.postMessage(message);
}

/** An exception of the engine itself: its state is unknown, so the worker must be replaced. */
function postBroken(error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  post({ kind: 'failed', failure: failure('MAPPER_FAILED', `the engine failed: ${message}`), broken: true });
}

let next: World | undefined;
try {
  next = makeWorld();
  post({ kind: 'loaded', failure: next.failure });
} catch (error) {
  postBroken(error);
}

parentPort?.on('message', (request: MapRequest) => {
  try {
    const world = next ?? makeWorld();
    next = undefined;
    try {
      post({ kind: 'mapped', json: map(world, request) });
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      post({ kind: 'failed', failure: error.failure, broken: false });
    }
    dispose(world);
    next = makeWorld();
  } catch (error) {
    postBroken(error);
  }
});
