/** Backs up and restores the database. Backups work while the hub runs; restoring needs it stopped and keeps the old database. */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { CodedError, keepOwner } from '@landbridge/runtime';
import { createAudit } from '../audit/audit.ts';
import { createAuditChain } from '../audit/chain.ts';
import { DATABASE_FILE } from '../home.ts';
import type { HomeKey } from '../home-key.ts';
import { type Checked, checkDatabase, copyDatabase } from '../store/sqlite/copies.ts';
import { SCHEMA_VERSION } from '../store/sqlite/schema.ts';
import { openSqliteStore } from '../store/sqlite/sqlite-store.ts';
import type { Store } from '../store/store.ts';
import { isBusy, lockHome } from './home-lock.ts';
import { replaceLostKey } from './hub-key.ts';

/** SQLite's files of a database that was not closed. */
const SIDE_FILES = ['', '-wal', '-shm'];

/** Later than everything in a store. */
const END_OF_TIME = new Date(8.64e15);

/**
 * Copies the database of a home to a new file. The audit log records it, because a backup contains everything that the hub knows.
 *
 * @throws CodedError DATABASE_MISSING, BACKUP_TARGET_EXISTS, BACKUP_FAILED, BACKUP_INVALID, STORE_FAILED, and HUB_KEY_MISMATCH: the copy
 *   is whole, but not recorded
 */
export async function backupDatabase(folder: string, to: string, key: HomeKey): Promise<Checked> {
  const database = join(folder, DATABASE_FILE);
  if (!existsSync(database)) {
    throw new CodedError('DATABASE_MISSING', `${database} does not exist`, { action: 'Choose the home folder with --home.' });
  }
  const checked = await copyDatabase(database, to);
  // Opening it as a store would migrate an older database.
  if (checked.version === SCHEMA_VERSION) {
    const store = openSqliteStore(database, key);
    try {
      await createAudit(store, createAuditChain(key).seal).record({
        actor: 'command-line',
        action: 'database.backup',
        subject: to,
        result: 'ok',
      });
    } finally {
      await store.close();
    }
  }
  return checked;
}

/**
 * @param options.newKey the key of the backup's hub is lost: its secrets are removed, and the audit log continues with this home's key
 * @returns the path of the old database, if any, and the schema version of the backup
 * @throws CodedError HUB_KEY_MISMATCH, BACKUP_INVALID, BACKUP_FAILED, HOME_IN_USE, HOME_UNUSABLE, STORE_UNUSABLE; then the database is unchanged
 */
export async function restoreDatabase(
  backup: string,
  folder: string,
  options: { key: HomeKey; newKey?: boolean; now?: Date },
): Promise<{ keptAs: string | undefined; version: number }> {
  const { version } = checkDatabase(backup);
  const unlock = lockHome(folder);
  try {
    const database = join(folder, DATABASE_FILE);
    const keptAs = existsSync(database)
      ? `${database}.replaced-${(options.now ?? new Date()).toISOString().replaceAll(':', '-')}`
      : undefined;
    const incoming = `${database}.incoming-${process.pid}`;
    try {
      await copyDatabase(backup, incoming);
      keepOwner(incoming, folder);
      if (keptAs !== undefined) {
        refuseWhileOpen(database);
        moveWithSideFiles(database, keptAs);
      }
      try {
        renameSync(incoming, database);
        await prepareRestored(database, version, options);
      } catch (error) {
        for (const side of SIDE_FILES) rmSync(database + side, { force: true });
        if (keptAs !== undefined) moveWithSideFiles(keptAs, database);
        throw error;
      }
    } finally {
      rmSync(incoming, { force: true });
    }
    return { keptAs, version };
  } finally {
    unlock();
  }
}

/** Another command with the file open would continue to write to the old database. @throws CodedError HOME_IN_USE */
function refuseWhileOpen(path: string): void {
  try {
    const database = new DatabaseSync(path, { timeout: 0 });
    try {
      // Succeeds only if no other process has it open, and merges everything into one file.
      database.exec('PRAGMA journal_mode = DELETE');
    } finally {
      database.close();
    }
  } catch (cause) {
    if (isBusy(cause)) {
      throw new CodedError('HOME_IN_USE', `${path} is open in another process`, { cause, action: 'Wait until other commands have ended.' });
    }
    // The database is damaged, which may be the reason for the restore. It is kept unchanged.
  }
}

function moveWithSideFiles(from: string, to: string): void {
  for (const side of SIDE_FILES) if (existsSync(from + side)) renameSync(from + side, to + side);
}

/** Migrates the copy and removes what must not come back. */
async function prepareRestored(database: string, version: number, { key, newKey }: { key: HomeKey; newKey?: boolean }): Promise<void> {
  if (newKey === true) await replaceLostKey(openSqliteStore(database, key, { anyKey: true }), key);
  const store = openSqliteStore(database, key);
  try {
    await endSessions(store);
    const detail = `from a backup of schema version ${version}; sign-ins and cached credentials in it were removed`;
    const { seal } = createAuditChain(key);
    await createAudit(store, seal).record({ actor: 'command-line', action: 'database.restore', result: 'ok', detail });
  } finally {
    await store.close();
  }
}

/** Ends all sessions: a user may have been disabled or signed out since the backup. */
async function endSessions(store: Store): Promise<void> {
  await store.removeCachedCredentialsBefore(END_OF_TIME);
  await store.removeExpiredOidcState(END_OF_TIME, 'Interaction', 0);
  await store.removeOldSessions(END_OF_TIME, END_OF_TIME);
}
