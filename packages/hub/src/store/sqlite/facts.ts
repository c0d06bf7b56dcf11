/** Facts in SQLite. */
import { z } from 'zod';
import type { FactStore } from '../facts.ts';
import type { Sql } from './sql.ts';

export function factStore({ one, change }: Sql): FactStore {
  return {
    async setPublicUrl(url) {
      change("INSERT INTO facts (name, value) VALUES ('public_url', ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value", url);
    },
    async publicUrl() {
      return one(z.object({ value: z.string() }), "SELECT value FROM facts WHERE name = 'public_url'")?.value;
    },
  };
}
