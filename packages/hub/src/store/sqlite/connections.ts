/** Connections in SQLite. Their settings are one JSON text, because they are always read and written together. */
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { keptConnectionSettings } from '../connection-settings.ts';
import type { ConnectionStore } from '../connections.ts';
import { column, type Sql } from './sql.ts';

const connectionRow = z.object({
  id: z.string(),
  name: z.string(),
  createdAt: column.date,
  enabled: column.bit,
  ticketIssuedAt: column.optionalDate,
  settings: z.string().transform((text) => keptConnectionSettings.parse(JSON.parse(text))),
});

const CONNECTION = 'SELECT id, name, created_at AS createdAt, enabled, ticket_issued_at AS ticketIssuedAt, settings FROM connections';

export function connectionStore({ all, one, change }: Sql): ConnectionStore {
  return {
    async addConnection({ id, name, createdAt, enabled, ticketIssuedAt, settings }, ticketHash) {
      return (
        change(
          `INSERT INTO connections (id, name, created_at, ticket_hash, ticket_issued_at, enabled, settings) VALUES (?, ?, ?, ?, ?, ?, ?)
           ON CONFLICT (name) DO NOTHING`,
          id,
          name,
          createdAt.getTime(),
          ticketHash,
          ticketIssuedAt?.getTime() ?? null,
          enabled ? 1 : 0,
          JSON.stringify(settings),
        ) === 1
      );
    },
    async connections() {
      return all(connectionRow, `${CONNECTION} ORDER BY name`);
    },
    async connectionById(id) {
      return one(connectionRow, `${CONNECTION} WHERE id = ?`, id);
    },
    async connectionByName(name) {
      return one(connectionRow, `${CONNECTION} WHERE name = ?`, name);
    },
    async connectionByTicket(ticketHash) {
      return one(connectionRow, `${CONNECTION} WHERE ticket_hash = ?`, ticketHash);
    },
    async updateConnection(id, { enabled, settings }) {
      // One statement, so that two connections cannot get the same domain at the same time.
      const updated = change(
        `UPDATE connections SET enabled = ?1, settings = ?2 WHERE id = ?3 AND NOT EXISTS (
           SELECT 1 FROM connections AS other, json_each(other.settings, '$.emailDomains') AS taken, json_each(?2, '$.emailDomains') AS requested
           WHERE other.id <> ?3 AND taken.value = requested.value)`,
        enabled ? 1 : 0,
        JSON.stringify(settings),
        id,
      );
      if (updated === 1) return 'updated';
      return one(connectionRow, `${CONNECTION} WHERE id = ?`, id) === undefined ? 'gone' : 'domain_taken';
    },
    async replaceTicket(connectionId, ticket) {
      return (
        change(
          'UPDATE connections SET ticket_hash = ?, ticket_issued_at = ? WHERE id = ?',
          // The column is unique and not null; no ticket has this hash.
          ticket?.hash ?? `none ${randomUUID()}`,
          ticket?.issuedAt.getTime() ?? null,
          connectionId,
        ) === 1
      );
    },
    async removeConnection(name) {
      return change('DELETE FROM connections WHERE name = ?', name) === 1;
    },
  };
}
