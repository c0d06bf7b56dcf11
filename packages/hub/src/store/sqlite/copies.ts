/** Copies of the SQLite file: made during writes, verified before use, readable by their owner only. */
import { chmodSync, closeSync, constants, copyFileSync, existsSync, fsyncSync, linkSync, openSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { CodedError, errorText } from '@landbridge/runtime';
import { z } from 'zod';
import { SCHEMA_VERSION, versionOf } from './schema.ts';

/** More pages than any file has: one step sees one consistent state of the file, even during writes. */
const ALL_PAGES = 2 ** 31 - 1;

export interface Checked {
  /** Of the schema. */
  version: number;
}

/**
 * Copies the current database to a new file, also while a hub runs, and verifies the copy. The file appears only when it is complete.
 * @throws CodedError BACKUP_TARGET_EXISTS, BACKUP_FAILED, BACKUP_INVALID if the copy is damaged
 */
export async function copyDatabase(from: string, to: string): Promise<Checked> {
  if (existsSync(to)) throw targetExists(to);
  const unfinished = `${to}.unfinished-${process.pid}`;
  try {
    const database = new DatabaseSync(from, { readOnly: true });
    try {
      // Created before SQLite does, with these permissions: it will hold private keys.
      closeSync(openSync(unfinished, 'wx', 0o600));
      await backup(database, unfinished, { rate: ALL_PAGES });
    } finally {
      database.close();
    }
    intoOneFile(unfinished);
    const checked = checkDatabase(unfinished);
    publish(unfinished, to);
    return checked;
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    throw new CodedError('BACKUP_FAILED', `${from} could not be copied to ${to}: ${errorText(cause)}`, {
      cause,
      action: 'Check that the folder exists, that this account can write to it, and that it has enough free space.',
    });
  } finally {
    rmSync(unfinished, { force: true });
  }
}

/**
 * Verifies that a file is an undamaged database of a hub, of this version or an older one. The file is not changed.
 * @throws CodedError BACKUP_INVALID
 */
export function checkDatabase(path: string): Checked {
  let version: number;
  let problems: string[];
  try {
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      version = versionOf(database);
      const rows = database.prepare('PRAGMA integrity_check(3)').all();
      problems = rows.map((row) => z.object({ integrity_check: z.string() }).parse(row).integrity_check).filter((text) => text !== 'ok');
      if (problems.length === 0 && version > 0) database.prepare('SELECT count(*) FROM connections').get();
    } finally {
      database.close();
    }
  } catch (cause) {
    throw invalid(path, 'it cannot be read as a database of a hub', cause);
  }
  if (problems.length > 0) throw invalid(path, `it is damaged (${problems.join('; ')})`);
  if (version === 0) throw invalid(path, 'it holds no tables of a hub');
  if (version > SCHEMA_VERSION) {
    throw invalid(path, `a newer version of the hub wrote it (schema ${version}; this program knows ${SCHEMA_VERSION})`);
  }
  return { version };
}

/**
 * Copies a file before its migration to another version; there is one such copy per version.
 * @returns its path @throws if it cannot be made: the migration must not continue without it
 */
export function keepBeforeMigration(database: DatabaseSync, path: string): string {
  const kept = `${path}.schema-${versionOf(database)}`;
  if (existsSync(kept)) return kept;
  const unfinished = `${kept}.unfinished-${process.pid}`;
  try {
    // SQLite accepts an empty file, and keeps its permissions.
    closeSync(openSync(unfinished, 'wx', 0o600));
    database.prepare('VACUUM INTO ?').run(unfinished);
    publish(unfinished, kept);
  } catch (error) {
    // Another process that started at the same time was faster.
    if (!existsSync(kept)) throw error;
  } finally {
    rmSync(unfinished, { force: true });
  }
  return kept;
}

/** An open database in WAL mode has three files, and cannot be read in a read-only folder. */
function intoOneFile(path: string): void {
  const database = new DatabaseSync(path);
  try {
    database.exec('PRAGMA journal_mode = DELETE');
  } finally {
    database.close();
  }
}

/** Renames a finished file, unless the name exists by now. */
function publish(unfinished: string, to: string): void {
  toDisk(unfinished);
  try {
    linkSync(unfinished, to);
  } catch {
    if (existsSync(to)) throw targetExists(to);
    // File systems without hard links: never overwrite a file there either.
    copyFileSync(unfinished, to, constants.COPYFILE_EXCL);
    chmodSync(to, 0o600);
    toDisk(to);
  }
  if (process.platform !== 'win32') toDisk(dirname(to));
}

function toDisk(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function invalid(path: string, because: string, cause?: unknown): CodedError {
  return new CodedError('BACKUP_INVALID', `${path} cannot be used as the database of this hub: ${because}`, {
    cause,
    action: 'Use another backup, or the version of the program that wrote it.',
  });
}

function targetExists(path: string): CodedError {
  return new CodedError('BACKUP_TARGET_EXISTS', `${path} already exists and is not overwritten`, { action: 'Choose another name.' });
}
