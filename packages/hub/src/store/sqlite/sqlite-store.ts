/** The store in one SQLite file (node:sqlite). Several processes may have it open: commands work while the hub runs. */
import { chmodSync, closeSync, openSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { setImmediate } from 'node:timers/promises';
import { CodedError } from '@landbridge/runtime';
import type { Store } from '../store.ts';
import { administratorStore } from './administrators.ts';
import { apiKeyStore } from './api-keys.ts';
import { auditStore } from './audit.ts';
import { cachedCredentialStore } from './cached-credentials.ts';
import { certificateStore } from './certificates.ts';
import { connectionStore } from './connections.ts';
import { keepBeforeMigration } from './copies.ts';
import { factStore } from './facts.ts';
import { frontChannelStore } from './front-channel.ts';
import { hubIdentityStore } from './hub-identity-keys.ts';
import { instanceStore } from './instances.ts';
import { oidcClientStore } from './oidc-clients.ts';
import { oidcKeyStore } from './oidc-keys.ts';
import { oidcStateStore } from './oidc-state.ts';
import { migrate } from './schema.ts';
import { signingKeyStore } from './signing-keys.ts';
import { sqlOn } from './sql.ts';
import { tryCodeStore } from './try-codes.ts';

/** A write waits this long for another process, whose writes take milliseconds. */
const BUSY_TIMEOUT_MS = 5000;

/**
 * @param path created if missing, readable by its owner only
 * @throws CodedError STORE_UNUSABLE if the file cannot be opened, is not a database, or is of a newer version
 */
export function openSqliteStore(path: string, { claimsQuota }: { claimsQuota?: number } = {}): Store {
  const sql = sqlOn(open(path), path);
  return {
    ...connectionStore(sql),
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
    async close() {
      // Pending audit records of this turn of the event loop are written first.
      await setImmediate();
      sql.close();
    },
  };
}

function open(path: string): DatabaseSync {
  try {
    // Created before SQLite does, with these permissions: it holds private keys. SQLite copies them to its side files.
    closeSync(openSync(path, 'a', 0o600));
    chmodSync(path, 0o600);
    const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true });
    try {
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
      migrate(database, () => keepBeforeMigration(database, path));
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  } catch (cause) {
    throw new CodedError('STORE_UNUSABLE', `The database ${path} cannot be used`, {
      cause,
      action: 'Check that this account can write the file and its folder. If the file is damaged, restore it from a backup.',
    });
  }
}
