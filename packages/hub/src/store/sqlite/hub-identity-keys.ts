/** Keys of the hub's identity in SQLite. */
import type { HubIdentityKey, HubIdentityStore } from '../hub-identity-keys.ts';
import { column, type Sql, tableOf } from './sql.ts';

const IDENTITY_KEYS = tableOf(
  'hub_identity_keys',
  {
    key: column.text,
    signature: column.optionalText,
    privateKeyPem: column.optionalText,
    createdAt: column.date,
  },
  { fields: ['privateKeyPem'], by: ['key'], ifLost: 'delete' },
);

export function hubIdentityStore({ all, one, change, insert, transaction }: Sql): HubIdentityStore {
  const add = (key: HubIdentityKey, condition = '') => insert(IDENTITY_KEYS, key, condition);
  return {
    async addFirstHubIdentity(first) {
      add(first, 'WHERE NOT EXISTS (SELECT 1 FROM hub_identity_keys)');
    },
    succeedHubIdentity: async (current, next) =>
      transaction(() => {
        if (one(IDENTITY_KEYS, 'ORDER BY position DESC LIMIT 1')?.key !== current) return false;
        change('UPDATE hub_identity_keys SET private_key_pem = NULL');
        return add(next);
      }),
    async replaceHubIdentity(first) {
      transaction(() => {
        change('DELETE FROM hub_identity_keys');
        add(first);
      });
    },
    hubIdentityKeys: async () => all(IDENTITY_KEYS, 'ORDER BY position'),
  };
}
