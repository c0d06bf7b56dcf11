/**
 * Tickets: secret URLs with which connectors enrol for a connection. This folder issues them and serves the calls that connectors make before
 * they open their socket: with a ticket alone (`provisioning.ts`), or with proof of ticket and key (`enrolment.ts`).
 */

import { enrolmentKey, pinnedTicket } from '@landbridge/protocol';
import { CodedError } from '@landbridge/runtime';
import { hashOfToken, newSecretToken } from '@landbridge/web';
import { findConnection } from '../connections/connections.ts';
import { loadHubIdentity } from '../keys/hub-identity.ts';
import { type Operator, recordChange } from '../operator.ts';
import type { Connection } from '../store/connections.ts';
import type { Store } from '../store/store.ts';

/** Auth0 connectors expect tickets below this path. */
export const TICKET_PATH = '/p/ad';

export function ticketUrl(publicUrl: string, ticket: string): string {
  return `${publicUrl}${TICKET_PATH}/${ticket}`;
}

/** @returns a warning about tickets of a hub that is reached without TLS */
export function ticketWarning(url: string): string | undefined {
  if (!url.startsWith('http:')) return undefined;
  return 'The hub is reached over http. Auth0 connectors cannot use it, and passwords from other machines would cross the network in clear text. Serve it over https, and set PUBLIC_URL.';
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

/** `open`: enrols a connector without approval. `used`: has done so. `expired`: was not used in time. */
export type TicketState = 'open' | 'used' | 'expired';

/** @returns the time after which a ticket must have been issued to enrol without approval. @param hours ENROLMENT_HOURS */
export function openSince(hours: number, now = new Date()): Date {
  return new Date(now.getTime() - hours * 3_600_000);
}

/** @returns the newest ticket of a connection, with its state and the time until which it is open; undefined if there is none */
export async function newestTicket(
  store: Store,
  { id }: Connection,
  hours: number,
  now = new Date(),
): Promise<{ issuedAt: Date; state: TicketState; openUntil: Date } | undefined> {
  const [newest] = await store.tickets(id);
  if (newest === undefined) return undefined;
  const { issuedAt, usedAt } = newest;
  const state = usedAt !== undefined ? 'used' : issuedAt > openSince(hours, now) ? 'open' : 'expired';
  return { issuedAt, state, openUntil: new Date(issuedAt.getTime() + hours * 3_600_000) };
}

/**
 * Creates a ticket, which enrols one connector without approval. Earlier tickets stay valid for their connectors.
 * @returns the ticket, which cannot be shown again
 * @throws CodedError CONNECTION_NOT_FOUND
 */
export async function issueTicket(operator: Operator, connectionName: string): Promise<string> {
  const ticket = await addTicket(operator, await findConnection(operator.store, connectionName));
  await recordChange(operator, { action: 'ticket.issue', connection: connectionName });
  return ticket;
}

/**
 * Creates a new ticket and revokes all earlier ones. Registered connectors stay registered.
 * @throws CodedError CONNECTION_NOT_FOUND
 */
export async function renewTicket(operator: Operator, connectionName: string): Promise<string> {
  const connection = await findConnection(operator.store, connectionName);
  await operator.store.removeTickets(connection.id);
  const ticket = await addTicket(operator, connection);
  await recordChange(operator, { action: 'ticket.renew', connection: connectionName });
  return ticket;
}

/**
 * Removes all tickets, so that no connector can be added. Registered connectors stay registered.
 * @throws CodedError CONNECTION_NOT_FOUND
 */
export async function revokeTickets(operator: Operator, connectionName: string): Promise<void> {
  const connection = await findConnection(operator.store, connectionName);
  if (!(await operator.store.removeTickets(connection.id))) throw wasDeleted(connectionName);
  await recordChange(operator, { action: 'ticket.revoke', connection: connectionName });
}

async function addTicket({ store }: Operator, { id, name }: Connection): Promise<string> {
  const { token: secret } = newSecretToken();
  const { fingerprint } = await loadHubIdentity(store);
  const ticket = pinnedTicket({ connectionId: id, secret, fingerprint });
  const stored = {
    hash: hashOfToken(ticket),
    connectionId: id,
    enrolmentKey: enrolmentKey(secret),
    issuedAt: new Date(),
    usedAt: undefined,
  };
  if (!(await store.addTicket(stored))) throw wasDeleted(name);
  return ticket;
}

function wasDeleted(connectionName: string): CodedError {
  return new CodedError('CONNECTION_NOT_FOUND', `The connection "${connectionName}" was deleted in the meantime`);
}
