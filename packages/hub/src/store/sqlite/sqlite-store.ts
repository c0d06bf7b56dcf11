/** The store in one SQLite file (node:sqlite). Several processes may have it open: commands work while the hub runs. */
import { chmodSync, closeSync, existsSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import { CodedError, keepOwner } from '@landbridge/runtime';
import { createSealing, keyCheckOf, type Sealing, type SealingKey } from '../sealing.ts';
import type { Store } from '../store.ts';
import { administratorStore } from './administrators.ts';
import { alertStore } from './alerts.ts';
import { apiKeyStore } from './api-keys.ts';
import { auditStore } from './audit.ts';
import { cachedCredentialStore } from './cached-credentials.ts';
import { certificateStore } from './certificates.ts';
import { connectionStore } from './connections.ts';
import { keepBeforeMigration } from './copies.ts';
import { factStore, readKeyCheck, setKeyCheck } from './facts.ts';
import { frontChannelStore } from './front-channel.ts';
import { hubIdentityStore } from './hub-identity-keys.ts';
import { instanceStore } from './instances.ts';
import { oidcClientStore } from './oidc-clients.ts';
import { oidcKeyStore } from './oidc-keys.ts';
import { oidcStateStore } from './oidc-state.ts';
import { migrate } from './schema.ts';
import { secretStore } from './secrets.ts';
import { signInHistoryStore } from './sign-in-history.ts';
import { signingKeyStore } from './signing-keys.ts';
import { sqlOn } from './sql.ts';
import { ticketStore } from './tickets.ts';
import { tryCodeStore } from './try-codes.ts';

/** A write waits this long for another process, whose writes take milliseconds. */
const BUSY_TIMEOUT_MS = 5000;

/**
 * @param path created if missing, readable by its owner only
 * @param key encrypts the secrets
 * @param options.anyKey accepts a database that belongs to another key, for `changeKey`
 * @throws CodedError HUB_KEY_MISMATCH, without having changed anything
 * @throws CodedError DATABASE_NEWER
 * @throws CodedError STORE_UNUSABLE if the file cannot be opened or is not a database
 */
export function openSqliteStore(
  path: string,
  key: SealingKey,
  { claimsQuota, anyKey = false }: { claimsQuota?: number; anyKey?: boolean } = {},
): Store {
  const sealing = createSealing(key);
  const check = keyCheckOf(key);
  const { database, knownCheck } = open(path, sealing, anyKey ? undefined : check);
  const sql = sqlOn(database, path, sealing);
  if (knownCheck === undefined) setKeyCheck(sql, check);
  return {
    ...connectionStore(sql),
    ...ticketStore(sql),
    ...certificateStore(sql),
    ...instanceStore(sql),
    ...signingKeyStore(sql),
    ...hubIdentityStore(sql),
    ...apiKeyStore(sql),
    ...tryCodeStore(sql),
    ...factStore(sql),
    ...auditStore(sql),
    ...cachedCredentialStore(sql),
    ...oidcClientStore(sql),
    ...oidcKeyStore(sql),
    ...oidcStateStore(sql, claimsQuota),
    ...administratorStore(sql),
    ...frontChannelStore(sql),
    ...signInHistoryStore(sql),
    ...alertStore(sql),
    ...secretStore(sql, database, sealing),
    async close() {
      // Pending audit records of this turn of the event loop are written first.
      await setImmediate();
      sql.close();
    },
  };
}

function open(
  path: string,
  sealing: Sealing,
  expectedCheck: string | undefined,
): { database: DatabaseSync; knownCheck: string | undefined } {
  try {
    // Created before SQLite does, with these permissions: it holds private keys. SQLite copies them to its side files.
    const isNew = !existsSync(path);
    closeSync(openSync(path, 'a', 0o600));
    if (isNew) keepOwner(path, dirname(path));
    chmodSync(path, 0o600);
    const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true });
    try {
      const knownCheck = readKeyCheck(database);
      if (knownCheck !== undefined && expectedCheck !== undefined && knownCheck !== expectedCheck) throw anotherKey();
      // Removed and replaced values must not stay in free pages.
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON;');
      migrate(database, sealing, () => keepBeforeMigration(database, path));
      return { database, knownCheck };
    } catch (error) {
      database.close();
      throw error;
    }
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    throw new CodedError('STORE_UNUSABLE', `The database ${path} cannot be used`, {
      cause,
      action: 'Check that this account can write the file and its folder. If the file is damaged, restore it from a backup.',
    });
  }
}

/** Whether a database contains secrets and so needs its own key. Also false if it cannot be read. */
export function needsItsKey(path: string): boolean {
  if (!existsSync(path)) return false;
  try {
    const database = new DatabaseSync(path, { readOnly: true });
    try {
      return readKeyCheck(database) !== undefined;
    } finally {
      database.close();
    }
  } catch {
    return false;
  }
}

function anotherKey(): CodedError {
  return new CodedError('HUB_KEY_MISMATCH', 'The key in hub.key, HUB_KEY or the credential is not the key of this database', {
    action:
      'Use the key of this hub; commands need the same key as the service. If hub.key.next exists, a rotation was interrupted: rename it to hub.key. If the key is lost, run "landbridge-hub hub-key reset", which removes the secrets that only it can decrypt.',
  });
}
