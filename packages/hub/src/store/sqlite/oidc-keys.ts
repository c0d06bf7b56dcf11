/** Keys of the OpenID provider in SQLite. */
import { z } from 'zod';
import type { OidcKey, OidcKeyStore } from '../oidc-keys.ts';
import { column, type Sql } from './sql.ts';

const keyRow = z.object({ id: z.string(), purpose: z.enum(['RS256', 'ES256', 'cookie']), secret: z.string(), createdAt: column.date });

export function oidcKeyStore({ all, one, change, transaction }: Sql): OidcKeyStore {
  function add(keys: readonly OidcKey[]): void {
    for (const { id, purpose, secret, createdAt } of keys) {
      change('INSERT INTO oidc_keys (id, purpose, secret, created_at) VALUES (?, ?, ?, ?)', id, purpose, secret, createdAt.getTime());
    }
  }
  return {
    async addFirstOidcKeys(keys) {
      return transaction(() => {
        if (one(z.object({ id: z.string() }), 'SELECT id FROM oidc_keys LIMIT 1') !== undefined) return false;
        add(keys);
        return true;
      });
    },
    async addOidcKeys(keys) {
      transaction(() => add(keys));
    },
    async oidcKeys() {
      return all(keyRow, 'SELECT id, purpose, secret, created_at AS createdAt FROM oidc_keys ORDER BY created_at DESC, id');
    },
    async removeOidcKey(id) {
      change('DELETE FROM oidc_keys WHERE id = ?', id);
    },
  };
}
