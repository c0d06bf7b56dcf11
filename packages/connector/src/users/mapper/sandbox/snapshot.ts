/**
 * Takes the engine's whole memory back to an earlier state: everything in it, since WebAssembly has no other state between two calls.
 *
 * Of the 16 MiB that the engine declares it has written 200 KB when a mapper is loaded. Those are copied back. The stack and the memory that
 * the mapping has allocated are cleared. That takes a fraction of what a new engine does.
 */

// The compiler's library for Node has no WebAssembly types; these are all that is used.
declare const WebAssembly: { Memory: new (pages: { initial: number; maximum: number }) => WasmMemory };
export interface WasmMemory {
  /** Replaced when the memory grows. */
  readonly buffer: ArrayBuffer;
}

/** WebAssembly's unit of memory is 64 KiB. The module declares 256 of them (16 MiB) as its initial size. */
const PAGES_PER_MB = 16;
const LEAST_PAGES = 256;
/** Gaps between copied ranges that are shorter than this are copied with them. */
const BLOCK = 4096;
const ZEROS = Buffer.alloc(BLOCK);
/** More than the allocator has in reserve, and no other allocation resembles it. */
const PROBE_BYTES = 2 * 1024 * 1024;
/** The allocator leaves less than this between its last record and the end of its memory. */
const END_BYTES = 64;

export function createMemory(limitMb: number): WasmMemory {
  return new WebAssembly.Memory({ initial: LEAST_PAGES, maximum: Math.max(LEAST_PAGES, Math.floor(limitMb * PAGES_PER_MB)) });
}

/**
 * @param stackBytes how much of the stack below the heap may have been written
 * @param allocate takes this many bytes from the heap
 * @returns a function that restores the state before this call
 * @throws Error if the allocator's end of memory is not found: the engine is not the one that this file knows
 */
export function takeSnapshot(memory: WasmMemory, stackBytes: number, allocate: (bytes: number) => void): () => void {
  const bytes = new Uint8Array(memory.buffer);
  const end = endOfWritten(memory.buffer);
  const ranges = writtenRanges(bytes.subarray(0, Math.ceil(end / BLOCK) * BLOCK));
  const endAt = endOfHeapAt(memory, end, allocate);
  const heap = ranges.at(-1);
  if (heap === undefined || endAt === undefined) throw new Error('the memory of the engine is not laid out as expected');
  const restore = () => {
    // Another buffer if the memory has grown.
    const now = new Uint8Array(memory.buffer);
    const endNow = new DataView(memory.buffer).getUint32(endAt, true);
    now.fill(0, end, endNow);
    now.fill(0, heap.from - stackBytes, heap.from);
    for (const { from, copy } of ranges) now.set(copy, from);
  };
  restore();
  return restore;
}

/** @returns the place after the last byte that is not zero, rounded up to a word */
function endOfWritten(buffer: ArrayBuffer): number {
  const words = new Uint32Array(buffer);
  let end = words.length;
  while (end > 0 && words[end - 1] === 0) end--;
  return end * Uint32Array.BYTES_PER_ELEMENT;
}

interface Range {
  from: number;
  copy: Uint8Array;
}

function writtenRanges(bytes: Uint8Array): Range[] {
  const ranges: { from: number; to: number }[] = [];
  for (let from = 0; from < bytes.length; from += BLOCK) {
    const to = from + BLOCK;
    if (ZEROS.equals(bytes.subarray(from, to))) continue;
    const last = ranges.at(-1);
    if (last?.to === from) last.to = to;
    else ranges.push({ from, to });
  }
  return ranges.map(({ from, to }) => ({ from, copy: bytes.slice(from, to) }));
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
