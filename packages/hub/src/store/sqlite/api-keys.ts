/** API keys in SQLite. */
import { z } from 'zod';
import type { ApiKeyStore } from '../api-keys.ts';
import { column, type Sql } from './sql.ts';

const apiKeyRow = z.object({ id: z.string(), name: z.string(), createdAt: column.date, scope: z.enum(['operate', 'sign-in']) });

const API_KEYS = 'SELECT id, name, created_at AS createdAt, scope FROM api_keys';

export function apiKeyStore({ all, one, change }: Sql): ApiKeyStore {
  return {
    async addApiKey({ id, name, createdAt, scope }, hash) {
      change('INSERT INTO api_keys (id, name, created_at, scope, hash) VALUES (?, ?, ?, ?, ?)', id, name, createdAt.getTime(), scope, hash);
    },
    async apiKeyByHash(hash) {
      return one(apiKeyRow, `${API_KEYS} WHERE hash = ?`, hash);
    },
    async apiKeys() {
      return all(apiKeyRow, `${API_KEYS} ORDER BY created_at, id`);
    },
    async removeApiKey(id) {
      return change('DELETE FROM api_keys WHERE id = ?', id) === 1;
    },
  };
}
