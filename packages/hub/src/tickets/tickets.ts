/**
 * Tickets: the secret URL that makes a connector one of a connection. This folder owns issuing them and what a connector reads and
 * sends through them (`provisioning.ts`).
 */
import { CodedError } from '@landbridge/runtime';
import { findConnection } from '../connections/connections.ts';
import { newSecretToken } from '../secret-token.ts';
import type { Store } from '../store/store.ts';

/** Installed connectors expect tickets below this path. */
export const TICKET_PATH = '/p/ad';

export function ticketUrl(publicUrl: string, ticket: string): string {
  return `${publicUrl}${TICKET_PATH}/${ticket}`;
}

/**
 * Makes a new ticket; the old one is dead. Connectors that are registered stay so.
 * @throws CodedError CONNECTION_NOT_FOUND
 */
export async function renewTicket(store: Store, connectionName: string): Promise<string> {
  const connection = await findConnection(store, connectionName);
  const ticket = newSecretToken();
  if (!(await store.replaceTicket(connection.id, { hash: ticket.hash, issuedAt: new Date() }))) {
    throw new CodedError('CONNECTION_NOT_FOUND', `The connection "${connectionName}" was deleted in the meantime`);
  }
  return ticket.token;
}
