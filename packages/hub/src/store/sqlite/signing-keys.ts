/** Signing keys in SQLite. */
import { z } from 'zod';
import type { SigningKeyStore } from '../signing-keys.ts';
import { column, type Sql } from './sql.ts';

const signingKeyRow = z.object({
  kid: z.string(),
  algorithm: z.enum(['RS256', 'ES256']),
  privateKeyPem: z.string(),
  createdAt: column.date,
});

const SIGNING_KEYS = 'SELECT kid, algorithm, private_key_pem AS privateKeyPem, created_at AS createdAt FROM signing_keys';

export function signingKeyStore({ all, one, change }: Sql): SigningKeyStore {
  return {
    async addSigningKey(key) {
      change(
        'INSERT INTO signing_keys (kid, algorithm, private_key_pem, created_at) VALUES (?, ?, ?, ?) ON CONFLICT (algorithm) DO NOTHING',
        key.kid,
        key.algorithm,
        key.privateKeyPem,
        key.createdAt.getTime(),
      );
      return one(signingKeyRow, `${SIGNING_KEYS} WHERE algorithm = ?`, key.algorithm) ?? key;
    },
    async signingKeys() {
      return all(signingKeyRow, `${SIGNING_KEYS} ORDER BY created_at, kid`);
    },
  };
}
