/** Administrators, their second factors and sessions in SQLite. */
import { z } from 'zod';
import { ADMINISTRATOR_ROLES, type AdministratorStore } from '../administrators.ts';
import { column, type Sql, tableOf, viewOf } from './sql.ts';

const { text, number, date, bit, optionalText, optionalDate } = column;
const ADMINISTRATORS = tableOf(
  'administrators',
  {
    id: text,
    name: text,
    passwordHash: optionalText,
    totpSecret: optionalText,
    role: z.enum(ADMINISTRATOR_ROLES),
    issuer: optionalText,
    subject: optionalText,
    roleFromClaims: bit,
    createdAt: date,
    lastSignInAt: optionalDate,
  },
  { fields: ['passwordHash', 'totpSecret'], by: ['id'], ifLost: 'clear' },
);
const PASSKEYS = tableOf('administrator_passkeys', {
  id: text,
  administratorId: text,
  name: text,
  publicKey: z.instanceof(Uint8Array).transform((bytes) => new Uint8Array(bytes)),
  counter: number,
  createdAt: date,
  lastUsedAt: optionalDate,
});
const SESSIONS = tableOf(
  'administrator_sessions',
  {
    id: text,
    administratorId: text,
    stage: z.enum(['password', 'enrolling', 'full']),
    formToken: text,
    remoteAddress: optionalText,
    browser: optionalText,
    authenticatedAt: date,
    createdAt: date,
    lastSeenAt: date,
  },
  { fields: ['formToken'], by: ['id', 'administratorId'], ifLost: 'delete' },
);
const INVITATIONS = tableOf('administrator_invitations', { administratorId: text, hash: text, expiresAt: date });
const RECOVERY_CODES = viewOf('administrator_recovery_codes', { hash: text });

/** An owner with this hub's own password and second factor, who does not need the OpenID provider. */
const canSignIn = (name: string) => `(${name}.role = 'owner' AND ${name}.password_hash IS NOT NULL AND (${name}.totp_secret IS NOT NULL
  OR EXISTS (SELECT 1 FROM administrator_passkeys WHERE administrator_id = ${name}.id)))`;
/** Checked in the same statement as the change, so that of two owners who demote each other at the same time only one succeeds. */
const KEEPS_AN_OWNER = `(NOT ${canSignIn('administrators')}
  OR EXISTS (SELECT 1 FROM administrators AS other WHERE other.id <> administrators.id AND ${canSignIn('other')}))`;

