/** The tables of the SQLite store, and how a file of an older version becomes one of this version. */
import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';

/** One step for each version; a step that was released is never changed again. Times are epoch milliseconds. */
const STEPS = [
  `CREATE TABLE connections (
     id TEXT PRIMARY KEY,
     name TEXT NOT NULL UNIQUE,
     created_at INTEGER NOT NULL,
     ticket_hash TEXT NOT NULL UNIQUE
   ) STRICT;
   CREATE TABLE certificates (
     connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
     thumbprint TEXT NOT NULL,
     pem TEXT NOT NULL,
     reads_jwks INTEGER NOT NULL,
     agent_version TEXT,
     registered_at INTEGER NOT NULL,
     PRIMARY KEY (connection_id, thumbprint)
   ) STRICT;
   CREATE TABLE signing_keys (
     kid TEXT PRIMARY KEY,
     algorithm TEXT NOT NULL UNIQUE,
     private_key_pem TEXT NOT NULL,
     created_at INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE api_keys (
     id TEXT PRIMARY KEY,
     name TEXT NOT NULL,
     created_at INTEGER NOT NULL,
     hash TEXT NOT NULL UNIQUE
   ) STRICT;
   CREATE TABLE try_codes (
     hash TEXT PRIMARY KEY,
     connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
     expires_at INTEGER NOT NULL
   ) STRICT;
   CREATE TABLE facts (
     name TEXT PRIMARY KEY,
     value TEXT NOT NULL
   ) STRICT;`,
];

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
