/**
 * One hub for a home folder: who runs on it holds a lock that the operating system takes back when the process ends, however it ends.
 * It is SQLite's lock of an empty database, since Node has no other that does so on every system.
 */
import { closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CodedError } from '@landbridge/runtime';

/** Whoever only looks whether it is taken has it for a moment. */
const LOCK_WAIT_MS = 500;

/** @returns a function that gives the lock back. @throws CodedError HOME_IN_USE, HOME_UNUSABLE */
export function lockHome(folder: string): () => void {
  const path = join(folder, 'hub.lock');
  let database: DatabaseSync | undefined;
  try {
    // Never opened where it is there: a process that closes a file gives back the locks that it has on it (fcntl, POSIX).
    if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600));
    database = new DatabaseSync(path, { timeout: LOCK_WAIT_MS });
    // Without a journal file beside it.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (cause) {
    database?.close();
    if (isBusy(cause)) {
      throw new CodedError('HOME_IN_USE', `A hub runs on ${folder}, or its database is being restored`, {
        action: 'Stop the hub first, or choose another --home.',
      });
    }
    throw new CodedError('HOME_UNUSABLE', `${path} cannot be written`, {
      cause,
      action: 'Give the account that runs the hub the right to write its home folder.',
    });
  }
  const held = database;
  return () => held.close();
}

/** Whether a hub runs there now. @throws CodedError HOME_UNUSABLE */
export function isHomeInUse(folder: string): boolean {
  try {
    lockHome(folder)();
    return false;
  } catch (error) {
    if (error instanceof CodedError && error.code === 'HOME_IN_USE') return true;
    throw error;
  }
}

/** Another process has the file locked (https://www.sqlite.org/rescode.html). */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
}

const SQLITE_BUSY = 5;