export function administratorStore({ all, one, change, insert, seal, transaction }: Sql): AdministratorStore {
  return {
    addAdministrator: async (administrator) => insert(ADMINISTRATORS, administrator, 'WHERE true ON CONFLICT DO NOTHING'),
    administrators: async () => all(ADMINISTRATORS, 'ORDER BY name'),
    administratorById: async (id) => one(ADMINISTRATORS, 'WHERE id = ?', id),
    administratorByName: async (name) => one(ADMINISTRATORS, 'WHERE name = ?', name),
    changeAdministrator: async (id, changes) =>
      transaction(() => {
        if ('passwordHash' in changes) {
          const sealed = seal(ADMINISTRATORS, 'passwordHash', { id }, changes.passwordHash);
          change('UPDATE administrators SET password_hash = ? WHERE id = ?', sealed, id);
        }
        if ('totpSecret' in changes) {
          const sealed = seal(ADMINISTRATORS, 'totpSecret', { id }, changes.totpSecret);
          change('UPDATE administrators SET totp_secret = ?, totp_last_step = 0 WHERE id = ?', sealed, id);
        }
        if ('lastSignInAt' in changes) change('UPDATE administrators SET last_sign_in_at = ? WHERE id = ?', changes.lastSignInAt, id);
        return one(ADMINISTRATORS, 'WHERE id = ?', id) !== undefined;
      }),
    administratorByIdentity: async ({ issuer, subject }) => one(ADMINISTRATORS, 'WHERE issuer = ? AND subject = ?', issuer, subject),
    changeRole: async (id, role) =>
      change(`UPDATE administrators SET role = ?1 WHERE id = ?2 AND (?1 = 'owner' OR ${KEEPS_AN_OWNER})`, role, id) === 1,
    bindIdentity: async (id, identity) =>
      change('UPDATE OR IGNORE administrators SET issuer = ?, subject = ? WHERE id = ?', identity?.issuer, identity?.subject, id) === 1,
    removeAdministrator: async (id) => change(`DELETE FROM administrators WHERE id = ? AND ${KEEPS_AN_OWNER}`, id) === 1,

    async putInvitation(administratorId, hash, expiresAt) {
      const upsert = 'WHERE true ON CONFLICT (administrator_id) DO UPDATE SET hash = excluded.hash, expires_at = excluded.expires_at';
      insert(INVITATIONS, { administratorId, hash, expiresAt }, upsert);
    },
    invitationOwner: async (hash, now) => one(INVITATIONS, 'WHERE hash = ? AND expires_at > ?', hash, now)?.administratorId,
    async removeInvitation(administratorId) {
      change('DELETE FROM administrator_invitations WHERE administrator_id = ?', administratorId);
    },

    useTotpStep: async (administratorId, step) =>
      change('UPDATE administrators SET totp_last_step = ?1 WHERE id = ?2 AND totp_last_step < ?1', step, administratorId) === 1,
    async replaceRecoveryCodes(administratorId, hashes) {
      transaction(() => {
        change('DELETE FROM administrator_recovery_codes WHERE administrator_id = ?', administratorId);
        for (const hash of hashes) {
          change('INSERT INTO administrator_recovery_codes (administrator_id, hash) VALUES (?, ?)', administratorId, hash);
        }
      });
    },
    countRecoveryCodes: async (administratorId) => all(RECOVERY_CODES, 'WHERE administrator_id = ?', administratorId).length,
    takeRecoveryCode: async (administratorId, hash) =>
      change('DELETE FROM administrator_recovery_codes WHERE administrator_id = ? AND hash = ?', administratorId, hash) === 1,

    addPasskey: async (passkey) => insert(PASSKEYS, passkey, 'WHERE true ON CONFLICT (id) DO NOTHING'),
    passkeys: async (administratorId) => all(PASSKEYS, 'WHERE administrator_id = ? ORDER BY created_at, id', administratorId),
    passkey: async (id) => one(PASSKEYS, 'WHERE id = ?', id),
    async usePasskey(id, counter, at) {
      change('UPDATE administrator_passkeys SET counter = ?, last_used_at = ? WHERE id = ?', counter, at, id);
    },
    removePasskey: async (administratorId, id) =>
      change('DELETE FROM administrator_passkeys WHERE administrator_id = ? AND id = ?', administratorId, id) === 1,

    async addSession(hash, session) {
      insert(SESSIONS, session, '', { hash });
    },
    sessionByHash: async (hash) => one(SESSIONS, 'WHERE hash = ?', hash),
    sessions: async (administratorId) => all(SESSIONS, 'WHERE administrator_id = ? ORDER BY created_at DESC, id', administratorId),
    async touchSession(id, at) {
      change('UPDATE administrator_sessions SET last_seen_at = ? WHERE id = ?', at, id);
    },
    async confirmSession(id, at) {
      change('UPDATE administrator_sessions SET authenticated_at = ? WHERE id = ?', at, id);
    },
    removeSession: async (administratorId, id) =>
      change('DELETE FROM administrator_sessions WHERE administrator_id = ? AND id = ?', administratorId, id) === 1,
    async removeSessions(administratorId, exceptId) {
      change('DELETE FROM administrator_sessions WHERE administrator_id = ? AND id IS NOT ?', administratorId, exceptId);
    },
    async removeOldSessions(madeBefore, seenBefore) {
      change('DELETE FROM administrator_sessions WHERE created_at < ? OR last_seen_at < ?', madeBefore, seenBefore);
    },
  };
}
