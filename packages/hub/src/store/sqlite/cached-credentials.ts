/** Cached credentials in SQLite. */
import { z } from 'zod';
import type { CachedCredentialStore } from '../cached-credentials.ts';
import { column, type Sql, tableOf, viewOf } from './sql.ts';

/** Values sealed with the user's password are sealed again with the hub's key, so a stolen database does not even allow password guessing. */
const CREDENTIALS = tableOf(
  'cached_credentials',
  {
    connectionId: column.text,
    userId: column.text,
    salt: z.instanceof(Uint8Array),
    sealed: z.instanceof(Uint8Array),
    verifiedAt: column.date,
  },
  { fields: ['sealed'], by: ['connectionId', 'userId'], ifLost: 'delete' },
);
const NAMES = tableOf('cached_credential_names', {
  connectionId: column.text,
  nameHash: column.text,
  userId: column.text,
  seenAt: column.date,
});
const USERS = viewOf('cached_credentials', { userId: column.text, verifiedAt: column.date });
const OF_NAME =
  'connection_id = ?1 AND user_id = (SELECT user_id FROM cached_credential_names WHERE connection_id = ?1 AND name_hash = ?2)';

export function cachedCredentialStore({ all, one, change, insert, transaction }: Sql): CachedCredentialStore {
  return {
    putCachedCredential: async (credential, nameHash, maxNames) =>
      transaction(() => {
        const stored = insert(
          CREDENTIALS,
          credential,
          `FROM connections WHERE id = $connectionId AND enabled = 1 AND coalesce(json_extract(settings, '$.credentialCache'), 1) = 1
           ON CONFLICT (connection_id, user_id)
           DO UPDATE SET salt = excluded.salt, sealed = excluded.sealed, verified_at = excluded.verified_at`,
        );
        if (!stored) return false;
        const { connectionId, userId, verifiedAt } = credential;
        insert(
          NAMES,
          { connectionId, nameHash, userId, seenAt: verifiedAt },
          'WHERE true ON CONFLICT (connection_id, name_hash) DO UPDATE SET user_id = excluded.user_id, seen_at = excluded.seen_at',
        );
        change(
          `DELETE FROM cached_credential_names WHERE connection_id = ?1 AND user_id = ?2 AND name_hash NOT IN
           (SELECT name_hash FROM cached_credential_names WHERE connection_id = ?1 AND user_id = ?2
            ORDER BY seen_at DESC, rowid DESC LIMIT ?3)`,
          ...[connectionId, userId, maxNames],
        );
        return true;
      }),
    cachedCredential: async (connectionId, nameHash) => one(CREDENTIALS, `WHERE ${OF_NAME}`, connectionId, nameHash),
    cachedCredentialUsers: async (connectionId, after, limit) =>
      all(USERS, 'WHERE connection_id = ? AND user_id > ? ORDER BY user_id LIMIT ?', connectionId, after, limit),
    removeCachedCredential: async (connectionId, user) =>
      'userId' in user
        ? change('DELETE FROM cached_credentials WHERE connection_id = ? AND user_id = ?', connectionId, user.userId) === 1
        : change(`DELETE FROM cached_credentials WHERE ${OF_NAME}`, connectionId, user.nameHash) === 1,
    removeCachedCredentialsBefore: async (time) => change('DELETE FROM cached_credentials WHERE verified_at < ?', time),
  };
}
