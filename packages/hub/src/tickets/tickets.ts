/**
 * Tickets: the secret URLs with which connectors enrol for a connection. This folder issues them and serves their calls
 * (`provisioning.ts`).
 */

import { CodedError } from '@landbridge/runtime';
import { newSecretToken } from '@landbridge/web';
import { findConnection } from '../connections/connections.ts';
import { type Operator, recordChange } from '../operator.ts';

/** Auth0 connectors expect tickets below this path. */
export const TICKET_PATH = '/p/ad';

export function ticketUrl(publicUrl: string, ticket: string): string {
  return `${publicUrl}${TICKET_PATH}/${ticket}`;
}

/**
 * The commands for the machine beside the directory. The ticket is passed in the environment: every user of a machine can read
 * arguments.
 * @param url the ticket; it needs no further quoting
 */
export function installCommands(url: string): { shell: string; powershell: string } {
  return {
    shell: [
      'mkdir connector',
      `PROVISIONING_TICKET='${url}' landbridge-connector setup --home connector`,
      'landbridge-connector run --home connector',
    ].join('\n'),
    powershell: [
      'New-Item -ItemType Directory connector',
      `$env:PROVISIONING_TICKET = '${url}'; landbridge-connector setup --home connector; Remove-Item Env:PROVISIONING_TICKET`,
      'landbridge-connector run --home connector',
    ].join('\n'),
  };
}

/**
 * Creates a new ticket; the old one is void. Registered connectors stay registered.
 * @throws CodedError CONNECTION_NOT_FOUND
 */
export async function renewTicket(operator: Operator, connectionName: string): Promise<string> {
  const connection = await findConnection(operator.store, connectionName);
  const ticket = newSecretToken();
  await replace(operator, connectionName, connection.id, { hash: ticket.hash, issuedAt: new Date() });
  await recordChange(operator, { action: 'ticket.renew', connection: connectionName });
  return ticket.token;
}

/**
 * Removes the ticket, so that no connector can be added. Registered connectors stay registered.
 * @throws CodedError CONNECTION_NOT_FOUND
 */
export async function revokeTicket(operator: Operator, connectionName: string): Promise<void> {
  const connection = await findConnection(operator.store, connectionName);
  await replace(operator, connectionName, connection.id, undefined);
  await recordChange(operator, { action: 'ticket.revoke', connection: connectionName });
}

async function replace(
  { store }: Operator,
  connectionName: string,
  connectionId: string,
  ticket: { hash: string; issuedAt: Date } | undefined,
): Promise<void> {
  if (!(await store.replaceTicket(connectionId, ticket))) {
    throw new CodedError('CONNECTION_NOT_FOUND', `The connection "${connectionName}" was deleted in the meantime`);
  }
}
