/** OpenID Connect clients in SQLite; lists are JSON texts. */
import { z } from 'zod';
import type { OidcClient, OidcClientStore } from '../oidc-clients.ts';
import { column, type Sql } from './sql.ts';

const list = z.string().transform((text) => z.array(z.string()).parse(JSON.parse(text)));
const clientRow = z.object({
  id: z.string(),
  name: z.string(),
  secretHash: column.optionalText,
  redirectUris: list,
  postLogoutRedirectUris: list,
  connectionIds: list.nullable().transform((ids) => ids ?? undefined),
  refreshTokens: column.bit,
  idTokenAlgorithm: z.enum(['RS256', 'ES256']),
  createdAt: column.date,
});

const CLIENTS = `SELECT id, name, secret_hash AS secretHash, redirect_uris AS redirectUris,
  post_logout_redirect_uris AS postLogoutRedirectUris, connection_ids AS connectionIds, refresh_tokens AS refreshTokens,
  id_token_algorithm AS idTokenAlgorithm, created_at AS createdAt FROM oidc_clients`;

export function oidcClientStore({ all, one, change }: Sql): OidcClientStore {
  return {
    async addOidcClient(client) {
      change(
        `INSERT INTO oidc_clients (name, secret_hash, redirect_uris, post_logout_redirect_uris, connection_ids, refresh_tokens,
         id_token_algorithm, id, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        ...changeable(client),
        client.id,
        client.createdAt.getTime(),
      );
    },
    async oidcClients() {
      return all(clientRow, `${CLIENTS} ORDER BY name, id`);
    },
    async oidcClient(id) {
      return one(clientRow, `${CLIENTS} WHERE id = ?`, id);
    },
    async updateOidcClient(client) {
      return (
        change(
          `UPDATE oidc_clients SET name = ?, secret_hash = ?, redirect_uris = ?, post_logout_redirect_uris = ?, connection_ids = ?,
           refresh_tokens = ?, id_token_algorithm = ? WHERE id = ?`,
          ...changeable(client),
          client.id,
        ) === 1
      );
    },
    async removeOidcClient(id) {
      return change('DELETE FROM oidc_clients WHERE id = ?', id) === 1;
    },
  };
}

function changeable(client: OidcClient) {
  return [
    client.name,
    client.secretHash ?? null,
    JSON.stringify(client.redirectUris),
    JSON.stringify(client.postLogoutRedirectUris),
    client.connectionIds === undefined ? null : JSON.stringify(client.connectionIds),
    client.refreshTokens ? 1 : 0,
    client.idTokenAlgorithm,
  ] as const;
}
