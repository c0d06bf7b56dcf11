/** Whether what is sent to a directory server is encrypted: a server on another machine is spoken to by TLS unless somebody allows otherwise. */
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

/** Whether passwords cross a network in clear on the way to this server. */
export function isInClear(url: string, settings: TransportSettings): boolean {
  return ldapTransport(url, settings) === 'none' && !isLoopback(new URL(url).hostname);
}
