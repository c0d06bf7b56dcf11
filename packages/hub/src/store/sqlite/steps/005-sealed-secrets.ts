/** Version 5: secrets are encrypted with the key outside the database. */
import type { DatabaseSync } from 'node:sqlite';
import type { Sealing } from '../../sealing.ts';
import { resealTable, type SealedColumns } from '../secrets.ts';

/** The tables as of this version. */
const TABLES: readonly SealedColumns[] = [
  { name: 'signing_keys', columns: ['private_key_pem'], by: ['kid'] },
  { name: 'hub_identity_keys', columns: ['private_key_pem'], by: ['key'] },
  { name: 'oidc_keys', columns: ['secret'], by: ['id', 'purpose'] },
  { name: 'administrators', columns: ['password_hash', 'totp_secret'], by: ['id'] },
  { name: 'administrator_sessions', columns: ['form_token'], by: ['id', 'administrator_id'] },
  { name: 'cached_credentials', columns: ['sealed'], by: ['connection_id', 'user_id'] },
];

export function sealSecrets(database: DatabaseSync, sealing: Sealing): void {
  for (const table of TABLES) resealTable(database, table, (_place, value) => value, sealing);
}
