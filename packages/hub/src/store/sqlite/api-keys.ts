/** API keys in SQLite. */
import { z } from 'zod';
import { API_SCOPE_NAMES, type ApiKeyStore } from '../api-keys.ts';
import { column, type Sql, tableOf } from './sql.ts';

const API_KEYS = tableOf('api_keys', {
  id: column.text,
  name: column.text,
  createdAt: column.date,
  scopes: column.list.pipe(z.array(z.enum(API_SCOPE_NAMES))),
  connectionIds: column.optionalList,
  addresses: column.list,
  expiresAt: column.optionalDate,
  lastUsedAt: column.optionalDate,
  lastUsedFrom: column.optionalText,
});

export function apiKeyStore({ all, one, change, insert }: Sql): ApiKeyStore {
  return {
    async addApiKey(key, hash) {
      insert(API_KEYS, key, '', { hash });
    },
    apiKeyByHash: async (hash) => one(API_KEYS, 'WHERE hash = ?', hash),
    apiKeys: async () => all(API_KEYS, 'ORDER BY created_at, id'),
    async setApiKeyUsed(id, at, from) {
      change('UPDATE api_keys SET last_used_at = ?, last_used_from = ? WHERE id = ?', at, from, id);
    },
    updateApiKey: async ({ id, name, scopes, connectionIds, addresses, expiresAt }) =>
      change(
        'UPDATE api_keys SET name = ?, scopes = ?, connection_ids = ?, addresses = ?, expires_at = ? WHERE id = ?',
        ...[name, scopes, connectionIds, addresses, expiresAt, id],
      ) === 1,
    removeApiKey: async (id) => change('DELETE FROM api_keys WHERE id = ?', id) === 1,
  };
}
