/**
 * Restores the engine's whole memory to an earlier state. This covers everything, since WebAssembly has no other state between two calls.
 *
 * Of the 16 MiB that the engine declares, about 400 KB are static data and the heap of a loaded mapper. These are copied back. The stack and all
 * later allocations are cleared. This takes 20 µs, and a new engine half a millisecond.
 */

// Node's type library has no WebAssembly types. These are the ones used here.
declare const WebAssembly: { Memory: new (pages: { initial: number; maximum: number }) => Pick<WasmMemory, 'buffer'> };
export interface WasmMemory {
  /** Replaced when the memory grows. */
  readonly buffer: ArrayBuffer;
  readonly limitBytes: number;
}

/** WebAssembly's unit of memory is 64 KiB. The module declares 256 of them (16 MiB) as its initial size. */
const PAGE_BYTES = 64 * 1024;
const PAGES_PER_MB = 16;
const LEAST_PAGES = 256;
const BLOCK = 4096;
const ZEROS = Buffer.alloc(BLOCK);
/** Larger than the allocator's reserve, and unlike any other allocation. */
const PROBE_BYTES = 512 * 1024;
/** The allocator leaves less than this between its last record and the end of its memory. */
const END_BYTES = 64;
/** The stack search skips this much static data, which may still be zero. The stack is never that deep. */
const STATIC_RESERVE_BYTES = 16 * 1024;
/** The free memory that may remain when an engine cannot get more. */
const EXHAUSTED_BYTES = 256 * 1024;

export function createMemory(limitMb: number): WasmMemory {
  const pages = Math.max(LEAST_PAGES, Math.floor(limitMb * PAGES_PER_MB));
  return Object.assign(new WebAssembly.Memory({ initial: LEAST_PAGES, maximum: pages }), { limitBytes: pages * PAGE_BYTES });
}

export interface Snapshot {
  restore(): void;
  /** Whether the memory has run out since the last restore. */
  isExhausted(): boolean;
}

/** The memory layout of the engine. */
export interface Layout {
  /** Between static data and heap: zeros, except for the part of the stack in use. */
  stack: { from: number; to: number };
  /** The word in which the allocator stores the end of the heap. */
  heapEndAt: number;
}

/**
 * Must be called before untrusted code runs, which could fill the memory arbitrarily.
 *
 * @param allocate takes this many bytes from the heap
 * @throws Error if the memory layout is not the expected one, for example after an update of the engine
 */
export function findLayout(memory: WasmMemory, allocate: (bytes: number) => void): Layout {
  const end = endOfWritten(memory.buffer);
  const before = new Uint8Array(memory.buffer.slice(0, end));
  const stack = longestZeros(before);
  allocate(PROBE_BYTES);
  // The only word of static data that equals the end of the heap both before and after a large allocation.
  const [was, is] = [before.buffer, memory.buffer].map((buffer) => new Uint32Array(buffer, 0, stack.from / Uint32Array.BYTES_PER_ELEMENT));
  const isEnd = (old = 0, now = 0) => old >= end && old < end + END_BYTES && now >= old + PROBE_BYTES / 2 && now < memory.buffer.byteLength;
  const places = [...(was?.keys() ?? [])].filter((place) => isEnd(was?.[place], is?.[place]));
  const [only] = places;
  if (only === undefined || places.length > 1 || stack.to - stack.from < 1024 * 1024) {
    throw new Error('unexpected memory layout of the engine');
  }
  const bytes = new Uint8Array(memory.buffer);
  bytes.fill(0, end, endOfWritten(memory.buffer));
  bytes.set(before);
  return { stack, heapEndAt: only * Uint32Array.BYTES_PER_ELEMENT };
}

function longestZeros(bytes: Uint8Array): { from: number; to: number } {
  let longest = { from: 0, to: 0 };
  for (let from = 0; from < bytes.length; from += BLOCK) {
    let to = from;
    while (ZEROS.equals(bytes.subarray(to, to + BLOCK))) to += BLOCK;
    if (to - from > longest.to - longest.from) longest = { from, to };
    from = to;
  }
  return longest;
}

/** @param stackBytes the maximum stack depth since the last call */
export function takeSnapshot(memory: WasmMemory, { stack, heapEndAt }: Layout, stackBytes: number): Snapshot {
  let bytes = Buffer.from(memory.buffer);
  const heapEnd = () => {
    // The buffer changes when the memory grows.
    if (bytes.buffer !== memory.buffer) bytes = Buffer.from(memory.buffer);
    return bytes.readUInt32LE(heapEndAt);
  };
  const end = heapEnd();
  const stackFrom = stack.to - stackBytes;
  // Between two calls the stack is unused.
  bytes.fill(0, stackFrom, stack.to);
  const copies = [copyOf(memory, 0, stack.from + STATIC_RESERVE_BYTES), copyOf(memory, stack.to, end)];
  return {
    restore() {
      const to = heapEnd();
      bytes.fill(0, end, to);
      bytes.fill(0, stackFrom, stack.to);
      for (const { from, copy } of copies) bytes.set(copy, from);
    },
    isExhausted: () => heapEnd() > memory.limitBytes - EXHAUSTED_BYTES,
  };
}

function copyOf(memory: WasmMemory, from: number, to: number) {
  return { from, copy: new Uint8Array(memory.buffer.slice(from, to)) };
}

/** @returns the position after the last non-zero byte, rounded up to a word */
function endOfWritten(buffer: ArrayBuffer): number {
  const words = new Uint32Array(buffer);
  let end = words.length;
  while (end > 0 && words[end - 1] === 0) end--;
  return end * Uint32Array.BYTES_PER_ELEMENT;
}
