/** Signing keys in SQLite. */
import { z } from 'zod';
import type { SigningKeyStore, StoredSigningKey } from '../signing-keys.ts';
import { column, type Sql, tableOf } from './sql.ts';

const SIGNING_KEYS = tableOf(
  'signing_keys',
  {
    kid: column.text,
    algorithm: z.enum(['RS256', 'ES256']),
    privateKeyPem: column.text,
    createdAt: column.date,
    signsFrom: column.date,
    retiresAt: column.optionalDate,
  },
  { fields: ['privateKeyPem'], by: ['kid'], ifLost: 'delete' },
);

export function signingKeyStore({ all, one, change, insert, transaction }: Sql): SigningKeyStore {
  /** @param condition for adding it */
  function add(key: StoredSigningKey, condition = 'true'): void {
    const upsert = 'ON CONFLICT (kid) DO UPDATE SET signs_from = excluded.signs_from, retires_at = excluded.retires_at';
    insert(SIGNING_KEYS, key, `WHERE ${condition} ${upsert}`);
  }

  return {
    async addSigningKey(key) {
      add(key, 'NOT EXISTS (SELECT 1 FROM signing_keys WHERE algorithm = $algorithm)');
      return one(SIGNING_KEYS, 'WHERE algorithm = ? ORDER BY created_at DESC, kid LIMIT 1', key.algorithm) ?? key;
    },
    async succeedSigningKey(next, retiresAt) {
      transaction(() => {
        change('UPDATE signing_keys SET retires_at = ? WHERE algorithm = ? AND retires_at IS NULL', retiresAt, next.algorithm);
        add(next);
      });
    },
    async replaceSigningKey(kid, replacement) {
      transaction(() => {
        add(replacement);
        change('DELETE FROM signing_keys WHERE kid = ?', kid);
      });
    },
    async removeRetiredSigningKeys(now) {
      change('DELETE FROM signing_keys WHERE retires_at <= ?', now);
    },
    signingKeys: async () => all(SIGNING_KEYS, 'ORDER BY signs_from, created_at, kid'),
  };
}
