/** Facts in SQLite. */
import type { DatabaseSync } from 'node:sqlite';
import { parseJson } from '@landbridge/runtime';
import { z } from 'zod';
import type { FactStore } from '../facts.ts';
import { column, type Sql, tableOf } from './sql.ts';

const FACTS = tableOf('facts', { name: column.text, value: column.text });
const PUBLIC_URL = 'public_url';
const LOCAL_URL = 'local_url';
const KEY_CHECK = 'key_check';
const auditPositionOf = (target: string) => `audit_position ${target}`;
const uncheckedOf = (connectionId: string) => `credentials_unchecked_before ${connectionId}`;
const position = z.object({ id: z.int().min(0), hash: z.string(), upTo: z.int().optional() });
const PASSWORDS_UNTIL = 'administrator_passwords_until';

const set = ({ insert }: Sql, name: string, value: string) =>
  insert(FACTS, { name, value }, 'WHERE true ON CONFLICT (name) DO UPDATE SET value = excluded.value');

export function setKeyCheck(sql: Sql, check: string): void {
  set(sql, KEY_CHECK, check);
}

/** Reads the key check before a store is opened. @returns undefined also if there are no tables yet */
export function readKeyCheck(database: DatabaseSync): string | undefined {
  const table = database.prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'facts'").get();
  const found = table && database.prepare('SELECT value FROM facts WHERE name = ?').get(KEY_CHECK);
  return typeof found?.value === 'string' ? found.value : undefined;
}

export function factStore(sql: Sql): FactStore {
  return {
    async setPublicUrl(url) {
      set(sql, PUBLIC_URL, url);
    },
    publicUrl: async () => sql.one(FACTS, 'WHERE name = ?', PUBLIC_URL)?.value,
    async setLocalUrl(url) {
      set(sql, LOCAL_URL, url);
    },
    localUrl: async () => sql.one(FACTS, 'WHERE name = ?', LOCAL_URL)?.value,
    async credentialsUncheckedBefore(connectionId) {
      const stored = sql.one(FACTS, 'WHERE name = ?', uncheckedOf(connectionId))?.value;
      return stored === undefined || stored === '' ? undefined : new Date(stored);
    },
    async setCredentialsUncheckedBefore(connectionId, time) {
      set(sql, uncheckedOf(connectionId), time?.toISOString() ?? '');
    },
    auditPosition: async (target) => {
      const stored = sql.one(FACTS, 'WHERE name = ?', auditPositionOf(target))?.value;
      return stored === undefined ? undefined : position.safeParse(parseJson(stored)).data;
    },
    async setAuditPosition(target, next) {
      set(sql, auditPositionOf(target), JSON.stringify(next));
    },
    async setPasswordsAllowedUntil(at) {
      set(sql, PASSWORDS_UNTIL, at.toISOString());
    },
    async passwordsAllowedUntil() {
      const found = sql.one(FACTS, 'WHERE name = ?', PASSWORDS_UNTIL)?.value;
      return found === undefined ? undefined : new Date(found);
    },
  };
}
