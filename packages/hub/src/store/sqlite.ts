/** The store in one SQLite file (node:sqlite). Several processes may have it open: commands work while the hub runs. */
import { chmodSync, closeSync, openSync } from 'node:fs';
import { DatabaseSync, type SQLOutputValue, type StatementSync } from 'node:sqlite';
import { CodedError } from '@landbridge/runtime';
import { z } from 'zod';
import { migrate } from './sqlite-schema.ts';
import type { Store } from './store.ts';

/** How long a write waits for another process's write; those take milliseconds. */
const BUSY_TIMEOUT_MS = 5000;

const date = z.number().transform((epochMs) => new Date(epochMs));
const connectionRow = z.object({ id: z.string(), name: z.string(), createdAt: date });
const certificateRow = z.object({
  thumbprint: z.string(),
  pem: z.string(),
  readsJwks: z.number().transform((bit) => bit === 1),
  agentVersion: z
    .string()
    .nullable()
    .transform((version) => version ?? undefined),
  registeredAt: date,
});
const signingKeyRow = z.object({ kid: z.string(), algorithm: z.enum(['RS256', 'ES256']), privateKeyPem: z.string(), createdAt: date });
const apiKeyRow = z.object({ id: z.string(), name: z.string(), createdAt: date });

const CONNECTION = 'id, name, created_at AS createdAt';

/**
 * @param path the file; made, readable by its owner only, where it is missing
 * @throws CodedError STORE_UNUSABLE where the file cannot be opened, is no database, or belongs to a newer version
 */
