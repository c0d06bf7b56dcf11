/** The state of a connection, as pages show it. */
import { dot, type Html } from '@landbridge/web';
import { html } from 'hono/html';
import { type ConnectionHealth, type ConnectionState, expectedSince, healthOf } from '../connectors/connection-health.ts';
import type { OnlineConnectors } from '../connectors/online.ts';
import type { Connection } from '../store/connections.ts';
import type { Store } from '../store/store.ts';

/** Of a single connection. */
export async function findHealth(
  { store, online }: { store: Store; online: OnlineConnectors },
  connection: Connection,
): Promise<ConnectionHealth> {
  return healthOf(connection, (await store.connectionCounts(expectedSince())).get(connection.id), online);
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
