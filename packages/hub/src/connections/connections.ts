/**
 * A connection: the hub's side of one directory, which applications name when they ask for a sign-in. This folder creates, changes and
 * deletes connections; tickets belong to `tickets`, connectors to `connectors`.
 */

import { randomUUID } from 'node:crypto';
import { connectionName } from '@landbridge/protocol';
import { CodedError } from '@landbridge/runtime';
import { REALM_PREFIX } from '@landbridge/wsfed';
import { type Operator, recordChange } from '../operator.ts';
import { keptConnectionSettings } from '../store/connection-settings.ts';
import type { Connection } from '../store/connections.ts';
import type { Store } from '../store/store.ts';
import { readConnectionChanges } from './settings.ts';

/**
 * Creates a connection without a ticket.
 * @throws CodedError CONNECTION_NAME_INVALID, CONNECTION_EXISTS
 */
export async function createConnection(operator: Operator, name: string): Promise<Connection> {
  const checked = connectionName.safeParse(name);
  if (!checked.success) {
    const problem = checked.error.issues[0]?.message ?? 'is not valid';
    throw new CodedError('CONNECTION_NAME_INVALID', `The name ${problem}`, { fields: { name: problem } });
  }
  const connection = {
    id: randomUUID(),
    name: checked.data,
    createdAt: new Date(),
    enabled: true,
    settings: keptConnectionSettings.parse({}),
  };
  if (!(await operator.store.addConnection(connection))) {
    throw new CodedError('CONNECTION_EXISTS', `A connection "${name}" exists already`, {
      action: 'Choose another name.',
      fields: { name: 'is the name of another connection' },
    });
  }
  await recordChange(operator, { action: 'connection.create', connection: name });
  return connection;
}

/** @throws CodedError CONNECTION_NOT_FOUND */
export async function findConnection(store: Store, name: string): Promise<Connection> {
  const connection = await store.connectionByName(name);
  if (connection === undefined) throw connectionNotFound(name);
  return connection;
}

/**
 * Changes the settings that are given, or enables or disables the connection. The name cannot change: tokens and tickets contain it.
 *
 * @param given from outside, see `readConnectionChanges`
 * @throws CodedError INVALID_REQUEST, CONNECTION_NOT_FOUND, EMAIL_DOMAIN_TAKEN
 */
export async function changeConnection(operator: Operator, name: string, given: unknown): Promise<Connection> {
  const { store } = operator;
  const changes = readConnectionChanges(given);
  const connection = await findConnection(store, name);
  const { enabled = connection.enabled, ...settings } = changes;
  const changed = { ...connection, enabled, settings: { ...connection.settings, ...settings } };
  await requireFreeDomains(store, changes, connection.id);
  const outcome = await store.updateConnection(connection.id, changed);
  if (outcome === 'not_found') throw connectionNotFound(name);
  if (outcome === 'domain_taken') throw domainTaken('a domain');
  const detail = JSON.stringify(changes, (_key, value: unknown) => (value === undefined ? null : value));
  await recordChange(operator, { action: 'connection.change', connection: name, detail });
  await operator.takeEffect();
  return changed;
}

/**
 * Also called before a connection is created with these settings, so that it is not created without them.
 * @throws CodedError EMAIL_DOMAIN_TAKEN
 */
export async function requireFreeDomains(store: Store, settings: { emailDomains?: readonly string[] }, ownId?: string): Promise<void> {
  const { emailDomains = [] } = settings;
  const others = (await store.connections()).filter(({ id }) => id !== ownId);
  const taken = emailDomains.find((domain) => others.some((other) => other.settings.emailDomains.includes(domain)));
  if (taken !== undefined) throw domainTaken(`"${taken}"`);
}

function domainTaken(domain: string): CodedError {
  return new CodedError('EMAIL_DOMAIN_TAKEN', `The field "emailDomains": ${domain} belongs to another connection`, {
    action: 'Remove it from that connection first.',
    fields: { emailDomains: `has ${domain}, which belongs to another connection` },
  });
}

/** Deletes its ticket, certificates and instances too; a running hub disconnects its connectors. @throws CodedError CONNECTION_NOT_FOUND */
export async function deleteConnection(operator: Operator, name: string): Promise<void> {
  if (!(await operator.store.removeConnection(name))) throw connectionNotFound(name);
  await recordChange(operator, { action: 'connection.delete', connection: name });
  await operator.takeEffect();
}

/** The audience of the tokens with which connectors of this connection authenticate. */
export function realmOf(connection: Connection): string {
  return `${REALM_PREFIX}${connection.name}`;
}

export function connectionNotFound(name: string): CodedError {
  return new CodedError('CONNECTION_NOT_FOUND', `There is no connection "${name}"`, {
    action: 'List connections with "landbridge-hub connection list".',
  });
}
