/** Facts in SQLite. */
import type { FactStore } from '../facts.ts';
import { column, type Sql, tableOf } from './sql.ts';

const FACTS = tableOf('facts', { name: column.text, value: column.text });
const PUBLIC_URL = 'public_url';
const KEY_CHECK = 'key_check';

export function factStore({ one, insert }: Sql): FactStore {
  const set = (name: string, value: string) =>
    insert(FACTS, { name, value }, 'WHERE true ON CONFLICT (name) DO UPDATE SET value = excluded.value');
  const get = (name: string) => one(FACTS, 'WHERE name = ?', name)?.value;
  return {
    async setPublicUrl(url) {
      set(PUBLIC_URL, url);
    },
    publicUrl: async () => get(PUBLIC_URL),
    async setKeyCheck(check) {
      set(KEY_CHECK, check);
    },
    keyCheck: async () => get(KEY_CHECK),
  };
}
