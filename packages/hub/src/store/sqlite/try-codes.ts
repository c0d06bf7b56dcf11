/** One-time codes in SQLite. */
import type { TryCodeStore } from '../try-codes.ts';
import { column, type Sql, tableOf } from './sql.ts';

const CODES = tableOf('try_codes', { hash: column.text, connectionId: column.text, expiresAt: column.date });

export function tryCodeStore({ one, change, insert, transaction }: Sql): TryCodeStore {
  return {
    async addTryCode(hash, connectionId, expiresAt) {
      insert(CODES, { hash, connectionId, expiresAt });
    },
    takeTryCode: async (hash, now) =>
      transaction(() => {
        const found = one(CODES, 'WHERE hash = ? AND expires_at > ?', hash, now);
        // Removes unused expired codes as well.
        change('DELETE FROM try_codes WHERE hash = ? OR expires_at <= ?', hash, now);
        return found?.connectionId;
      }),
  };
}
