/** One-time codes in SQLite. */
import { z } from 'zod';
import type { TryCodeStore } from '../try-codes.ts';
import type { Sql } from './sql.ts';

const code = z.object({ connectionId: z.string(), expiresAt: z.number() });

export function tryCodeStore({ one, change }: Sql): TryCodeStore {
  return {
    async addTryCode(hash, connectionId, expiresAt) {
      change('INSERT INTO try_codes (hash, connection_id, expires_at) VALUES (?, ?, ?)', hash, connectionId, expiresAt.getTime());
    },
    async takeTryCode(hash, now) {
      const taken = one(
        code,
        'DELETE FROM try_codes WHERE hash = ? RETURNING connection_id AS connectionId, expires_at AS expiresAt',
        hash,
      );
      // Removes unused expired codes as well.
      change('DELETE FROM try_codes WHERE expires_at <= ?', now.getTime());
      return taken !== undefined && taken.expiresAt > now.getTime() ? taken.connectionId : undefined;
    },
  };
}
