/**
 * Standard error as the destination of the log. Lines are written in batches, without blocking. If a write fails, because the reader ended
 * (EPIPE) or the disk is full, its lines are lost and the program goes on.
 */
import { writeSync } from 'node:fs';

/** Batching lines for this long makes logging ten times cheaper. */
const BATCH_MS = 20;
const BATCH_BYTES = 8 * 1024;
/** Further lines are lost while a full pipe is not read. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024;
/** How long the end of the process waits for a full pipe to be read. */
const EXIT_PATIENCE_MS = 1000;

export function openStandardError(): { write(line: string): void } {
  let waiting: Buffer[] = [];
  let waitingBytes = 0;
  let isFull = false;
  let timer: NodeJS.Timeout | undefined;

  // Opening the stream makes a pipe non-blocking. Without a listener, a failed write of Node.js itself (a warning) would end the process.
  process.stderr.on('error', () => {});

  /** Writes as much as a pipe takes. */
  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    let rest = Buffer.concat(waiting);
    isFull = false;
    try {
      while (rest.length > 0) rest = rest.subarray(writeSync(2, rest));
    } catch (error) {
      isFull = error instanceof Error && 'code' in error && error.code === 'EAGAIN';
    }
    waiting = isFull ? [rest] : [];
    waitingBytes = isFull ? rest.length : 0;
    if (isFull) timer = setTimeout(flush, BATCH_MS).unref();
  }

  process.once('exit', () => {
    const endMs = Date.now() + EXIT_PATIENCE_MS;
    flush();
    while (isFull && Date.now() < endMs) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, BATCH_MS);
      flush();
    }
  });

  return {
    write(line) {
      const bytes = Buffer.from(line);
      if (waitingBytes + bytes.length > MAX_WAITING_BYTES) return;
      waiting.push(bytes);
      waitingBytes += bytes.length;
      if (waitingBytes >= BATCH_BYTES && !isFull) flush();
      else timer ??= setTimeout(flush, BATCH_MS).unref();
    },
  };
}
