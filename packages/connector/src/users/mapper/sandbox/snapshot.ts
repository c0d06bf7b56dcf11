/**
 * Takes the engine's whole memory back to an earlier state: everything in it, since WebAssembly has no other state between two calls.
 *
 * Of the 16 MiB that the engine declares, static data, the used end of the stack and the heap of a loaded mapper are 900 KB: they are copied
 * back, and what the mapping has allocated beyond is cleared. That takes 20 µs; a new engine takes half a millisecond.
 */

// The compiler's library for Node has no WebAssembly types; these are all that is used.
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
/** More than the allocator has in reserve, and no other allocation resembles it. */
const PROBE_BYTES = 2 * 1024 * 1024;
/** The allocator leaves less than this between its last record and the end of its memory. */
const END_BYTES = 64;
/** Static data that is not written yet when the stack is looked for. The stack is never that deep. */
const STATIC_RESERVE_BYTES = 64 * 1024;
/** What an engine that cannot get more memory may leave. */
const EXHAUSTED_BYTES = 256 * 1024;

export function createMemory(limitMb: number): WasmMemory {
  const pages = Math.max(LEAST_PAGES, Math.floor(limitMb * PAGES_PER_MB));
  return Object.assign(new WebAssembly.Memory({ initial: LEAST_PAGES, maximum: pages }), { limitBytes: pages * PAGE_BYTES });
}

export interface Snapshot {
  restore(): void;
  /** Whether the memory has been used up since the last restore. */
  isExhausted(): boolean;
}

/** The engine's stack: zeros, as long as it is not deeply used, between its static data and the heap. */
export interface Stack {
  from: number;
  to: number;
}

/** To be called before foreign code runs: that could make a longer row of zeros. */
export function findStack(memory: WasmMemory): Stack {
  const bytes = new Uint8Array(memory.buffer);
  const end = endOfWritten(memory.buffer);
  let longest: Stack = { from: 0, to: 0 };
  for (let from = 0; from < end; from += BLOCK) {
    let to = from;
    while (to < end && ZEROS.equals(bytes.subarray(to, to + BLOCK))) to += BLOCK;
    if (to - from > longest.to - longest.from) longest = { from, to };
    from = to;
  }
  return longest;
}

/**
 * @param stackBytes how much of the stack may have been used
 * @param allocate takes this many bytes from the heap
 * @throws Error if the memory is not laid out as this file knows it: the engine is another one
 */
export function takeSnapshot(memory: WasmMemory, stack: Stack, stackBytes: number, allocate: (bytes: number) => void): Snapshot {
  const end = endOfWritten(memory.buffer);
  const afterStatic = stack.from + STATIC_RESERVE_BYTES;
  const stackFrom = stack.to - stackBytes;
  const copies = [copyOf(memory, 0, afterStatic), copyOf(memory, stackFrom, end)];
  const endAt = endOfHeapAt(memory, end, allocate);
  if (afterStatic > stackFrom || endAt === undefined) throw new Error('the memory of the engine is not laid out as expected');
  let bytes = Buffer.from(memory.buffer);
  const endNow = () => {
    // Another buffer if the memory has grown.
    if (bytes.buffer !== memory.buffer) bytes = Buffer.from(memory.buffer);
    return bytes.readUInt32LE(endAt);
  };
  const restore = () => {
    const to = endNow();
    bytes.fill(0, end, to);
    for (const { from, copy } of copies) bytes.set(copy, from);
  };
  restore();
  return { restore, isExhausted: () => endNow() > memory.limitBytes - EXHAUSTED_BYTES };
}

function copyOf(memory: WasmMemory, from: number, to: number) {
  return { from, copy: new Uint8Array(memory.buffer.slice(from, to)) };
}

/** @returns the place after the last byte that is not zero, rounded up to a word */
function endOfWritten(buffer: ArrayBuffer): number {
  const words = new Uint32Array(buffer);
  let end = words.length;
  while (end > 0 && words[end - 1] === 0) end--;
  return end * Uint32Array.BYTES_PER_ELEMENT;
}

/** Where the allocator keeps the end of its memory: the only word that is that end before and after a large allocation. */
function endOfHeapAt(memory: WasmMemory, end: number, allocate: (bytes: number) => void): number | undefined {
  const before = new Uint32Array(memory.buffer.slice(0, end));
  allocate(PROBE_BYTES);
  const now = new Uint32Array(memory.buffer);
  const isEnd = (place: number, [was = 0, is = 0] = [before[place], now[place]]) =>
    was >= end && was < end + END_BYTES && is >= was + PROBE_BYTES / 2 && is < memory.buffer.byteLength;
  const places: number[] = [];
  for (let place = 0; place < before.length; place++) if (isEnd(place)) places.push(place);
  const [only] = places;
  return only === undefined || places.length > 1 ? undefined : only * Uint32Array.BYTES_PER_ELEMENT;
}
