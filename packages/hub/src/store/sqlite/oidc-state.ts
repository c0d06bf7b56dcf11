/** Accounts and records of the OpenID provider in SQLite. */
import type { OidcAccount, OidcStateStore } from '../oidc-state.ts';
import { column, type Sql, tableOf } from './sql.ts';

const ACCOUNTS = tableOf('oidc_accounts', { subject: column.text, connectionId: column.text, claims: column.json, expiresAt: column.date });
const RECORDS = tableOf('oidc_records', {
  kind: column.text,
  key: column.text,
  payload: column.json,
  grantId: column.optionalText,
  uid: column.optionalText,
  consumedAt: column.optionalDate,
  expiresAt: column.date,
});

/** In characters: a hundred thousand users with dozens of groups each. */
const MAX_CLAIMS_PER_CONNECTION = 512 * 1024 * 1024;

export function oidcStateStore({ all, one, change, insert }: Sql, quota = MAX_CLAIMS_PER_CONNECTION): OidcStateStore {
  /** Characters written for each connection since its quota was last checked, which takes time. */
  const written = new Map<string, number>();

  function enforceQuota({ connectionId, claims }: OidcAccount): void {
    const length = (written.get(connectionId) ?? 0) + JSON.stringify(claims).length;
    written.set(connectionId, length);
    if (length < quota / 8) return;
    written.delete(connectionId);
    change(
      `DELETE FROM oidc_accounts WHERE subject IN (SELECT subject FROM (
         SELECT subject, sum(length(claims)) OVER (ORDER BY expires_at DESC, subject) AS total FROM oidc_accounts WHERE connection_id = ?)
       WHERE total > ?)`,
      connectionId,
      quota,
    );
  }

  return {
    async putOidcAccount(account) {
      const isKept = insert(
        ACCOUNTS,
        account,
        `FROM connections WHERE id = $connectionId
         ON CONFLICT (subject) DO UPDATE SET claims = excluded.claims, expires_at = excluded.expires_at`,
      );
      if (isKept) enforceQuota(account);
      return isKept;
    },
    oidcAccount: async (subject) => one(ACCOUNTS, 'WHERE subject = ?', subject),
    async removeOidcAccount(subject) {
      change('DELETE FROM oidc_accounts WHERE subject = ?', subject);
    },

    async putOidcRecord(record) {
      insert(
        RECORDS,
        record,
        `WHERE true ON CONFLICT (kind, key) DO UPDATE SET payload = excluded.payload, grant_id = excluded.grant_id, uid = excluded.uid,
         consumed_at = coalesce(consumed_at, excluded.consumed_at), expires_at = excluded.expires_at`,
      );
    },
    oidcRecord: async (kind, key) => one(RECORDS, 'WHERE kind = ? AND key = ?', kind, key),
    oidcRecordByUid: async (kind, uid) => one(RECORDS, 'WHERE kind = ? AND uid = ?', kind, uid),
    oidcRecordsOfGrant: async (kind, grantId) => all(RECORDS, 'WHERE kind = ? AND grant_id = ?', kind, grantId),
    consumeOidcRecord: async (kind, key, at, again) =>
      change(
        `UPDATE oidc_records SET consumed_at = coalesce(consumed_at, ?1), uses = uses + 1
         WHERE kind = ?2 AND key = ?3 AND (consumed_at IS NULL OR (consumed_at > ?4 AND uses < ?5))`,
        ...[at, kind, key, again?.since ?? at, again?.times ?? 0],
      ) === 1,
    async removeOidcRecord(kind, key) {
      change('DELETE FROM oidc_records WHERE kind = ? AND key = ?', kind, key);
    },
    async removeOidcRecordsOfGrant(kind, grantId) {
      change('DELETE FROM oidc_records WHERE kind = ? AND grant_id = ?', kind, grantId);
    },

    async removeExpiredOidcState(now, kind, keep) {
      change('DELETE FROM oidc_records WHERE expires_at <= ?', now);
      change('DELETE FROM oidc_accounts WHERE expires_at <= ?', now);
      change(
        'DELETE FROM oidc_records WHERE kind = ?1 AND key IN (SELECT key FROM oidc_records WHERE kind = ?1 ORDER BY expires_at DESC LIMIT -1 OFFSET ?2)',
        ...[kind, keep],
      );
    },
  };
}
