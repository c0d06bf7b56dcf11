/**
 * Users as applications know them: the subject, and the claims of their last sign-in. A directory cannot be asked about a user without the
 * password, so an account lives no longer than its sign-in.
 */
import { createHash } from 'node:crypto';
import type { KnownUser } from '@landbridge/protocol';
import type { Account } from 'oidc-provider';
import type { Connection } from '../store/connections.ts';
import type { OidcClient } from '../store/oidc-clients.ts';
import type { Store } from '../store/store.ts';
import { claimsForIdToken, providerClaims } from './claims.ts';
import type { ReportDropped } from './dropped-values.ts';

/**
 * The `sub` of a user: the same at every sign-in, and unique. It is a hash over the connection's id, which is never reused: a new connection with
 * an old name does not inherit accounts in applications.
 * @param subject the user's immutable id in the directory
 */
function accountIdOf(connection: Connection, subject: string): string {
  return createHash('sha256').update(`${connection.id}\0${subject}`).digest('base64url');
}

/** Stores the claims of a user who has just signed in. @returns the `sub`; undefined if nothing distinguishes the user from others */
export async function rememberAccount(
  { store, lifetimeMs, reportDropped }: { store: Store; lifetimeMs: number; reportDropped: ReportDropped },
  signedIn: KnownUser & { connection: Connection; username: string; correlationId: string },
): Promise<string | undefined> {
  const { connection, profile, username, correlationId } = signedIn;
  if (signedIn.subject === undefined) return undefined;
  const subject = accountIdOf(connection, signedIn.subject);
  const now = new Date();
  const { claims, dropped } = providerClaims(profile, connection, username, now);
  reportDropped(dropped, { connection: connection.name, correlationId });
  const kept = await store.putOidcAccount({
    subject,
    connectionId: connection.id,
    claims,
    expiresAt: new Date(now.getTime() + lifetimeMs),
  });
  return kept ? subject : undefined;
}

/** Ends all sign-ins of a user. Their tokens become invalid. */
export async function forgetAccount(store: Store, connection: Connection, subject: string): Promise<void> {
  await store.removeOidcAccount(accountIdOf(connection, subject));
}

/** @returns the account, unless it has expired, or its connection was deleted, is disabled, or is not for this client */
export async function findAccount(
  store: Store,
  subject: string,
  { clientId, userinfo }: { clientId: string | undefined; userinfo: string },
): Promise<Account | undefined> {
  const account = await store.oidcAccount(subject);
  if (account === undefined || account.expiresAt.getTime() <= Date.now()) return undefined;
  const [connection, client] = await Promise.all([
    store.connectionById(account.connectionId),
    clientId === undefined ? undefined : store.oidcClient(clientId),
  ]);
  if (connection === undefined || !connection.enabled) return undefined;
  if (client !== undefined && !mayUse(client, connection)) return undefined;
  return {
    accountId: subject,
    claims: (use) => ({ ...(use === 'id_token' ? claimsForIdToken(account.claims, userinfo) : account.claims), sub: subject }),
    connection: connection.name,
  };
}

/** The connections whose users can sign in to a client now. */
export async function connectionsFor(store: Store, client: OidcClient): Promise<Connection[]> {
  return (await store.connections()).filter((connection) => connection.enabled && mayUse(client, connection));
}

function mayUse(client: OidcClient, connection: Connection): boolean {
  return client.connectionIds === undefined || client.connectionIds.includes(connection.id);
}
