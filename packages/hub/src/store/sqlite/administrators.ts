/** Administrators, their second factors and sessions in SQLite. */
import { z } from 'zod';
import type { AdministratorStore } from '../administrators.ts';
import { column, type Sql } from './sql.ts';

const administratorRow = z.object({
  id: z.string(),
  name: z.string(),
  passwordHash: column.optionalText,
  totpSecret: column.optionalText,
  createdAt: column.date,
  lastSignInAt: column.optionalDate,
});
const passkeyRow = z.object({
  id: z.string(),
  administratorId: z.string(),
  name: z.string(),
  publicKey: z.instanceof(Uint8Array).transform((bytes) => new Uint8Array(bytes)),
  counter: z.number(),
  createdAt: column.date,
  lastUsedAt: column.optionalDate,
});
const sessionRow = z.object({
  id: z.string(),
  administratorId: z.string(),
  stage: z.enum(['password', 'enrolling', 'full']),
  formToken: z.string(),
  remoteAddress: column.optionalText,
  browser: column.optionalText,
  createdAt: column.date,
  lastSeenAt: column.date,
});
const ownerRow = z.object({ administratorId: z.string() });
const countRow = z.object({ count: z.number() });

const ADMINISTRATORS = `SELECT id, name, password_hash AS passwordHash, totp_secret AS totpSecret, created_at AS createdAt,
  last_sign_in_at AS lastSignInAt FROM administrators`;
const PASSKEYS = `SELECT id, administrator_id AS administratorId, name, public_key AS publicKey, counter, created_at AS createdAt,
  last_used_at AS lastUsedAt FROM administrator_passkeys`;
const SESSIONS = `SELECT id, administrator_id AS administratorId, stage, form_token AS formToken, remote_address AS remoteAddress, browser,
  created_at AS createdAt, last_seen_at AS lastSeenAt FROM administrator_sessions`;