export function openSqliteStore(path: string): Store {
  const database = open(path);
  const statements = new Map<string, StatementSync>();

  /** Runs one statement; each is prepared once. */
  function sql<T>(text: string, run: (statement: StatementSync) => T): T {
    try {
      let statement = statements.get(text);
      if (statement === undefined) {
        statement = database.prepare(text);
        statements.set(text, statement);
      }
      return run(statement);
    } catch (cause) {
      throw new CodedError('STORE_FAILED', `The database ${path} did not do what was asked`, {
        cause,
        action: 'Look at the free space and the rights of its folder; restore it from a copy where it is damaged.',
      });
    }
  }
  const all = <T>(row: z.ZodType<T>, text: string, ...values: (string | number)[]): T[] =>
    sql(text, (statement) => statement.all(...values).map((found) => row.parse(found)));
  const one = <T>(row: z.ZodType<T>, text: string, ...values: (string | number)[]): T | undefined =>
    sql(text, (statement) => {
      const found: Record<string, SQLOutputValue> | undefined = statement.get(...values);
      return found === undefined ? undefined : row.parse(found);
    });
  /** @returns how many rows were changed */
  const change = (text: string, ...values: (string | number | null)[]): number =>
    sql(text, (statement) => Number(statement.run(...values).changes));

  return {
    async addConnection({ id, name, createdAt }, ticketHash) {
      return (
        change(
          'INSERT INTO connections (id, name, created_at, ticket_hash) VALUES (?, ?, ?, ?) ON CONFLICT (name) DO NOTHING',
          id,
          name,
          createdAt.getTime(),
          ticketHash,
        ) === 1
      );
    },
    async connections() {
      return all(connectionRow, `SELECT ${CONNECTION} FROM connections ORDER BY name`);
    },
    async connectionByName(name) {
      return one(connectionRow, `SELECT ${CONNECTION} FROM connections WHERE name = ?`, name);
    },
    async connectionByTicket(ticketHash) {
      return one(connectionRow, `SELECT ${CONNECTION} FROM connections WHERE ticket_hash = ?`, ticketHash);
    },
    async replaceTicket(connectionId, ticketHash) {
      return change('UPDATE connections SET ticket_hash = ? WHERE id = ?', ticketHash, connectionId) === 1;
    },
    async removeConnection(name) {
      return change('DELETE FROM connections WHERE name = ?', name) === 1;
    },

    async addCertificate(connectionId, { thumbprint, pem, readsJwks, agentVersion, registeredAt }, limit) {
      // One statement, so that two registrations at once cannot pass the limit together.
      const stored = change(
        `INSERT INTO certificates (connection_id, thumbprint, pem, reads_jwks, agent_version, registered_at)
         SELECT id, ?2, ?3, ?4, ?5, ?6 FROM connections WHERE id = ?1
         AND (SELECT count(*) FROM certificates WHERE connection_id = ?1 AND thumbprint <> ?2) < ?7
         ON CONFLICT (connection_id, thumbprint)
         DO UPDATE SET reads_jwks = min(reads_jwks, excluded.reads_jwks), agent_version = excluded.agent_version`,
        connectionId,
        thumbprint,
        pem,
        readsJwks ? 1 : 0,
        agentVersion ?? null,
        registeredAt.getTime(),
        limit,
      );
      if (stored === 1) return 'stored';
      return one(connectionRow, `SELECT ${CONNECTION} FROM connections WHERE id = ?`, connectionId) === undefined ? 'gone' : 'full';
    },
    async certificates(connectionId) {
      return all(
        certificateRow,
        `SELECT thumbprint, pem, reads_jwks AS readsJwks, agent_version AS agentVersion, registered_at AS registeredAt
         FROM certificates WHERE connection_id = ? ORDER BY registered_at, thumbprint`,
        connectionId,
      );
    },

    async addSigningKey(key) {
      change(
        'INSERT INTO signing_keys (kid, algorithm, private_key_pem, created_at) VALUES (?, ?, ?, ?) ON CONFLICT (algorithm) DO NOTHING',
        key.kid,
        key.algorithm,
        key.privateKeyPem,
        key.createdAt.getTime(),
      );
      return one(signingKeyRow, `${SIGNING_KEYS} WHERE algorithm = ?`, key.algorithm) ?? key;
    },
    async signingKeys() {
      return all(signingKeyRow, `${SIGNING_KEYS} ORDER BY created_at, kid`);
    },

    async addApiKey({ id, name, createdAt }, hash) {
      change('INSERT INTO api_keys (id, name, created_at, hash) VALUES (?, ?, ?, ?)', id, name, createdAt.getTime(), hash);
    },
    async apiKeyByHash(hash) {
      return one(apiKeyRow, 'SELECT id, name, created_at AS createdAt FROM api_keys WHERE hash = ?', hash);
    },
    async apiKeys() {
      return all(apiKeyRow, 'SELECT id, name, created_at AS createdAt FROM api_keys ORDER BY created_at, id');
    },
    async removeApiKey(id) {
      return change('DELETE FROM api_keys WHERE id = ?', id) === 1;
    },

    async addTryCode(hash, connectionId, expiresAt) {
      change('INSERT INTO try_codes (hash, connection_id, expires_at) VALUES (?, ?, ?)', hash, connectionId, expiresAt.getTime());
    },
    async takeTryCode(hash, now) {
      const code = z.object({ connectionId: z.string(), expiresAt: z.number() });
      const taken = one(
        code,
        'DELETE FROM try_codes WHERE hash = ? RETURNING connection_id AS connectionId, expires_at AS expiresAt',
        hash,
      );
      // Codes that nobody came for go at the same time.
      change('DELETE FROM try_codes WHERE expires_at <= ?', now.getTime());
      return taken !== undefined && taken.expiresAt > now.getTime() ? taken.connectionId : undefined;
    },

    async setPublicUrl(url) {
      change("INSERT INTO facts (name, value) VALUES ('public_url', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", url);
    },
    async publicUrl() {
      return one(z.object({ value: z.string() }), "SELECT value FROM facts WHERE name = 'public_url'")?.value;
    },

    async close() {
      statements.clear();
      if (database.isOpen) database.close();
    },
  };
}

const SIGNING_KEYS = 'SELECT kid, algorithm, private_key_pem AS privateKeyPem, created_at AS createdAt FROM signing_keys';

function open(path: string): DatabaseSync {
  try {
    // Made before SQLite does, with these rights: it holds private keys. SQLite gives its side files the rights of this one.
    closeSync(openSync(path, 'a', 0o600));
    chmodSync(path, 0o600);
    const database = new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS, enableForeignKeyConstraints: true });
    try {
      database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;');
      migrate(database);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  } catch (cause) {
    throw new CodedError('STORE_UNUSABLE', `The database ${path} cannot be used`, {
      cause,
      action: 'Check that the file and its folder can be written by this account; restore it from a copy where it is damaged.',
    });
  }
}
