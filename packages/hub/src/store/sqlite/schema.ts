/** The tables of the SQLite store, and how a file of an older version becomes one of this version. */
import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { begin } from './steps/001-begin.ts';
import { connections } from './steps/002-connections.ts';

/** One step for each version; a step that was released is never changed again. */
const STEPS = [begin, connections];

/** @throws where the file was written by a newer version, or is no database */
export function migrate(database: DatabaseSync): void {
  if (versionOf(database) === STEPS.length) return;
  // IMMEDIATE: another process that starts at the same moment waits, and then finds the work done.
  database.exec('BEGIN IMMEDIATE');
  try {
    const version = versionOf(database);
    if (version > STEPS.length)
      throw new Error(`It has schema version ${version}; this program knows ${STEPS.length}. Use the newer program.`);
    for (const step of STEPS.slice(version)) database.exec(step);
    database.exec(`PRAGMA user_version = ${STEPS.length}; COMMIT`);
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}

function versionOf(database: DatabaseSync): number {
  return z.object({ user_version: z.number() }).parse(database.prepare('PRAGMA user_version').get()).user_version;
}
