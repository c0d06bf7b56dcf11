/** API keys in SQLite. */
import { z } from 'zod';
import type { ApiKeyStore } from '../api-keys.ts';
import { column, type Sql, tableOf } from './sql.ts';

const API_KEYS = tableOf('api_keys', {
  id: column.text,
  name: column.text,
  createdAt: column.date,
  scope: z.enum(['operate', 'sign-in']),
  expiresAt: column.optionalDate,
  lastUsedAt: column.optionalDate,
});

export function apiKeyStore({ all, one, change, insert }: Sql): ApiKeyStore {
  return {
    async addApiKey(key, hash) {
      insert(API_KEYS, key, '', { hash });
    },
    apiKeyByHash: async (hash) => one(API_KEYS, 'WHERE hash = ?', hash),
    apiKeys: async () => all(API_KEYS, 'ORDER BY created_at, id'),
    async setApiKeyUsed(id, at) {
      change('UPDATE api_keys SET last_used_at = ? WHERE id = ?', at, id);
    },
    removeApiKey: async (id) => change('DELETE FROM api_keys WHERE id = ?', id) === 1,
  };
}
