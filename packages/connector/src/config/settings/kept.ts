/** What the connector writes down for itself. */
import { setting } from '@landbridge/runtime';
import type { ConnectorSettingList } from '../parts.ts';

/** Group of the reference. */
const KEPT = 'Kept by the connector';

export const KEPT_SETTINGS = {
  AD_HUB: {
    type: setting.url('https', 'http', 'wss', 'ws'),
    group: KEPT,
    part: 'hub',
    kept: true,
    description: "The hub's address. From the ticket.",
  },
  CONNECTION: { type: setting.text(), group: KEPT, part: 'hub', kept: true, description: 'The name of the connection. From the ticket.' },
  REALM: {
    type: setting.text(),
    group: KEPT,
    part: 'hub',
    kept: true,
    description: 'The name of the realm. From the ticket. A key of this name holds the reply addresses that the hub allows.',
  },
  WSFED_ISSUER: {
    type: setting.text(),
    group: KEPT,
    part: 'none',
    kept: true,
    description: 'The domain of the connection. From the ticket.',
  },
  TENANT_SIGNING_KEY: {
    type: setting.text(),
    group: KEPT,
    part: 'hub',
    kept: true,
    description: "The certificate or public key with which the hub's requests are verified. Unset: the hub's JWKS document is read.",
  },
  LAST_SENT_THUMBPRINT: {
    type: setting.text(),
    group: KEPT,
    part: 'none',
    kept: true,
    description: "The SHA-1 thumbprint of the connector's certificate that the hub was last told.",
  },
  AGENT_MODE: { type: setting.boolean(), group: KEPT, part: 'none', kept: true, description: 'Of installed connectors. Ignored.' },
  FIREWALL_RULE_CREATED: {
    type: setting.boolean(),
    group: KEPT,
    part: 'none',
    kept: true,
    description: 'Of installed connectors. Ignored.',
  },
  CONNECTIONS_API_V2_KEY: {
    type: setting.text(),
    group: KEPT,
    part: 'none',
    secret: true,
    description:
      "A token of the tenant's management API (`read:connections`). Only `troubleshoot` uses it, where the ticket does not tell which certificates the hub knows.",
  },
  CONFIG_VERSION: {
    type: setting.integer(1, 1000),
    group: KEPT,
    part: 'none',
    kept: true,
    description: 'The version of this file. Without one the file was written by a person or by an installed connector.',
  },
} as const satisfies ConnectorSettingList;
