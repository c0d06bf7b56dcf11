/** API keys in SQLite. */
import { z } from 'zod';
import type { ApiKeyStore } from '../api-keys.ts';
import { column, type Sql } from './sql.ts';

const apiKeyRow = z.object({ id: z.string(), name: z.string(), createdAt: column.date });

export function apiKeyStore({ all, one, change }: Sql): ApiKeyStore {
  return {
    async addApiKey({ id, name, createdAt }, hash) {
      change('INSERT INTO api_keys (id, name, created_at, hash) VALUES (?, ?, ?, ?)', id, name, createdAt.getTime(), hash);
    },
    async apiKeyByHash(hash) {
      return one(apiKeyRow, 'SELECT id, name, created_at AS createdAt FROM api_keys WHERE hash = ?', hash);
    },
    async apiKeys() {
      return all(apiKeyRow, 'SELECT id, name, created_at AS createdAt FROM api_keys ORDER BY created_at, id');
    },
    async removeApiKey(id) {
      return change('DELETE FROM api_keys WHERE id = ?', id) === 1;
    },
  };
}
