/** Re-encrypts the secrets in SQLite when their key changes. */
import type { DatabaseSync } from 'node:sqlite';
import { z } from 'zod';
import { NEW_KEY_ACTION } from '../audit.ts';
import { createSealing, type Place, type Sealing } from '../sealing.ts';
import type { SecretStore } from '../secrets.ts';
import { appendAuditRecord, lastAuditRecord } from './audit.ts';
import { setKeyCheck } from './facts.ts';
import { openValue, SEALED_TABLES, type Sql, sealValue } from './sql.ts';

/** A table, its encrypted columns, and the columns that identify a row. */
export interface SealedColumns {
  name: string;
  columns: readonly string[];
  by: readonly string[];
}

const ROWS = z.array(z.record(z.string(), z.union([z.string(), z.number(), z.null(), z.instanceof(Uint8Array)])));

export function secretStore(sql: Sql, database: DatabaseSync, sealing: Sealing): SecretStore {
  return {
    async changeKey({ next, check, entry, seal, keptAuditKeys, isLost }) {
      const nextSealing = createSealing(next);
      sql.transaction(() => {
        for (const table of SEALED_TABLES) {
          if (!isLost) resealTable(database, table, (place, value) => openValue(sealing, place, value), nextSealing);
          else if (table.ifLost === 'delete') database.exec(`DELETE FROM ${table.name}`);
          else database.exec(`UPDATE ${table.name} SET ${table.columns.map((column) => `${column} = NULL`)}`);
        }
        setKeyCheck(sql, check);
        const last = lastAuditRecord(sql);
        if (last === undefined) return;
        const detail = [last.id, last.hash, ...(keptAuditKeys === undefined ? [] : [keptAuditKeys])].join(' ');
        appendAuditRecord(sql, { ...entry, action: NEW_KEY_ACTION, detail }, seal);
      });
      eraseFreePages(database);
      sql.close();
    },
  };
}

/** Encrypts a column's values again. @param open decrypts a stored value */
export function resealTable(
  database: DatabaseSync,
  { name, columns, by }: SealedColumns,
  open: (place: Place, value: unknown) => unknown,
  sealing: Sealing,
): void {
  const rows = ROWS.parse(database.prepare(`SELECT rowid AS rowid, ${[...by, ...columns]} FROM ${name}`).all());
  for (const column of columns) {
    const update = database.prepare(`UPDATE ${name} SET ${column} = ? WHERE rowid = ?`);
    for (const row of rows) {
      const place: Place = [name, column, ...by.map((part) => String(row[part]))];
      const value = open(place, row[column]);
      if (typeof value === 'string' || value instanceof Uint8Array) update.run(sealValue(sealing, place, value), row.rowid ?? null);
    }
  }
}

/** Old values would otherwise remain in free pages and the write-ahead log. */
export function eraseFreePages(database: DatabaseSync): void {
  database.exec('VACUUM; PRAGMA wal_checkpoint(TRUNCATE)');
}
