/**
 * Backups of the database: made while the hub runs, and put in its place only while none does; what was there before is kept beside it.
 */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CodedError } from '@landbridge/runtime';
import { createAudit } from '../audit/audit.ts';
import { DATABASE_FILE } from '../home.ts';
import { type Checked, checkDatabase, copyDatabase } from '../store/sqlite/copies.ts';
import { SCHEMA_VERSION } from '../store/sqlite/schema.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import type { Store } from '../store/store.ts';
import { isBusy, lockHome } from './home-lock.ts';

/** What SQLite puts beside a database that was not closed. */
const SIDE_FILES = ['', '-wal', '-shm'];

/** After everything that is in a store. */
const END_OF_TIME = new Date(8.64e15);

/**
 * Copies the database of a home to a new file, and writes down that this was done: the copy holds every secret of the hub.
 * @throws CodedError DATABASE_MISSING, BACKUP_TARGET_EXISTS, BACKUP_FAILED, BACKUP_INVALID, STORE_FAILED
 */
export async function backupDatabase(folder: string, to: string): Promise<Checked> {
  const database = join(folder, DATABASE_FILE);
  if (!existsSync(database)) {
    throw new CodedError('DATABASE_MISSING', `There is no ${database}`, { action: 'Say which home with --home.' });
  }
  const checked = await copyDatabase(database, to);
  // An older file is left as it is: opened as a store, it would be brought to this version.
  if (checked.version === SCHEMA_VERSION) {
    const store = openSqliteStore(database);
    try {
      await createAudit(store).record({ actor: 'command-line', action: 'database.backup', subject: to, result: 'ok' });
    } finally {
      await store.close();
    }
  }
  return checked;
}

/**
 * @returns where the database is that was there before, if there was one, and the schema version of the backup
 * @throws CodedError BACKUP_INVALID, BACKUP_FAILED, HOME_IN_USE, HOME_UNUSABLE, STORE_UNUSABLE; the database is as it was then
 */
export async function restoreDatabase(
  backup: string,
  folder: string,
  now: Date = new Date(),
): Promise<{ keptAs: string | undefined; version: number }> {
  const { version } = checkDatabase(backup);
  const unlock = lockHome(folder);
  try {
    const database = join(folder, DATABASE_FILE);
    const keptAs = existsSync(database) ? `${database}.replaced-${now.toISOString().replaceAll(':', '-')}` : undefined;
    const arriving = `${database}.arriving-${process.pid}`;
    try {
      await copyDatabase(backup, arriving);
      if (keptAs !== undefined) {
        refuseWhileOpen(database);
        moveWithSideFiles(database, keptAs);
      }
      try {
        renameSync(arriving, database);
        await makeRestored(database, version);
      } catch (error) {
        for (const side of SIDE_FILES) rmSync(database + side, { force: true });
        if (keptAs !== undefined) moveWithSideFiles(keptAs, database);
        throw error;
      }
    } finally {
      rmSync(arriving, { force: true });
    }
    return { keptAs, version };
  } finally {
    unlock();
  }
}

/** A command that has the file open would go on writing to what is no longer the database. @throws CodedError HOME_IN_USE */
function refuseWhileOpen(path: string): void {
  try {
    const database = new DatabaseSync(path, { timeout: 0 });
    try {
      // Succeeds only for the last one that has it open, and puts everything into the one file.
      database.exec('PRAGMA journal_mode = DELETE');
    } finally {
      database.close();
    }
  } catch (cause) {
    if (isBusy(cause)) {
      throw new CodedError('HOME_IN_USE', `${path} is open in another process`, { cause, action: 'Wait until other commands have ended.' });
    }
    // It is damaged, which may be why it is replaced: it is kept as it is.
  }
}

function moveWithSideFiles(from: string, to: string): void {
  for (const side of SIDE_FILES) if (existsSync(from + side)) renameSync(from + side, to + side);
}

/** Brings the copy to this version, and takes out of it what must not come back. */
async function makeRestored(database: string, version: number): Promise<void> {
  const store = openSqliteStore(database);
  try {
    await endWhatEndedSince(store);
    const detail = `from a backup of schema version ${version}; sign-ins and cached credentials in it were removed`;
    await createAudit(store).record({ actor: 'command-line', action: 'database.restore', result: 'ok', detail });
  } finally {
    await store.close();
  }
}

/** Somebody may have been disabled, or signed out, after the backup: nobody is signed in by it. */
async function endWhatEndedSince(store: Store): Promise<void> {
  await store.removeCachedCredentialsBefore(END_OF_TIME);
  await store.removeExpiredOidcState(END_OF_TIME, 'Interaction', 0);
  await store.removeOldSessions(END_OF_TIME, END_OF_TIME);
}
