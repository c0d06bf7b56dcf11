/**
 * A connection: the hub's side of one directory, by whose name applications ask for a sign-in. This folder owns making and naming
 * it; its ticket belongs to `tickets`, its connectors to `connectors`.
 */
import { randomUUID } from 'node:crypto';
import { connectionName } from '@landbridge/protocol';
import { CodedError } from '@landbridge/runtime';
import { newSecretToken } from '../secret-token.ts';
import type { Connection, ConnectionSettings } from '../store/connections.ts';
import type { Store } from '../store/store.ts';

/** What a new connection begins with: sign-in by password for everybody, with the credential cache for outages. */
export const DEFAULT_SETTINGS: ConnectionSettings = {
  displayName: undefined,
  kerberos: false,
  certAuth: false,
  ipRanges: [],
  credentialCache: true,
  emailDomains: [],
  approveConnectors: false,
};

/** @returns the connection and its ticket, which is shown now and never again
 * @throws CodedError CONNECTION_NAME_INVALID, CONNECTION_EXISTS */
export async function createConnection(store: Store, name: string): Promise<{ connection: Connection; ticket: string }> {
  const checked = connectionName.safeParse(name);
  if (!checked.success) throw new CodedError('CONNECTION_NAME_INVALID', `The name ${checked.error.issues[0]?.message ?? 'is not valid'}`);
  const ticket = newSecretToken();
  const now = new Date();
  const connection = {
    id: randomUUID(),
    name: checked.data,
    createdAt: now,
    enabled: true,
    ticketIssuedAt: now,
    settings: DEFAULT_SETTINGS,
  };
  if (!(await store.addConnection(connection, ticket.hash))) {
    throw new CodedError('CONNECTION_EXISTS', `There is already a connection "${name}"`, { action: 'Choose another name.' });
  }
  return { connection, ticket: ticket.token };
}

/** @throws CodedError CONNECTION_NOT_FOUND */
export async function findConnection(store: Store, name: string): Promise<Connection> {
  const connection = await store.connectionByName(name);
  if (connection === undefined) throw notFound(name);
  return connection;
}

/** Its tickets and certificates go with it; a running hub drops its connectors. @throws CodedError CONNECTION_NOT_FOUND */
export async function deleteConnection(store: Store, name: string): Promise<void> {
  if (!(await store.removeConnection(name))) throw notFound(name);
}

/** The audience of the tokens with which connectors of this connection authenticate. */
export function realmOf(connection: Connection): string {
  return `urn:landbridge:${connection.name}`;
}

function notFound(name: string): CodedError {
  return new CodedError('CONNECTION_NOT_FOUND', `There is no connection "${name}"`, {
    action: 'See "landbridge-hub connection list".',
  });
}
