/** Accounts and records of the OpenID provider in SQLite. */
import { z } from 'zod';
import type { OidcStateStore } from '../oidc-state.ts';
import { column, type Sql } from './sql.ts';

const accountRow = z.object({ subject: z.string(), connectionId: z.string(), claims: column.json, expiresAt: column.date });
const recordRow = z.object({
  kind: z.string(),
  key: z.string(),
  payload: column.json,
  grantId: column.optionalText,
  uid: column.optionalText,
  consumedAt: column.optionalDate,
  expiresAt: column.date,
});

const RECORDS = 'SELECT kind, key, payload, grant_id AS grantId, uid, consumed_at AS consumedAt, expires_at AS expiresAt FROM oidc_records';

export function oidcStateStore({ one, change }: Sql): OidcStateStore {
  return {
    async putOidcAccount({ subject, connectionId, claims, expiresAt }) {
      return (
        change(
          `INSERT INTO oidc_accounts (subject, connection_id, claims, expires_at) SELECT ?, id, ?, ? FROM connections WHERE id = ?
           ON CONFLICT (subject) DO UPDATE SET claims = excluded.claims, expires_at = excluded.expires_at`,
          subject,
          JSON.stringify(claims),
          expiresAt.getTime(),
          connectionId,
        ) === 1
      );
    },
    async oidcAccount(subject) {
      return one(
        accountRow,
        'SELECT subject, connection_id AS connectionId, claims, expires_at AS expiresAt FROM oidc_accounts WHERE subject = ?',
        subject,
      );
    },
    async removeOidcAccount(subject) {
      change('DELETE FROM oidc_accounts WHERE subject = ?', subject);
    },

    async putOidcRecord({ kind, key, payload, grantId, uid, consumedAt, expiresAt }) {
      change(
        `INSERT INTO oidc_records (kind, key, payload, grant_id, uid, consumed_at, expires_at) VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (kind, key) DO UPDATE SET payload = excluded.payload, grant_id = excluded.grant_id, uid = excluded.uid,
         consumed_at = coalesce(consumed_at, excluded.consumed_at), expires_at = excluded.expires_at`,
        kind,
        key,
        JSON.stringify(payload),
        grantId ?? null,
        uid ?? null,
        consumedAt?.getTime() ?? null,
        expiresAt.getTime(),
      );
    },
    async oidcRecord(kind, key) {
      return one(recordRow, `${RECORDS} WHERE kind = ? AND key = ?`, kind, key);
    },
    async oidcRecordByUid(kind, uid) {
      return one(recordRow, `${RECORDS} WHERE kind = ? AND uid = ?`, kind, uid);
    },
    async consumeOidcRecord(kind, key, at) {
      return (
        change('UPDATE oidc_records SET consumed_at = ? WHERE kind = ? AND key = ? AND consumed_at IS NULL', at.getTime(), kind, key) === 1
      );
    },
    async removeOidcRecord(kind, key) {
      change('DELETE FROM oidc_records WHERE kind = ? AND key = ?', kind, key);
    },
    async removeOidcRecordsOfGrant(kind, grantId) {
      change('DELETE FROM oidc_records WHERE kind = ? AND grant_id = ?', kind, grantId);
    },

    async removeExpiredOidcState(now, kind, keep) {
      change('DELETE FROM oidc_records WHERE expires_at <= ?', now.getTime());
      change('DELETE FROM oidc_accounts WHERE expires_at <= ?', now.getTime());
      change(
        'DELETE FROM oidc_records WHERE kind = ?1 AND key IN (SELECT key FROM oidc_records WHERE kind = ?1 ORDER BY expires_at DESC LIMIT -1 OFFSET ?2)',
        kind,
        keep,
      );
    },
  };
}
