/** What the first start writes to `config.json`, and how it recognizes the configuration of a replaced connector. */
import { randomBytes } from 'node:crypto';
import type { FileContent } from './config-file.ts';
import { isInClear } from './ldap-transport.ts';

/** Increased when a later version must change what an earlier one wrote. */
const CONFIG_VERSION = 1;

/** Keys that only an Auth0 connector writes. */
const WRITTEN_BY_CONNECTORS = ['LAST_SENT_THUMBPRINT', 'TENANT_SIGNING_KEY', 'WSFED_ISSUER', 'FIREWALL_RULE_CREATED', 'AGENT_MODE'];

/** @returns the keys to write; empty unless this is the first start */
export function firstStartChanges(file: FileContent): { changes: Record<string, unknown>; takenOver: boolean } {
  const changes: Record<string, unknown> = { ...takenOverSettings(file) };
  if (typeof file.SESSION_SECRET !== 'string' || file.SESSION_SECRET === '') {
    changes.SESSION_SECRET = randomBytes(32).toString('base64url');
  }
  if (file.CONFIG_VERSION === undefined) changes.CONFIG_VERSION = CONFIG_VERSION;
  return { changes, takenOver: isReplacedConnectors(file) };
}

/** @returns settings that keep the behaviour of a replaced connector, until the first start has written them. Empty for other files. */
export function takenOverSettings(file: FileContent): Record<string, unknown> {
  const settings: Record<string, unknown> = {};
  if (!isReplacedConnectors(file)) return settings;
  // Applications may rely on the whole DN, which Auth0 connectors send.
  if (file.ORGANIZATION_UNITS_AS_DN === undefined) settings.ORGANIZATION_UNITS_AS_DN = true;
  // Connections in clear text keep working, with a permanent warning.
  if (file.LDAP_INSECURE_NO_TLS === undefined && file.LDAP_STARTTLS === undefined && wasInClear(file.LDAP_URL))
    settings.LDAP_INSECURE_NO_TLS = true;
  return settings;
}

function isReplacedConnectors(file: FileContent): boolean {
  return file.CONFIG_VERSION === undefined && WRITTEN_BY_CONNECTORS.some((key) => file[key] !== undefined);
}

function wasInClear(ldapUrl: unknown): boolean {
  const url = typeof ldapUrl === 'string' ? ldapUrl.trim() : '';
  return URL.canParse(url) && new URL(url).protocol === 'ldap:' && isInClear(url, { LDAP_STARTTLS: undefined, LDAP_INSECURE_NO_TLS: true });
}
