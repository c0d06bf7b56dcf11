/** Checks tickets with what this machine has: Windows itself, elsewhere MIT Kerberos with a keytab. */
import type { Log } from '@landbridge/runtime';
import { openGssapi } from './gssapi.ts';
import { openSspi } from './sspi.ts';

/** The content of an accepted ticket. */
export interface AcceptedContext {
  /** `alice@FABRIKAM.LOCAL`, with backslashes before special characters (RFC 1964, section 2.1.1). */
  principal: string;
  /** The service: `HTTP/sso.fabrikam.local@FABRIKAM.LOCAL`. */
  target: string;
  /** Proves to the browser that it reached the right service. */
  responseToken: Buffer | undefined;
}

/** @throws the library's error about the token, the key or the replay cache */
export type AcceptToken = (token: Buffer) => Promise<AcceptedContext>;

export interface Acceptor {
  accept: AcceptToken;
  /** Trusted unless KERBEROS_REALMS is set. */
  realms: readonly string[];
  /** The origin of the key, for the log. */
  source: Readonly<Record<string, unknown>>;
}

/**
 * @param keytab KERBEROS_KEYTAB, as an absolute path; Windows needs none
 * @throws CodedError KERBEROS_UNAVAILABLE, KERBEROS_KEYTAB_UNUSABLE
 */
export async function openAcceptor({ keytab, log }: { keytab: string | undefined; log: Log }): Promise<Acceptor> {
  if (process.platform !== 'win32') return openGssapi({ keytab, log });
  if (keytab !== undefined) log.warn('KERBEROS_KEYTAB has no effect: Windows has the key of the account that this service runs as');
  return openSspi();
}
