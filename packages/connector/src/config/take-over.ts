/** What the first start writes into `config.json`, and how a configuration of an installed connector is recognised. */
import { randomBytes } from 'node:crypto';
import type { FileContent } from './config-file.ts';
import { isInClear } from './ldap-transport.ts';

/** Rises when a later version must change what an earlier one wrote. */
const CONFIG_VERSION = 1;

/** Keys that no person types: only an installed connector writes them. */
const WRITTEN_BY_CONNECTORS = ['LAST_SENT_THUMBPRINT', 'TENANT_SIGNING_KEY', 'WSFED_ISSUER', 'FIREWALL_RULE_CREATED', 'AGENT_MODE'];

/** @returns the keys to write, none where this is not the first start */
export function firstStartChanges(file: FileContent): { changes: Record<string, unknown>; takenOver: boolean } {
  const changes: Record<string, unknown> = {};
  if (typeof file.SESSION_SECRET !== 'string' || file.SESSION_SECRET === '') {
    changes.SESSION_SECRET = randomBytes(32).toString('base64url');
  }
  if (file.CONFIG_VERSION !== undefined) return { changes, takenOver: false };
  changes.CONFIG_VERSION = CONFIG_VERSION;
  const takenOver = WRITTEN_BY_CONNECTORS.some((key) => file[key] !== undefined);
  if (!takenOver) return { changes, takenOver };
  // Applications may rely on the whole DN, which is what installed connectors give.
  if (file.ORGANIZATION_UNITS_AS_DN === undefined) changes.ORGANIZATION_UNITS_AS_DN = true;
  // What worked in clear goes on, with a standing warning.
  if (file.LDAP_INSECURE_NO_TLS === undefined && file.LDAP_STARTTLS === undefined && wasInClear(file.LDAP_URL))
    changes.LDAP_INSECURE_NO_TLS = true;
  return { changes, takenOver };
}

function wasInClear(ldapUrl: unknown): boolean {
  const url = typeof ldapUrl === 'string' ? ldapUrl.trim() : '';
  return URL.canParse(url) && new URL(url).protocol === 'ldap:' && isInClear(url, { LDAP_STARTTLS: undefined, LDAP_INSECURE_NO_TLS: true });
}
