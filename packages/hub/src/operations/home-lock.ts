/**
 * Allows one hub per home folder, by a lock that the operating system releases when the process ends. It is SQLite's lock on an empty
 * database, because Node.js has no other that works on all systems.
 */
import { closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CodedError, keepOwner } from '@landbridge/runtime';

/** A check whether it is taken holds the lock for a moment. */
const LOCK_WAIT_MS = 500;

/** @returns a function that releases the lock. @throws CodedError HOME_IN_USE, HOME_UNUSABLE */
export function lockHome(folder: string): () => void {
  const path = join(folder, 'hub.lock');
  let database: DatabaseSync | undefined;
  try {
    // Opened only if it is missing: closing a file releases all locks of the process on it (fcntl, POSIX).
    if (!existsSync(path)) {
      closeSync(openSync(path, 'a', 0o600));
      keepOwner(path, folder);
    }
    database = new DatabaseSync(path, { timeout: LOCK_WAIT_MS });
    // No journal file.
    database.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
  } catch (cause) {
    database?.close();
    if (isBusy(cause)) {
      throw new CodedError('HOME_IN_USE', `A hub is running on ${folder}, or a restore is in progress`, {
        action: 'Stop the hub first, or choose another --home.',
      });
    }
    throw new CodedError('HOME_UNUSABLE', `Cannot write ${path}`, {
      cause,
      action: 'Allow the account of the hub to write to its home folder.',
    });
  }
  const held = database;
  return () => held.close();
}

/** @returns whether a hub is running there. @throws CodedError HOME_UNUSABLE */
export function isHomeInUse(folder: string): boolean {
  try {
    lockHome(folder)();
    return false;
  } catch (error) {
    if (error instanceof CodedError && error.code === 'HOME_IN_USE') return true;
    throw error;
  }
}

/** Another process has locked the file (https://www.sqlite.org/rescode.html). */
export function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === SQLITE_BUSY;
}

const SQLITE_BUSY = 5;
