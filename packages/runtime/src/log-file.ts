/**
 * A log file with rotation: a full file is renamed. Lines are collected and written in the background, so a full or missing disk
 * costs only log lines, and the log later says how many.
 */
import { closeSync, constants, createReadStream, fchmodSync, openSync, writeSync } from 'node:fs';
import { type FileHandle, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import type { LogCopy } from './log.ts';
import { makeFolder } from './program-home.ts';

export interface LogFileOptions {
  /** The current file; rotated ones are `PATH.1` (the newest), `PATH.2` and so on. */
  path: string;
  /** A larger file is rotated. */
  maxBytes: number;
  /** How many rotated files are kept. */
  kept: number;
}

export interface LogFile extends LogCopy {
  /** All lines in all files, oldest first. */
  read(): Promise<Readable>;
  /** Removes all lines, including rotated files. */
  clear(): Promise<void>;
  /** Resolves when all earlier lines are written. */
  flush(): Promise<void>;
  /** Writes the remaining lines and accepts no more. */
  close(): Promise<void>;
}

/** How long lines are collected before they are written together. */
const FLUSH_MS = 200;
/** The buffer for a slow disk; further lines are dropped and counted. */
const MAX_WAITING_CHARACTERS = 4 * 1024 * 1024;
/** Until the next attempt after a failed write. */
const RETRY_MS = 5000;

/** Appends only, follows no symbolic links, readable by the owner only: the log contains names of users. */
const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0);
const MODE = 0o600;

/** Returns immediately; creating the folder and the file is retried with each line. */
export function openLogFile({ path, maxBytes, kept }: LogFileOptions): LogFile {
  let waiting: string[] = [];
  let waitingCharacters = 0;
  let lost = 0;
  let retryAtMs = 0;
  let timer: NodeJS.Timeout | undefined;
  let file: FileHandle | undefined;
  let bytes = 0;
  let isClosed = false;
  /** Serializes all operations on the files. */
  let work: Promise<void> = Promise.resolve();

  function enqueue(task: () => Promise<void>): Promise<void> {
    const done = work.then(task);
    work = done.catch(() => {});
    return done;
  }

  async function openFile(): Promise<FileHandle> {
    if (file !== undefined) return file;
    makeFolder(dirname(path));
    const opened = await open(path, FLAGS, MODE);
    await opened.chmod(MODE);
    bytes = (await opened.stat()).size;
    file = opened;
    return opened;
  }

  async function closeFile(): Promise<void> {
    const closing = file;
    file = undefined;
    await closing?.close();
  }

  async function rotate(): Promise<void> {
    await closeFile();
    for (const old of await fullFiles()) if (old.number >= Math.max(kept, 1)) await rm(old.path, { force: true });
    for (let number = kept - 1; number >= 1; number--) await renameIfThere(`${path}.${number}`, `${path}.${number + 1}`);
    if (kept > 0) await rename(path, `${path}.1`);
    else await rm(path, { force: true });
  }

  /** Newest first. */
  async function fullFiles(): Promise<{ path: string; number: number }[]> {
    const prefix = `${basename(path)}.`;
    const names = await readdir(dirname(path)).catch(() => []);
    return names
      .filter((name) => name.startsWith(prefix) && /^\d{1,4}$/.test(name.slice(prefix.length)))
      .map((name) => ({ path: join(dirname(path), name), number: Number(name.slice(prefix.length)) }))
      .sort((a, b) => a.number - b.number);
  }

  async function writeWaiting(): Promise<void> {
    if (waiting.length === 0) return;
    const text = takeWaiting();
    try {
      if (bytes >= maxBytes && file !== undefined) await rotate();
      const buffer = Buffer.from(lost === 0 ? text : `${lostLine(lost)}${text}`);
      const target = await openFile();
      await target.appendFile(buffer);
      bytes += buffer.length;
      lost = 0;
      retryAtMs = 0;
    } catch {
      lost += linesIn(text);
      retryAtMs = Date.now() + RETRY_MS;
      await closeFile().catch(() => {});
    }
  }

  function takeWaiting(): string {
    const text = waiting.join('');
    waiting = [];
    waitingCharacters = 0;
    return text;
  }

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    return enqueue(writeWaiting);
  }

  /** At the end of the process, writes the remaining lines synchronously. */
  function writeAtExit(): void {
    if (waiting.length === 0) return;
    try {
      makeFolder(dirname(path));
      const handle = openSync(path, FLAGS, MODE);
      fchmodSync(handle, MODE);
      writeSync(handle, takeWaiting());
      closeSync(handle);
    } catch {
      // There is nowhere left to report it.
    }
  }
  process.once('exit', writeAtExit);

  return {
    write(line) {
      if (isClosed) return;
      if (waitingCharacters + line.length > MAX_WAITING_CHARACTERS) {
        lost++;
        return;
      }
      waiting.push(line);
      waitingCharacters += line.length;
      timer ??= setTimeout(flush, Math.max(FLUSH_MS, retryAtMs - Date.now())).unref();
    },
    async read() {
      await flush();
      const paths = [...(await fullFiles()).reverse().map((full) => full.path), path];
      return Readable.from(textOf(paths));
    },
    async clear() {
      takeWaiting();
      await enqueue(async () => {
        await closeFile();
        for (const full of await fullFiles()) await rm(full.path, { force: true });
        await rm(path, { force: true });
        bytes = 0;
      });
    },
    flush,
    async close() {
      if (isClosed) return;
      isClosed = true;
      await flush();
      await enqueue(closeFile);
      process.off('exit', writeAtExit);
    },
  };
}

async function* textOf(paths: readonly string[]): AsyncGenerator<Buffer> {
  for (const path of paths) {
    try {
      yield* createReadStream(path, { flags: 'r' });
    } catch (error) {
      // It was rotated or cleared meanwhile.
      if (!isMissing(error)) throw error;
    }
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function lostLine(lines: number): string {
  return `${new Date().toISOString().replace('T', ' ')} warn  ${lines} log lines could not be written here\n`;
}

function linesIn(text: string): number {
  return text.split('\n').length - 1;
}
