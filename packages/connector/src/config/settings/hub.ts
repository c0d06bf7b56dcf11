/** The hub and the connection to it. */
import { DEFAULT_CLOCK_SKEW_LIMIT_SECONDS } from '@landbridge/protocol';
import { setting } from '@landbridge/runtime';
import { settingGroup } from '../parts.ts';
import { MAX_MS, OFF_BY_DEFAULT } from './types.ts';

export const HUB_LINK_SETTINGS = settingGroup('Hub', 'hub', {
  PROVISIONING_TICKET: {
    label: 'Ticket',
    basic: true,
    type: setting.url('https', 'http'),
    secret: true,
    description: 'The ticket URL of the connection, from the hub. The connector reads everything else about the hub from it at each start.',
  },
  HUB_INSECURE_NO_TLS: {
    label: 'Allow a hub without TLS',
    ...OFF_BY_DEFAULT,
    insecure: true,
    description:
      'Allows `http://` or `ws://` for a ticket or hub on another machine, so passwords cross the network in clear text. On the same machine (loopback) this is always allowed.',
  },
  CLOCK_SKEW_LIMIT_SECONDS: {
    label: 'Tolerated clock difference',
    type: setting.integer(5, 3600),
    default: DEFAULT_CLOCK_SKEW_LIMIT_SECONDS,
    description:
      "How far this machine's clock may differ from the hub's, in seconds: up to this, requests are judged by the hub's clock. Kerberos, certificates and the directory always use this machine's.",
  },
  WS_RECONNECT_INTERVAL_MS: {
    label: 'Longest wait before reconnecting',
    type: setting.integer(100, MAX_MS),
    default: 10_000,
    description:
      'The longest wait in milliseconds before the connector dials the hub again. The first waits are shorter than a second, then they grow.',
  },
});
