/** Whether users can sign in through a connection now: the states of one connection, from its connectors and their directories. */

import type { Connection, ConnectionCounts } from '../store/connections.ts';
import type { OnlineConnectors } from './online.ts';

/** The worst first. */
export const CONNECTION_STATES = ['down', 'degraded', 'healthy', 'inactive', 'disabled'] as const;
export type ConnectionState = (typeof CONNECTION_STATES)[number];

export interface ConnectionHealth {
  state: ConnectionState;
  /** What is wrong; empty if nothing is. */
  reason: string;
  /** Connectors that get requests. */
  reachable: number;
  /** Connectors that should be reachable and are not. */
  away: number;
  /** Reachable connectors whose directory is down. */
  withoutDirectory: number;
}

/** A connector that has been away for longer counts as removed. */
const EXPECTED_DAYS = 7;

export function expectedSince(now = new Date()): Date {
  return new Date(now.getTime() - EXPECTED_DAYS * 86_400_000);
}

export function healthOf(
  connection: Connection,
  { instances, expected }: Pick<ConnectionCounts, 'instances' | 'expected'> = { instances: 0, expected: 0 },
  online: Pick<OnlineConnectors, 'of'>,
): ConnectionHealth {
  /** By instance: whether one of its sockets has a directory. */
  const found = new Map<string, boolean>();
  for (const connector of online.of(connection.id)) {
    const eligibility = connector.eligibility();
    if (eligibility === 'connector_offline') continue;
    const { instance } = connector;
    found.set(instance, (found.get(instance) ?? false) || eligibility !== 'directory_unavailable');
  }
  const reachable = found.size;
  const withoutDirectory = [...found.values()].filter((hasDirectory) => !hasDirectory).length;
  const away = Math.max(0, expected - reachable);
  const health = (state: ConnectionState, reason = '') => ({ state, reason, reachable, away, withoutDirectory });
  if (!connection.enabled) return health('disabled', 'Users cannot sign in');
  if (reachable === 0) return instances === 0 ? health('inactive', 'No connector yet') : health('down', 'No connector online');
  if (withoutDirectory === reachable) return health('down', 'Directory down');
  const reasons = [
    ...(away > 0 ? [`${away} of ${expected} connectors away`] : []),
    ...(withoutDirectory > 0 ? [`Directory down at ${withoutDirectory} of ${reachable} connectors`] : []),
  ];
  return health(reasons.length === 0 ? 'healthy' : 'degraded', reasons.join('; '));
}
