/** The audit log in SQLite. */

import type { SQLInputValue } from 'node:sqlite';
import { setImmediate as turn } from 'node:timers/promises';
import { z } from 'zod';
import { type AuditEntry, type AuditFilter, type AuditRecord, type AuditSeal, type AuditStore, PRUNE_ACTION } from '../audit.ts';
import { column, type Sql, tableOf, viewOf } from './sql.ts';

const RECORDS = tableOf('audit_log', {
  id: column.number,
  at: column.date,
  actor: column.text,
  action: column.text,
  connection: column.optionalText,
  subject: column.optionalText,
  remoteAddress: column.optionalText,
  instance: column.optionalText,
  result: column.text,
  correlationId: column.optionalText,
  detail: column.optionalText,
  hash: column.text,
});

const PLACES = viewOf('audit_log', { id: column.number, hash: column.text });

const VALUE = z.object({ value: column.text });
/** Each administrator and each API key is an actor. */
const MAX_VALUES = 500;
/** One text per record, so that it is compared only once. */
const ALL_TEXTS = ['subject', 'actor', 'action', 'result', 'connection', 'remote_address', 'instance', 'correlation_id', 'detail']
  .map((name) => `coalesce(${name}, '')`)
  .join(` || ' ' || `);

/** Deleting a year's records at once would block the hub for seconds. */
const DELETED_AT_ONCE = 5000;

interface Waiting {
  entry: AuditEntry;
  seal: AuditSeal;
  resolve(record: AuditRecord): void;
  reject(error: unknown): void;
}

export function lastAuditRecord({ one }: Sql): { id: number; hash: string } | undefined {
  return one(PLACES, 'ORDER BY id DESC LIMIT 1');
}

/** In a transaction. */
export function appendAuditRecord(sql: Sql, entry: AuditEntry, seal: AuditSeal): AuditRecord {
  const last = lastAuditRecord(sql);
  const id = (last?.id ?? 0) + 1;
  const record = { id, ...entry, hash: seal(last?.hash, id, entry) };
  sql.insert(RECORDS, record);
  return record;
}

export function auditStore(sql: Sql): AuditStore {
  const { all, one, change, transaction } = sql;
  /** Of one turn of the event loop: with many simultaneous sign-ins, one transaction each would be a sixth of the hub's work. */
  let waiting: Waiting[] = [];

  function appendWaiting(): void {
    const together = waiting;
    waiting = [];
    try {
      const records = transaction(() => together.map(({ entry, seal }) => appendAuditRecord(sql, entry, seal)));
      for (const [n, record] of records.entries()) together[n]?.resolve(record);
    } catch (error) {
      for (const { reject } of together) reject(error);
    }
  }

  return {
    appendAudit(entry, seal) {
      return new Promise((resolve, reject) => {
        if (waiting.push({ entry, seal, resolve, reject }) === 1) setImmediate(appendWaiting);
      });
    },
    async auditRecords(filter, limit) {
      const { where, values } = conditionsOf(filter);
      return all(RECORDS, `${where} ORDER BY id DESC LIMIT ?`, ...values, limit);
    },
    async auditValues(field) {
      // Jumps from one value to the next in the index: DISTINCT would read all of it.
      const select = `WITH RECURSIVE found (value) AS (
        SELECT min(${field}) FROM audit_log
        UNION ALL SELECT (SELECT min(${field}) FROM audit_log WHERE ${field} > found.value) FROM found WHERE found.value IS NOT NULL
      ) SELECT value FROM found`;
      return all({ select, row: VALUE }, 'WHERE value IS NOT NULL LIMIT ?', MAX_VALUES).map(({ value }) => value);
    },
    auditRecordsAfter: async (id, limit) => all(RECORDS, 'WHERE id > ? ORDER BY id LIMIT ?', id, limit),
    async pruneAudit(before, entry, seal) {
      const last = transaction(() => {
        // Clocks may be set back: all records after one that stays also stay.
        const kept = one(PLACES, 'WHERE at >= ? ORDER BY id LIMIT 1', before)?.id;
        const found = one(PLACES, 'WHERE id < ? ORDER BY id DESC LIMIT 1', kept ?? Number.MAX_SAFE_INTEGER);
        if (found !== undefined) appendAuditRecord(sql, { ...entry, action: PRUNE_ACTION, detail: `${found.id} ${found.hash}` }, seal);
        return found?.id ?? 0;
      });
      for (let removed = 0; ; await turn()) {
        const now = change(
          'DELETE FROM audit_log WHERE id IN (SELECT id FROM audit_log WHERE id <= ? ORDER BY id LIMIT ?)',
          last,
          DELETED_AT_ONCE,
        );
        removed += now;
        if (now < DELETED_AT_ONCE) return removed;
      }
    },
  };
}

function conditionsOf(filter: AuditFilter): { where: string; values: SQLInputValue[] } {
  const conditions: [string, SQLInputValue | undefined][] = [
    ['connection = ?', filter.connection],
    ['subject = ?', filter.subject],
    ['actor = ?', filter.actor],
    ['action = ?', filter.action],
    ['result = ?', filter.result],
    ['correlation_id = ?', filter.correlationId],
    ['instance = ?', filter.instance],
    ['at >= ?', filter.from?.getTime()],
    ['at < ?', filter.to?.getTime()],
    ['id < ?', filter.before],
    ['id > ?', filter.after],
    [`${ALL_TEXTS} LIKE ? ESCAPE '\\'`, filter.search === undefined ? undefined : `%${filter.search.replace(/[\\%_]/g, '\\$&')}%`],
  ];
  const texts: string[] = [];
  const values: SQLInputValue[] = [];
  for (const [text, value] of conditions) {
    if (value === undefined) continue;
    texts.push(text);
    values.push(value);
  }
  return { where: texts.length === 0 ? '' : `WHERE ${texts.join(' AND ')}`, values };
}
