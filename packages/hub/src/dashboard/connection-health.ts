/** Whether users can sign in through a connection now. */
import type { OnlineConnectors } from '../connectors/online.ts';
import type { Connection } from '../store/connections.ts';

export function healthOf(connection: Connection, online: OnlineConnectors): { kind: 'on' | 'off' | 'idle'; label: string } {
  if (!connection.enabled) return { kind: 'idle', label: 'Disabled' };
  const states = online.of(connection.id).map((connector) => connector.eligibility());
  if (states.every((state) => state === 'connector_offline')) return { kind: 'off', label: 'No connector' };
  if (states.every((state) => state === 'connector_offline' || state === 'directory_unavailable')) {
    return { kind: 'off', label: 'Directory down' };
  }
  return { kind: 'on', label: 'Online' };
}
