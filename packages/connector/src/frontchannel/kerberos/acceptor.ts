/** What checks tickets on this machine: Windows itself, and elsewhere MIT Kerberos with a keytab. */
import type { Log } from '@landbridge/runtime';
import { openGssapi } from './gssapi.ts';
import { openSspi } from './sspi.ts';

/** What a ticket says once it has been checked. */
export interface AcceptedContext {
  /** `alice@FABRIKAM.LOCAL`, with backslashes before special characters (RFC 1964, section 2.1.1). */
  principal: string;
  /** The service that the ticket is for: `HTTP/sso.fabrikam.local@FABRIKAM.LOCAL` */
  target: string;
  /** Proves to the browser that the service is who it wanted. */
  responseToken: Buffer | undefined;
}

/** @throws whatever the library says that is wrong with the token, the key or the replay cache */
export type AcceptToken = (token: Buffer) => Promise<AcceptedContext>;

export interface Acceptor {
  accept: AcceptToken;
  /** Whose people are taken where KERBEROS_REALMS does not say it. */
  realms: readonly string[];
  /** Where the key comes from, for the log. */
  source: Readonly<Record<string, unknown>>;
}

/**
 * @param keytab KERBEROS_KEYTAB, as an absolute path; Windows needs none
 * @throws KERBEROS_UNAVAILABLE, KERBEROS_KEYTAB_UNUSABLE
 */
export async function openAcceptor({ keytab, log }: { keytab: string | undefined; log: Log }): Promise<Acceptor> {
  if (process.platform !== 'win32') return openGssapi({ keytab, log });
  if (keytab !== undefined) log.warn('KERBEROS_KEYTAB is ignored: Windows has the key of the account that this service runs as');
  return openSspi();
}
