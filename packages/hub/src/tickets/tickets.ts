/**
 * Tickets: the secret URL that makes a connector one of a connection. This folder owns issuing them and what a connector reads and
 * sends through them (`provisioning.ts`).
 */

import { CodedError } from '@landbridge/runtime';
import { newSecretToken } from '@landbridge/web';
import { findConnection } from '../connections/connections.ts';
import { type Operator, recordChange } from '../operator.ts';

/** Installed connectors expect tickets below this path. */
export const TICKET_PATH = '/p/ad';

export function ticketUrl(publicUrl: string, ticket: string): string {
  return `${publicUrl}${TICKET_PATH}/${ticket}`;
}

/**
 * What to type on the machine beside the directory. The ticket is handed over in the environment: arguments can be read by every
 * user of a machine.
 * @param url of the ticket: nothing in it needs quoting beyond this
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
 * Makes a new ticket; the old one is dead. Connectors that are registered stay so.
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
 * From now on the connection has no ticket, and no connector can be added. Connectors that are registered stay so.
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
