/** Connections in SQLite. Their settings are one JSON text, because they are always read and written together. */
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

export function connectionStore({ all, one, change, insert }: Sql): ConnectionStore {
  return {
    addConnection: async (connection) => insert(CONNECTIONS, connection, 'WHERE true ON CONFLICT (name) DO NOTHING'),
    connections: async () => all(CONNECTIONS, 'ORDER BY name'),
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
