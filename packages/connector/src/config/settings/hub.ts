/** How the hub is reached. */
import { setting } from '@landbridge/runtime';
import type { ConnectorSettingList } from '../parts.ts';
import { MAX_MS } from './types.ts';

/** Group of the reference. */
const HUB = 'Hub';

export const HUB_LINK_SETTINGS = {
  PROVISIONING_TICKET: {
    type: setting.url('https', 'http'),
    group: HUB,
    part: 'hub',
    secret: true,
    description: 'The ticket URL of the connection. Everything else about the hub is read from there, at each start.',
  },
  HUB_INSECURE_NO_TLS: {
    type: setting.boolean(),
    default: false,
    group: HUB,
    part: 'hub',
    insecure: true,
    description:
      'Allows a ticket or hub whose address begins with `http://` or `ws://` on another machine: passwords then cross the network in clear. On the same machine (loopback) it is always allowed.',
  },
  WS_RECONNECT_INTERVAL_MS: {
    type: setting.integer(100, MAX_MS),
    default: 10_000,
    group: HUB,
    part: 'hub',
    description:
      'The longest wait in milliseconds before the connector tries to reach the hub again. The first waits are shorter than a second, and they grow.',
  },
} as const satisfies ConnectorSettingList;
