/** The tables of the SQLite store, and migrations from older versions. */
import type { DatabaseSync } from 'node:sqlite';
import { CodedError } from '@landbridge/runtime';
import { z } from 'zod';
import type { Sealing } from '../sealing.ts';
import { eraseFreePages } from './secrets.ts';
import { begin } from './steps/001-begin.ts';
import { keyScopes } from './steps/002-key-scopes.ts';
import { keyExpiry } from './steps/003-key-expiry.ts';
import { hubIdentity } from './steps/004-hub-identity.ts';
import { sealSecrets } from './steps/005-sealed-secrets.ts';
import { administratorRoles } from './steps/006-administrator-roles.ts';
import { keyPermissions } from './steps/007-key-permissions.ts';
import { clientScopes } from './steps/008-client-scopes.ts';
import { enrolment } from './steps/009-enrolment.ts';
import { requestKeys } from './steps/010-request-keys.ts';
import { clientOptions } from './steps/011-client-options.ts';
import { lists } from './steps/012-lists.ts';
import { signInHistory } from './steps/013-sign-in-history.ts';
import { alertTables } from './steps/014-alerts.ts';

/** SQL statements, or a function. */
type Step = string | ((database: DatabaseSync, sealing: Sealing) => void);

/** One step per version; released steps never change. */
const STEPS: readonly Step[] = [
  begin,
  keyScopes,
  keyExpiry,
  hubIdentity,
  sealSecrets,
  administratorRoles,
  keyPermissions,
  clientScopes,
  enrolment,
  requestKeys,
  clientOptions,
  lists,
  signInHistory,
  alertTables,
];

/** The version this program writes. */
export const SCHEMA_VERSION = STEPS.length;

/**
 * @param keep called with a file of an older version before the migration
 * @throws CodedError DATABASE_NEWER; or if the file is not a database
 */
export function migrate(database: DatabaseSync, sealing: Sealing, keep: () => void): void {
  const before = versionOf(database);
  if (before === STEPS.length) return;
  if (before > 0 && before < STEPS.length) keep();
  // IMMEDIATE: another process that starts at the same time waits, and then finds the migration done.
  database.exec('BEGIN IMMEDIATE');
  try {
    const version = versionOf(database);
    if (version > STEPS.length) {
      throw new CodedError('DATABASE_NEWER', `A newer hub wrote the database (schema ${version}; this program knows ${STEPS.length})`, {
        action: `Install the newer hub again. To go back, run "landbridge-hub restore" with hub.sqlite.schema-${STEPS.length}, the copy from before the upgrade; later changes are lost.`,
      });
    }
    for (const step of STEPS.slice(version)) {
      if (typeof step === 'string') database.exec(step);
      else step(database, sealing);
    }
    database.exec(`PRAGMA user_version = ${STEPS.length}; COMMIT`);
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
  if (before > 0) eraseFreePages(database);
}

export function versionOf(database: DatabaseSync): number {
  return z.object({ user_version: z.number() }).parse(database.prepare('PRAGMA user_version').get()).user_version;
}
