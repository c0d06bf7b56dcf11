/** Settings that the connector writes itself. */
import { setting } from '@landbridge/runtime';
import { settingGroup } from '../parts.ts';
import { fingerprint } from './types.ts';

export const KEPT_SETTINGS = settingGroup('Managed by the connector', 'none', {
  AD_HUB: {
    label: 'Address of the hub',
    type: setting.url('https', 'http', 'wss', 'ws'),
    part: 'hub',
    kept: true,
    description: "The hub's address, from the ticket.",
  },
  CONNECTION: {
    label: 'Connection',
    type: setting.text(),
    part: 'hub',
    kept: true,
    description: 'The name of the connection, from the ticket.',
  },
  REALM: {
    label: 'Realm',
    type: setting.text(),
    part: 'hub',
    kept: true,
    description: 'The name of the realm, from the ticket. The key with this name holds the reply addresses that the hub allows.',
  },
  WSFED_ISSUER: {
    label: 'Domain of the connection',
    type: setting.text(),
    kept: true,
    description: 'The domain of the connection, from the ticket.',
  },
  TENANT_SIGNING_KEY: {
    label: 'Signing key of the hub',
    type: setting.text(),
    part: 'hub',
    kept: true,
    description: "The certificate or public key that verifies the hub's requests. Unset: the hub's JWKS document is used.",
  },
  HUB_IDENTITY: {
    label: 'Identity of the hub',
    type: fingerprint,
    part: 'hub',
    kept: true,
    description:
      "The fingerprint of the hub's identity, from the ticket. The connector trusts no other hub, and updates the setting when the hub replaces its key. Unset: the hub has no identity, as with Auth0.",
  },
  LAST_SENT_THUMBPRINT: {
    label: 'Registered certificate',
    type: setting.text(),
    kept: true,
    description: 'The SHA-1 thumbprint of the connector certificate that was last registered with the hub.',
  },
  AGENT_MODE: { label: 'Agent mode', type: setting.boolean(), kept: true, description: 'A setting of Auth0 connectors. Ignored.' },
  FIREWALL_RULE_CREATED: {
    label: 'Firewall rule created',
    type: setting.boolean(),
    kept: true,
    description: 'A setting of Auth0 connectors. Ignored.',
  },
  CONNECTIONS_API_V2_KEY: {
    label: 'Token of the management API',
    type: setting.text(),
    secret: true,
    description:
      "A token of the tenant's management API (`read:connections`). Only `troubleshoot` uses it, if the ticket does not list the certificates that the hub knows.",
  },
  CONFIG_VERSION: {
    label: 'Version of config.json',
    type: setting.integer(1, 1000),
    kept: true,
    description: 'The version of this file. A file without it was written by hand or by a replaced connector.',
  },
});