export function administratorStore({ all, one, change, transaction }: Sql): AdministratorStore {
  return {
    async addAdministrator({ id, name, passwordHash, totpSecret, createdAt, lastSignInAt }) {
      const values = [id, name, passwordHash ?? null, totpSecret ?? null, createdAt.getTime(), lastSignInAt?.getTime() ?? null];
      return (
        change(
          `INSERT INTO administrators (id, name, password_hash, totp_secret, created_at, last_sign_in_at) VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT (name) DO NOTHING`,
          ...values,
        ) === 1
      );
    },
    async administrators() {
      return all(administratorRow, `${ADMINISTRATORS} ORDER BY name`);
    },
    async administratorById(id) {
      return one(administratorRow, `${ADMINISTRATORS} WHERE id = ?`, id);
    },
    async administratorByName(name) {
      return one(administratorRow, `${ADMINISTRATORS} WHERE name = ?`, name);
    },
    async changeAdministrator(id, changes) {
      return transaction(() => {
        if ('passwordHash' in changes) change('UPDATE administrators SET password_hash = ? WHERE id = ?', changes.passwordHash ?? null, id);
        if ('totpSecret' in changes) {
          change('UPDATE administrators SET totp_secret = ?, totp_last_step = 0 WHERE id = ?', changes.totpSecret ?? null, id);
        }
        if ('lastSignInAt' in changes) {
          change('UPDATE administrators SET last_sign_in_at = ? WHERE id = ?', changes.lastSignInAt?.getTime() ?? null, id);
        }
        return one(countRow, 'SELECT count(*) AS count FROM administrators WHERE id = ?', id)?.count === 1;
      });
    },
    async removeAdministrator(id) {
      return change('DELETE FROM administrators WHERE id = ?', id) === 1;
    },

    async putInvitation(administratorId, hash, expiresAt) {
      change(
        `INSERT INTO administrator_invitations (administrator_id, hash, expires_at) VALUES (?, ?, ?)
         ON CONFLICT (administrator_id) DO UPDATE SET hash = excluded.hash, expires_at = excluded.expires_at`,
        administratorId,
        hash,
        expiresAt.getTime(),
      );
    },
    async invitationOwner(hash, now) {
      return one(
        ownerRow,
        'SELECT administrator_id AS administratorId FROM administrator_invitations WHERE hash = ? AND expires_at > ?',
        hash,
        now.getTime(),
      )?.administratorId;
    },
    async removeInvitation(administratorId) {
      change('DELETE FROM administrator_invitations WHERE administrator_id = ?', administratorId);
    },

    async useTotpStep(administratorId, step) {
      return change('UPDATE administrators SET totp_last_step = ? WHERE id = ? AND totp_last_step < ?', step, administratorId, step) === 1;
    },
    async replaceRecoveryCodes(administratorId, hashes) {
      transaction(() => {
        change('DELETE FROM administrator_recovery_codes WHERE administrator_id = ?', administratorId);
        for (const hash of hashes) {
          change('INSERT INTO administrator_recovery_codes (administrator_id, hash) VALUES (?, ?)', administratorId, hash);
        }
      });
    },
    async countRecoveryCodes(administratorId) {
      const row = one(countRow, 'SELECT count(*) AS count FROM administrator_recovery_codes WHERE administrator_id = ?', administratorId);
      return row?.count ?? 0;
    },
    async takeRecoveryCode(administratorId, hash) {
      return change('DELETE FROM administrator_recovery_codes WHERE administrator_id = ? AND hash = ?', administratorId, hash) === 1;
    },

    async addPasskey({ id, administratorId, name, publicKey, counter, createdAt, lastUsedAt }) {
      return (
        change(
          `INSERT INTO administrator_passkeys (id, administrator_id, name, public_key, counter, created_at, last_used_at)
           VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
          ...[id, administratorId, name, publicKey, counter, createdAt.getTime(), lastUsedAt?.getTime() ?? null],
        ) === 1
      );
    },
    async passkeys(administratorId) {
      return all(passkeyRow, `${PASSKEYS} WHERE administrator_id = ? ORDER BY created_at, id`, administratorId);
    },
    async passkey(id) {
      return one(passkeyRow, `${PASSKEYS} WHERE id = ?`, id);
    },
    async usePasskey(id, counter, at) {
      change('UPDATE administrator_passkeys SET counter = ?, last_used_at = ? WHERE id = ?', counter, at.getTime(), id);
    },
    async removePasskey(administratorId, id) {
      return change('DELETE FROM administrator_passkeys WHERE administrator_id = ? AND id = ?', administratorId, id) === 1;
    },

    async addSession(hash, { id, administratorId, stage, formToken, remoteAddress, browser, createdAt, lastSeenAt }) {
      change(
        `INSERT INTO administrator_sessions (hash, id, administrator_id, stage, form_token, remote_address, browser, created_at, last_seen_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        ...[hash, id, administratorId, stage, formToken, remoteAddress ?? null, browser ?? null, createdAt.getTime(), lastSeenAt.getTime()],
      );
    },
    async sessionByHash(hash) {
      return one(sessionRow, `${SESSIONS} WHERE hash = ?`, hash);
    },
    async sessions(administratorId) {
      return all(sessionRow, `${SESSIONS} WHERE administrator_id = ? ORDER BY created_at DESC, id`, administratorId);
    },
    async touchSession(id, at) {
      change('UPDATE administrator_sessions SET last_seen_at = ? WHERE id = ?', at.getTime(), id);
    },
    async removeSession(administratorId, id) {
      return change('DELETE FROM administrator_sessions WHERE administrator_id = ? AND id = ?', administratorId, id) === 1;
    },
    async removeSessions(administratorId, exceptId) {
      change('DELETE FROM administrator_sessions WHERE administrator_id = ? AND id IS NOT ?', administratorId, exceptId ?? null);
    },
    async removeOldSessions(madeBefore, seenBefore) {
      change('DELETE FROM administrator_sessions WHERE created_at < ? OR last_seen_at < ?', madeBefore.getTime(), seenBefore.getTime());
    },
  };
}
