/** What the API and `--json` of commands show of stored things. */
import { realmOf } from '../connections/connections.ts';
import type { ApiKey } from '../store/api-keys.ts';
import { clientWarnings } from '../store/client-options.ts';
import type { Connection } from '../store/connections.ts';
import type { OidcClient } from '../store/oidc-clients.ts';
import type { Store } from '../store/store.ts';
import { newestTicket } from '../tickets/tickets.ts';

/** A connection without its sockets, which only a running hub knows. */
export async function connectionView(store: Store, enrolmentHours: number, connection: Connection) {
  const [certificates, ticket] = await Promise.all([store.certificates(connection.id), newestTicket(store, connection, enrolmentHours)]);
  const { displayName = null, ...settings } = connection.settings;
  return {
    name: connection.name,
    enabled: connection.enabled,
    displayName,
    ...settings,
    realm: realmOf(connection),
    createdAt: connection.createdAt,
    ticketIssuedAt: ticket?.issuedAt ?? null,
    enrolmentOpenUntil: ticket?.state === 'open' ? ticket.openUntil : null,
    certificates: certificates.map(({ thumbprint, state, agentVersion, hostName, registeredAt, signInEndpoint, requestedEndpoint }) => ({
      thumbprint,
      signInEndpoint,
      requestedEndpoint,
      state,
      agentVersion,
      hostName,
      registeredAt,
    })),
  };
}

export async function clientView(store: Store, client: OidcClient) {
  return {
    id: client.id,
    name: client.name,
    public: client.secretHash === undefined,
    redirectUris: client.redirectUris,
    postLogoutRedirectUris: client.postLogoutRedirectUris,
    connections: await namesOf(store, client.connectionIds),
    scopes: ['openid', ...client.scopes],
    refreshTokens: client.refreshTokens,
    idTokenAlgorithm: client.idTokenAlgorithm,
    ...client.options,
    warnings: clientWarnings(client.options),
    createdAt: client.createdAt,
  };
}

export async function apiKeyView(store: Store, { connectionIds, ...key }: ApiKey) {
  return { ...key, connections: await namesOf(store, connectionIds) };
}

/** @returns undefined for all connections */
async function namesOf(store: Store, ids: readonly string[] | undefined): Promise<string[] | undefined> {
  if (ids === undefined) return undefined;
  return (await store.connections()).filter(({ id }) => ids.includes(id)).map(({ name }) => name);
}
