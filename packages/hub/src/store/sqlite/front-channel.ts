/** Sign-ins on the front channel, and used assertions, in SQLite. */
import { z } from 'zod';
import type { FrontChannelStore } from '../front-channel.ts';
import { column, type Sql } from './sql.ts';

const signInRow = z.object({
  interaction: z.string(),
  connectionId: z.string(),
  secretHash: z.string(),
  payload: column.json,
  expiresAt: column.date,
});

export function frontChannelStore({ one, change }: Sql): FrontChannelStore {
  return {
    async putFrontChannelSignIn({ interaction, connectionId, secretHash, payload, expiresAt }) {
      return (
        change(
          `INSERT INTO front_channel_sign_ins (interaction, connection_id, secret_hash, payload, expires_at)
           SELECT ?, id, ?, ?, ? FROM connections WHERE id = ?
           ON CONFLICT (interaction) DO UPDATE SET connection_id = excluded.connection_id, secret_hash = excluded.secret_hash,
             payload = excluded.payload, expires_at = excluded.expires_at`,
          interaction,
          secretHash,
          JSON.stringify(payload),
          expiresAt.getTime(),
          connectionId,
        ) === 1
      );
    },
    async takeFrontChannelSignIn(interaction, secretHash, now) {
      return one(
        signInRow,
        `DELETE FROM front_channel_sign_ins WHERE interaction = ? AND secret_hash = ? AND expires_at > ?
         RETURNING interaction, connection_id AS connectionId, secret_hash AS secretHash, payload, expires_at AS expiresAt`,
        interaction,
        secretHash,
        now.getTime(),
      );
    },
    async markAssertionUsed(connectionId, hash, expiresAt) {
      return (
        change(
          `INSERT INTO used_assertions (connection_id, hash, expires_at) SELECT id, ?, ? FROM connections WHERE id = ?
           ON CONFLICT DO NOTHING`,
          hash,
          expiresAt.getTime(),
          connectionId,
        ) === 1
      );
    },
    async removeExpiredFrontChannelState(now) {
      change('DELETE FROM front_channel_sign_ins WHERE expires_at <= ?', now.getTime());
      change('DELETE FROM used_assertions WHERE expires_at <= ?', now.getTime());
    },
  };
}
