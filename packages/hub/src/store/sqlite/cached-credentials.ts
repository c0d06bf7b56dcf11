/** Cached credentials in SQLite. */
import { z } from 'zod';
import type { CachedCredential, CachedCredentialStore } from '../cached-credentials.ts';
import { column, type Sql } from './sql.ts';

const cachedRow: z.ZodType<CachedCredential> = z.object({
  connectionId: z.string(),
  userId: z.string(),
  salt: z.instanceof(Uint8Array),
  sealed: z.instanceof(Uint8Array),
  verifiedAt: column.date,
});

export function cachedCredentialStore({ one, change, transaction }: Sql): CachedCredentialStore {
  return {
    async putCachedCredential({ connectionId, userId, salt, sealed, verifiedAt }, nameHash, maxNames) {
      return transaction(() => {
        const stored = change(
          `INSERT INTO cached_credentials (connection_id, user_id, salt, sealed, verified_at)
           SELECT id, ?2, ?3, ?4, ?5 FROM connections
           WHERE id = ?1 AND enabled = 1 AND coalesce(json_extract(settings, '$.credentialCache'), 1) = 1
           ON CONFLICT (connection_id, user_id)
           DO UPDATE SET salt = excluded.salt, sealed = excluded.sealed, verified_at = excluded.verified_at`,
          connectionId,
          userId,
          salt,
          sealed,
          verifiedAt.getTime(),
        );
        if (stored === 0) return false;
        change(
          `INSERT INTO cached_credential_names (connection_id, name_hash, user_id, seen_at) VALUES (?, ?, ?, ?)
           ON CONFLICT (connection_id, name_hash) DO UPDATE SET user_id = excluded.user_id, seen_at = excluded.seen_at`,
          connectionId,
          nameHash,
          userId,
          verifiedAt.getTime(),
        );
        change(
          `DELETE FROM cached_credential_names WHERE connection_id = ?1 AND user_id = ?2 AND name_hash NOT IN
           (SELECT name_hash FROM cached_credential_names WHERE connection_id = ?1 AND user_id = ?2
            ORDER BY seen_at DESC, rowid DESC LIMIT ?3)`,
          connectionId,
          userId,
          maxNames,
        );
        return true;
      });
    },
    async cachedCredential(connectionId, nameHash) {
      return one(
        cachedRow,
        `SELECT connection_id AS connectionId, user_id AS userId, salt, sealed, verified_at AS verifiedAt
         FROM cached_credential_names JOIN cached_credentials USING (connection_id, user_id)
         WHERE connection_id = ? AND name_hash = ?`,
        connectionId,
        nameHash,
      );
    },
    async removeCachedCredential(connectionId, user) {
      if ('userId' in user) {
        return change('DELETE FROM cached_credentials WHERE connection_id = ? AND user_id = ?', connectionId, user.userId) === 1;
      }
      return (
        change(
          `DELETE FROM cached_credentials WHERE connection_id = ?1 AND user_id =
           (SELECT user_id FROM cached_credential_names WHERE connection_id = ?1 AND name_hash = ?2)`,
          connectionId,
          user.nameHash,
        ) === 1
      );
    },
    async removeCachedCredentialsBefore(time) {
      return change('DELETE FROM cached_credentials WHERE verified_at < ?', time.getTime());
    },
  };
}
