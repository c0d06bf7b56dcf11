/** Connections in SQLite. Their settings are one JSON text, because they are always read and written together. */
import { z } from 'zod';
import { keptConnectionSettings } from '../connection-settings.ts';
import type { ConnectionStore } from '../connections.ts';
import { column, type Sql, tableOf } from './sql.ts';

const CONNECTIONS = tableOf('connections', {
  id: column.text,
  name: column.text,
  createdAt: column.date,
  enabled: column.bit,
  settings: column.json.pipe(keptConnectionSettings),
});

const ACCEPTED = "revoked = 0 AND state <> 'revoked'";
const KNOWN = 'FROM instances JOIN certificates USING (connection_id, thumbprint) WHERE connection_id = connections.id';
/** A connector that is known by its address only may come from another one tomorrow, so those with one key count once. */
const WHO = "CASE WHEN identity LIKE 'address %' THEN thumbprint ELSE instances.id END";
const COUNTS = {
  select: `SELECT id, (SELECT count(*) ${KNOWN} AND ${ACCEPTED}) AS instances,
    (SELECT count(DISTINCT ${WHO}) ${KNOWN} AND revoked = 0 AND state = 'approved' AND drained = 0 AND last_seen_at >= ?) AS expected,
    (SELECT count(*) FROM certificates WHERE connection_id = connections.id AND state = 'pending') AS pendingKeys,
    (SELECT count(requested_endpoint) FROM certificates WHERE connection_id = connections.id) AS addressRequests FROM connections`,
  row: z.object({
    id: column.text,
    instances: column.number,
    expected: column.number,
    pendingKeys: column.number,
    addressRequests: column.number,
  }),
};

export function connectionStore({ all, one, change, insert }: Sql): ConnectionStore {
  return {
    addConnection: async (connection) => insert(CONNECTIONS, connection, 'WHERE true ON CONFLICT (name) DO NOTHING'),
    connections: async () => all(CONNECTIONS, 'ORDER BY name'),
    connectionCounts: async (seenSince) => new Map(all(COUNTS, '', seenSince).map(({ id, ...counts }) => [id, counts])),
    connectionById: async (id) => one(CONNECTIONS, 'WHERE id = ?', id),
    connectionByName: async (name) => one(CONNECTIONS, 'WHERE name = ?', name),
    async updateConnection(id, { enabled, settings }) {
      // One statement, so that two connections cannot get the same domain at the same time.
      const updated = change(
        `UPDATE connections SET enabled = ?1, settings = ?2 WHERE id = ?3 AND NOT EXISTS (
           SELECT 1 FROM connections AS other, json_each(other.settings, '$.emailDomains') AS taken, json_each(?2, '$.emailDomains') AS requested
           WHERE other.id <> ?3 AND taken.value = requested.value)`,
        ...[enabled, settings, id],
      );
      if (updated === 1) return 'updated';
      return one(CONNECTIONS, 'WHERE id = ?', id) === undefined ? 'not_found' : 'domain_taken';
    },
    removeConnection: async (name) => change('DELETE FROM connections WHERE name = ?', name) === 1,
  };
}
