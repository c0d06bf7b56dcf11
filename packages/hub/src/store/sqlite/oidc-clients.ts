/** OpenID Connect clients in SQLite. */
import { z } from 'zod';
import { keptClientOptions } from '../client-options.ts';
import { CLIENT_SCOPES, type OidcClientStore } from '../oidc-clients.ts';
import { column, type Sql, tableOf } from './sql.ts';

const CLIENTS = tableOf('oidc_clients', {
  id: column.text,
  name: column.text,
  secretHash: column.optionalText,
  redirectUris: column.list,
  postLogoutRedirectUris: column.list,
  connectionIds: column.optionalList,
  scopes: column.list.pipe(z.array(z.enum(CLIENT_SCOPES))),
  refreshTokens: column.bit,
  idTokenAlgorithm: z.enum(['RS256', 'ES256']),
  options: column.json.pipe(keptClientOptions),
  createdAt: column.date,
});

export function oidcClientStore({ all, one, change, insert }: Sql): OidcClientStore {
  return {
    async addOidcClient(client) {
      insert(CLIENTS, client);
    },
    oidcClients: async () => all(CLIENTS, 'ORDER BY name, id'),
    oidcClient: async (id) => one(CLIENTS, 'WHERE id = ?', id),
    updateOidcClient: async (client) =>
      insert(
        CLIENTS,
        client,
        `FROM oidc_clients WHERE id = $id
         ON CONFLICT (id) DO UPDATE SET name = excluded.name, secret_hash = excluded.secret_hash, redirect_uris = excluded.redirect_uris,
           post_logout_redirect_uris = excluded.post_logout_redirect_uris, connection_ids = excluded.connection_ids,
           scopes = excluded.scopes, refresh_tokens = excluded.refresh_tokens, id_token_algorithm = excluded.id_token_algorithm,
           options = excluded.options`,
      ),
    removeOidcClient: async (id) => change('DELETE FROM oidc_clients WHERE id = ?', id) === 1,
  };
}
