/** How connections to a directory server are encrypted: always, unless it is local or clear text is explicitly allowed. */
import { isLoopback } from './loopback.ts';
import type { ConnectorSettings } from './settings.ts';

export type TransportSettings = Pick<ConnectorSettings, 'LDAP_STARTTLS' | 'LDAP_INSECURE_NO_TLS'>;

/** @param url `ldap://` or `ldaps://` */
export function ldapTransport(url: string, settings: TransportSettings): 'ldaps' | 'starttls' | 'none' {
  const { protocol, hostname } = new URL(url);
  if (protocol === 'ldaps:') return 'ldaps';
  if (settings.LDAP_STARTTLS === true) return 'starttls';
  return isLoopback(hostname) || settings.LDAP_INSECURE_NO_TLS ? 'none' : 'starttls';
}

/** @returns whether passwords cross a network in clear text on the way to this server */
export function isInClear(url: string, settings: TransportSettings): boolean {
  return ldapTransport(url, settings) === 'none' && !isLoopback(new URL(url).hostname);
}
