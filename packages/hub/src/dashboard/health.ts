/** Whether people can sign in through a connection now: its green or red dot. */
import type { OnlineConnectors } from '../connectors/online.ts';
import type { Connection } from '../store/connections.ts';

export function healthOf(connection: Connection, online: OnlineConnectors): { kind: 'on' | 'off' | 'idle'; label: string } {
  if (!connection.enabled) return { kind: 'idle', label: 'Switched off' };
  const asked = online.of(connection.id).filter((connector) => connector.open && !connector.draining);
  if (asked.length === 0) return { kind: 'off', label: 'No connector' };
  // One that does not say how its directory is counts as well: installed connectors never do.
  if (asked.every(({ directory }) => directory === 'down')) return { kind: 'off', label: 'Directory down' };
  return { kind: 'on', label: 'Online' };
}
