/** Whether users can sign in through a connection now: the states of one connection, from its connectors and their directories. */
import { dot, type Html } from '@landbridge/web';
import { html } from 'hono/html';
import type { OnlineConnectors } from '../connectors/online.ts';
import type { Connection, ConnectionCounts } from '../store/connections.ts';
import type { Store } from '../store/store.ts';

/** The worst first. */
export const CONNECTION_STATES = ['down', 'degraded', 'healthy', 'inactive', 'disabled'] as const;
export type ConnectionState = (typeof CONNECTION_STATES)[number];

export interface ConnectionHealth {
  state: ConnectionState;
  /** What is wrong; empty if nothing is. */
  reason: string;
}

/** A connector that has been away for longer counts as removed. */
const EXPECTED_DAYS = 7;

export function expectedSince(now = new Date()): Date {
  return new Date(now.getTime() - EXPECTED_DAYS * 86_400_000);
}

export function healthOf(
  connection: Connection,
  { instances, expected }: Pick<ConnectionCounts, 'instances' | 'expected'>,
  online: Pick<OnlineConnectors, 'of'>,
): ConnectionHealth {
  if (!connection.enabled) return { state: 'disabled', reason: 'Users cannot sign in' };
  const reachable = new Map<string, boolean>();
  for (const connector of online.of(connection.id)) {
    const eligibility = connector.eligibility();
    if (eligibility === 'connector_offline') continue;
    const { instance } = connector;
    reachable.set(instance, (reachable.get(instance) ?? false) || eligibility !== 'directory_unavailable');
  }
  const answering = [...reachable.values()].filter((hasDirectory) => hasDirectory).length;
  if (reachable.size === 0)
    return instances === 0 ? { state: 'inactive', reason: 'No connector yet' } : { state: 'down', reason: 'No connector online' };
  if (answering === 0) return { state: 'down', reason: 'Directory down' };
  const reasons = [
    ...(expected > reachable.size ? [`${expected - reachable.size} of ${expected} connectors away`] : []),
    ...(answering < reachable.size ? [`Directory down at ${reachable.size - answering} of ${reachable.size} connectors`] : []),
  ];
  return { state: reasons.length === 0 ? 'healthy' : 'degraded', reason: reasons.join('; ') };
}

/** Of a single connection. */
export async function findHealth(
  { store, online }: { store: Store; online: OnlineConnectors },
  connection: Connection,
): Promise<ConnectionHealth> {
  const counts = (await store.connectionCounts(expectedSince())).get(connection.id);
  return healthOf(connection, counts ?? { instances: 0, expected: 0 }, online);
}

export const STATE_LABELS: Readonly<Record<ConnectionState, string>> = {
  down: 'Down',
  degraded: 'Degraded',
  healthy: 'Healthy',
  inactive: 'Inactive',
  disabled: 'Disabled',
};
const DOTS = { down: 'off', degraded: 'warn', healthy: 'on', inactive: 'idle', disabled: 'idle' } as const;

export function healthDot({ state, reason }: ConnectionHealth): Html {
  return html`${dot(DOTS[state], STATE_LABELS[state])}${reason === '' ? '' : html`<span class="sub">${reason}</span>`}`;
}
