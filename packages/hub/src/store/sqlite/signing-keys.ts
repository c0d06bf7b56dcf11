/** Signing keys in SQLite. */
import { z } from 'zod';
import type { SigningKeyStore, StoredSigningKey } from '../signing-keys.ts';
import { column, type Sql } from './sql.ts';

const signingKeyRow = z.object({
  kid: z.string(),
  algorithm: z.enum(['RS256', 'ES256']),
  privateKeyPem: z.string(),
  createdAt: column.date,
  signsFrom: column.date,
  retiresAt: column.optionalDate,
});

const SIGNING_KEYS = `SELECT kid, algorithm, private_key_pem AS privateKeyPem, created_at AS createdAt, signs_from AS signsFrom,
  retires_at AS retiresAt FROM signing_keys`;

export function signingKeyStore({ all, one, change, transaction }: Sql): SigningKeyStore {
  /** @param condition for adding it */
  function add(key: StoredSigningKey, condition = 'true'): void {
    change(
      `INSERT INTO signing_keys (kid, algorithm, private_key_pem, created_at, signs_from, retires_at)
       SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE ${condition}
       ON CONFLICT (kid) DO UPDATE SET signs_from = excluded.signs_from, retires_at = excluded.retires_at`,
      key.kid,
      key.algorithm,
      key.privateKeyPem,
      key.createdAt.getTime(),
      key.signsFrom.getTime(),
      key.retiresAt?.getTime() ?? null,
    );
  }

  return {
    async addSigningKey(key) {
      add(key, 'NOT EXISTS (SELECT 1 FROM signing_keys WHERE algorithm = ?2)');
      return one(signingKeyRow, `${SIGNING_KEYS} WHERE algorithm = ? ORDER BY created_at DESC, kid LIMIT 1`, key.algorithm) ?? key;
    },
    async succeedSigningKey(next, retiresAt) {
      transaction(() => {
        change('UPDATE signing_keys SET retires_at = ? WHERE algorithm = ? AND retires_at IS NULL', retiresAt.getTime(), next.algorithm);
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
      change('DELETE FROM signing_keys WHERE retires_at <= ?', now.getTime());
    },
    async signingKeys() {
      return all(signingKeyRow, `${SIGNING_KEYS} ORDER BY signs_from, created_at, kid`);
    },
  };
}
