/** The tables of the SQLite store, and how a file of an older version becomes one of this version. */
import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { begin } from './steps/001-begin.ts';
import { connections } from './steps/002-connections.ts';
import { connectors } from './steps/003-connectors.ts';
import { audit } from './steps/004-audit.ts';
import { cachedCredentials } from './steps/005-cached-credentials.ts';
import { oidc } from './steps/006-oidc.ts';
import { administrators } from './steps/007-administrators.ts';
import { frontChannel } from './steps/008-front-channel.ts';
import { keyScopes } from './steps/009-key-scopes.ts';

/** One step for each version; a step that was released is never changed again. */
const STEPS: readonly string[] = [begin, connections, connectors, audit, cachedCredentials, oidc, administrators, frontChannel, keyScopes];

/** Of files as this program writes them. */
export const SCHEMA_VERSION = STEPS.length;

/**
 * @param keep called with a file of an older version before it is changed
 * @throws where the file was written by a newer version, or is no database
 */
export function migrate(database: DatabaseSync, keep: () => void): void {
  const before = versionOf(database);
  if (before === STEPS.length) return;
  if (before > 0 && before < STEPS.length) keep();
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

export function versionOf(database: DatabaseSync): number {
  return z.object({ user_version: z.number() }).parse(database.prepare('PRAGMA user_version').get()).user_version;
}
