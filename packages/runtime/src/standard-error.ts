/**
 * Standard error as the destination of the log. Lines are written in batches, without blocking. If a write fails, because the reader ended
 * (EPIPE) or the disk is full, its lines are lost and the program continues.
 */
import { writeSync } from 'node:fs';

/** Batching lines for this long makes logging ten times cheaper. */
const BATCH_MS = 20;
const BATCH_CHARACTERS = 8 * 1024;
/** How soon a full pipe is tried again. */
const RETRY_MS = 2;
/** Further lines are lost while a full pipe is not read. */
const MAX_WAITING_CHARACTERS = 4 * 1024 * 1024;
/** How long the end of the process waits for a full pipe to be read. */
const EXIT_PATIENCE_MS = 1000;

export function openStandardError(): { write(line: string): void } {
  let waiting = '';
  /** The rest of a batch that a full pipe took in part. */
  let rest: Buffer = Buffer.alloc(0);
  let timer: NodeJS.Timeout | undefined;

  // Opening the stream makes a pipe non-blocking. Without a listener, a failed write of Node.js itself (a warning) would end the process.
  process.stderr.on('error', () => {});

  function flush(): void {
    clearTimeout(timer);
    timer = undefined;
    try {
      while (rest.length > 0 || waiting !== '') {
        if (rest.length === 0) {
          rest = Buffer.from(waiting);
          waiting = '';
        }
        rest = rest.subarray(writeSync(2, rest));
      }
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') timer = setTimeout(flush, RETRY_MS).unref();
      else rest = rest.subarray(rest.length);
    }
  }

  process.once('exit', () => {
    const endMs = Date.now() + EXIT_PATIENCE_MS;
    flush();
    while (rest.length > 0 && Date.now() < endMs) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
      flush();
    }
  });

  return {
    write(line) {
      if (waiting.length + line.length > MAX_WAITING_CHARACTERS) return;
      waiting += line;
      if (waiting.length >= BATCH_CHARACTERS && rest.length === 0) flush();
      else timer ??= setTimeout(flush, BATCH_MS).unref();
    },
  };
}
