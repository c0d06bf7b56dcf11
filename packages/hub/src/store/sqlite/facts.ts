/** Facts in SQLite. */
import type { FactStore } from '../facts.ts';
import { column, type Sql, tableOf } from './sql.ts';

const FACTS = tableOf('facts', { name: column.text, value: column.text });
const PUBLIC_URL = 'public_url';

export function factStore({ one, insert }: Sql): FactStore {
  return {
    async setPublicUrl(value) {
      insert(FACTS, { name: PUBLIC_URL, value }, 'WHERE true ON CONFLICT (name) DO UPDATE SET value = excluded.value');
    },
    publicUrl: async () => one(FACTS, 'WHERE name = ?', PUBLIC_URL)?.value,
  };
}
