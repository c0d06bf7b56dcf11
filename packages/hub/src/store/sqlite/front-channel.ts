/** Sign-ins on the front channel, and used assertions, in SQLite. */
import type { FrontChannelStore } from '../front-channel.ts';
import { column, type Sql, tableOf } from './sql.ts';

const SIGN_INS = tableOf('front_channel_sign_ins', {
  interaction: column.text,
  connectionId: column.text,
  secretHash: column.text,
  payload: column.json,
  expiresAt: column.date,
});
const ASSERTIONS = tableOf('used_assertions', { connectionId: column.text, hash: column.text, expiresAt: column.date });
const IF_CONNECTION = 'FROM connections WHERE id = $connectionId';

export function frontChannelStore({ one, change, insert, transaction }: Sql): FrontChannelStore {
  return {
    putFrontChannelSignIn: async (signIn) =>
      insert(
        SIGN_INS,
        signIn,
        `${IF_CONNECTION} ON CONFLICT (interaction) DO UPDATE SET connection_id = excluded.connection_id,
           secret_hash = excluded.secret_hash, payload = excluded.payload, expires_at = excluded.expires_at`,
      ),
    takeFrontChannelSignIn: async (interaction, secretHash, now) =>
      transaction(() => {
        const condition = 'WHERE interaction = ? AND secret_hash = ? AND expires_at > ?';
        const found = one(SIGN_INS, condition, interaction, secretHash, now);
        if (found !== undefined) change('DELETE FROM front_channel_sign_ins WHERE interaction = ?', interaction);
        return found;
      }),
    markAssertionUsed: async (connectionId, hash, expiresAt) =>
      insert(ASSERTIONS, { connectionId, hash, expiresAt }, `${IF_CONNECTION} ON CONFLICT DO NOTHING`),
    async removeExpiredFrontChannelState(now) {
      change('DELETE FROM front_channel_sign_ins WHERE expires_at <= ?', now);
      change('DELETE FROM used_assertions WHERE expires_at <= ?', now);
    },
  };
}
