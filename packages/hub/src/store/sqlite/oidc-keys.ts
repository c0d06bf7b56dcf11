/** Keys of the OpenID provider in SQLite. */
import { z } from 'zod';
import type { OidcKeyStore } from '../oidc-keys.ts';
import { column, type Sql, tableOf } from './sql.ts';

const KEYS = tableOf(
  'oidc_keys',
  {
    id: column.text,
    purpose: z.enum(['RS256', 'ES256', 'cookie']),
    secret: column.text,
    createdAt: column.date,
  },
  { fields: ['secret'], by: ['id', 'purpose'], ifLost: 'delete' },
);

export function oidcKeyStore({ all, one, change, insert, transaction }: Sql): OidcKeyStore {
  return {
    addFirstOidcKeys: async (keys) =>
      transaction(() => {
        if (one(KEYS, 'LIMIT 1') !== undefined) return false;
        for (const key of keys) insert(KEYS, key);
        return true;
      }),
    async addOidcKeys(keys) {
      transaction(() => {
        for (const key of keys) insert(KEYS, key);
      });
    },
    oidcKeys: async () => all(KEYS, 'ORDER BY created_at DESC, id'),
    async removeOidcKey(id) {
      change('DELETE FROM oidc_keys WHERE id = ?', id);
    },
  };
}
