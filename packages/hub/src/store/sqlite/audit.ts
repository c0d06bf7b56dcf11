/** The audit log in SQLite. */

import type { SQLInputValue } from 'node:sqlite';
import { setImmediate as turn } from 'node:timers/promises';
import { z } from 'zod';
import { type AuditEntry, type AuditFilter, type AuditRecord, type AuditSeal, type AuditStore, PRUNE_ACTION } from '../audit.ts';
import { column, type Sql } from './sql.ts';

const auditRow: z.ZodType<AuditRecord> = z.object({
  id: z.number(),
  at: column.date,
  actor: z.string(),
  action: z.string(),
  connection: column.optionalText,
  subject: column.optionalText,
  remoteAddress: column.optionalText,
  instance: column.optionalText,
  result: z.string(),
  correlationId: column.optionalText,
  detail: column.optionalText,
  hash: z.string(),
});
const place = z.object({ id: z.number(), hash: z.string() });

const RECORDS = `SELECT id, at, actor, action, connection, subject, remote_address AS remoteAddress, instance, result,
  correlation_id AS correlationId, detail, hash FROM audit_log`;

/** Deleting a year's records at once would block the hub for seconds. */
const DELETED_AT_ONCE = 5000;

interface Waiting {
  entry: AuditEntry;
  seal: AuditSeal;
  resolve(record: AuditRecord): void;
  reject(error: unknown): void;
}

export function auditStore({ all, one, change, transaction }: Sql): AuditStore {
  /** Of one turn of the event loop: with many simultaneous sign-ins, one transaction each would be a sixth of the hub's work. */
  let waiting: Waiting[] = [];

  function appendWaiting(): void {
    const together = waiting;
    waiting = [];
    try {
      const records = transaction(() => together.map(({ entry, seal }) => append(entry, seal)));
      for (const [n, record] of records.entries()) together[n]?.resolve(record);
    } catch (error) {
      for (const { reject } of together) reject(error);
    }
  }

  function append(entry: AuditEntry, seal: AuditSeal): AuditRecord {
    const last = one(place, 'SELECT id, hash FROM audit_log ORDER BY id DESC LIMIT 1');
    const id = (last?.id ?? 0) + 1;
    const hash = seal(last?.hash, id, entry);
    change(
      `INSERT INTO audit_log (id, at, actor, action, connection, subject, remote_address, instance, result, correlation_id, detail, hash)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      id,
      entry.at.getTime(),
      entry.actor,
      entry.action,
      entry.connection ?? null,
      entry.subject ?? null,
      entry.remoteAddress ?? null,
      entry.instance ?? null,
      entry.result,
      entry.correlationId ?? null,
      entry.detail ?? null,
      hash,
    );
    return { id, ...entry, hash };
  }

  return {
    appendAudit(entry, seal) {
      return new Promise((resolve, reject) => {
        if (waiting.push({ entry, seal, resolve, reject }) === 1) setImmediate(appendWaiting);
      });
    },
    async auditRecords(filter, limit) {
      const { where, values } = conditionsOf(filter);
      return all(auditRow, `${RECORDS} ${where} ORDER BY id DESC LIMIT ?`, ...values, limit);
    },
    async auditRecordsAfter(id, limit) {
      return all(auditRow, `${RECORDS} WHERE id > ? ORDER BY id LIMIT ?`, id, limit);
    },
    async pruneAudit(before, entry, seal) {
      const last = transaction(() => {
        // Clocks may be set back: all records after one that stays also stay.
        const kept = one(
          z.object({ id: z.number().nullable() }),
          'SELECT min(id) AS id FROM audit_log WHERE at >= ?',
          before.getTime(),
        )?.id;
        const found = one(place, 'SELECT id, hash FROM audit_log WHERE id < ? ORDER BY id DESC LIMIT 1', kept ?? Number.MAX_SAFE_INTEGER);
        if (found !== undefined) append({ ...entry, action: PRUNE_ACTION, detail: `${found.id} ${found.hash}` }, seal);
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
    ['at >= ?', filter.from?.getTime()],
    ['at < ?', filter.to?.getTime()],
    ['id < ?', filter.before],
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
