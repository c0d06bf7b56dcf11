/** Opens a connection to a directory server: TCP, then TLS at once (`ldaps://`) or by StartTLS, within one deadline. */
import net, { type LookupFunction } from 'node:net';
import tls from 'node:tls';
import { networkAdvice, timedOut } from '@landbridge/runtime';
import { createLdapConnection, type LdapConnection, type OperationOptions } from './connection.ts';
import { LdapError, RESULT, resultText } from './errors.ts';
import { type LdapResult, START_TLS_OID } from './messages.ts';
import { tlsFailed } from './tls-failure.ts';

export interface ServerAddress {
  /** As in the settings: `ldaps://dc1.fabrikam.local:636`. */
  url: string;
  host: string;
  port: number;
  tls: 'none' | 'ldaps' | 'starttls';
  /** Resolves the host; undefined: the system's resolver. */
  lookup?: LookupFunction;
}

export interface TlsOptions {
  /** PEM texts trusted beside the system's and Node's own. Undefined: only those two. */
  ca: readonly string[] | undefined;
  /** The connector's own certificate, for servers that demand one. */
  clientCertificate?: { pfx: Buffer; passphrase: string } | { cert: string; key: string; passphrase: string } | undefined;
  /** Accepts any certificate: a man in the middle can read every password. */
  insecureSkipVerify: boolean;
}

export interface ConnectOptions {
  address: ServerAddress;
  tls: TlsOptions;
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

/**
 * @param url `ldap://` or `ldaps://`, host and optional port; the rest is ignored
 * @param tls for an `ldap://` URL: `starttls` asks the server for TLS and continues only if it agrees
 */
export function serverAddress(url: string, tls: 'starttls' | 'none'): ServerAddress {
  const parsed = new URL(url);
  const ldaps = parsed.protocol === 'ldaps:';
  return {
    url: `${parsed.protocol}//${parsed.host}`,
    // Only URLs put IPv6 addresses in brackets.
    host: parsed.hostname.replace(/^\[|\]$/g, '') || 'localhost',
    port: parsed.port === '' ? (ldaps ? 636 : 389) : Number(parsed.port),
    tls: ldaps ? 'ldaps' : tls,
  };
}

/**
 * @returns a connection on which nothing has been sent except StartTLS
 * @throws LDAP_UNREACHABLE, LDAP_TLS_FAILED, LDAP_TIMEOUT, LDAP_PROTOCOL, LDAP_ABORTED
 */
export async function connect(options: ConnectOptions): Promise<LdapConnection> {
  const { address } = options;
  const deadline = Date.now() + options.timeoutMs;
  const left = () => Math.max(1, deadline - Date.now());
  const socket = net.connect({
    host: address.host,
    port: address.port,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: 30_000,
    ...(address.lookup && { lookup: address.lookup }),
  });
  await event(socket, 'connect', left(), options.signal, (cause) => unreachable(address, cause));
  if (address.tls === 'none') return createLdapConnection(socket, address.url, false);
  if (address.tls === 'starttls') {
    const plain = createLdapConnection(socket, address.url, false);
    const { resultCode, diagnosticMessage } = await startTls(plain, address, { timeoutMs: left(), signal: options.signal });
    if (resultCode !== RESULT.success) {
      plain.close();
      throw new LdapError('LDAP_TLS_FAILED', `${address.url} refused StartTLS: ${resultText(resultCode)} ${diagnosticMessage}`.trimEnd(), {
        resultCode,
        action:
          'Give the server a certificate, or use ldaps:// if it offers that; LDAP_INSECURE_NO_TLS lets passwords cross the network in clear text',
      });
    }
    plain.detach();
  }
  const presented = options.tls.clientCertificate !== undefined;
  const secure = tls.connect({
    socket,
    host: address.host,
    // SNI accepts names only (RFC 6066, section 3); the certificate is verified against the host in either case.
    ...(net.isIP(address.host) ? {} : { servername: address.host }),
    ...(options.tls.ca === undefined ? {} : { ca: [...options.tls.ca] }),
    ...options.tls.clientCertificate,
    // A configured certificate is trusted although its own issuer is not: many servers send only their own certificate.
    allowPartialTrustChain: true,
    rejectUnauthorized: !options.tls.insecureSkipVerify,
    minVersion: 'TLSv1.2',
  });
  await event(secure, 'secureConnect', left(), options.signal, (cause) => tlsFailed(address.url, cause, presented));
  return createLdapConnection(secure, address.url, true, presented);
}

/** A port that speaks TLS from the first byte does not understand the request and hangs up. */
async function startTls(plain: LdapConnection, address: ServerAddress, operation: OperationOptions): Promise<LdapResult> {
  try {
    return await plain.extended(START_TLS_OID, operation);
  } catch (error) {
    if (!(error instanceof LdapError) || error.code !== 'LDAP_CONNECTION_LOST') throw error;
    throw new LdapError('LDAP_TLS_FAILED', `${address.url} closed the connection instead of answering StartTLS`, {
      cause: error,
      action: 'If this port speaks TLS from the start, use ldaps:// in LDAP_URL',
    });
  }
}

/** Waits for the event; on error, close, timeout or abort it destroys the socket and throws. */
function event(
  socket: net.Socket,
  name: 'connect' | 'secureConnect',
  timeoutMs: number,
  signal: AbortSignal | undefined,
  asError: (cause: unknown) => LdapError,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (error?: LdapError) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      socket.removeListener(name, onEvent);
      socket.removeListener('error', onError);
      socket.removeListener('close', onClose);
      if (error === undefined) return resolve();
      // A destroyed socket may still emit an error, which would end the process without a listener.
      socket.on('error', () => {});
      socket.destroy();
      reject(error);
    };
    const onEvent = () => finish();
    const onError = (error: Error) => finish(asError(error));
    const onClose = () => finish(asError(new Error('the server closed the connection')));
    const onAbort = () => finish(new LdapError('LDAP_ABORTED', 'The caller gave up'));
    const timer = setTimeout(() => finish(asError(timedOut(timeoutMs))), timeoutMs);
    if (signal?.aborted) return onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    socket.once(name, onEvent);
    socket.once('error', onError);
    socket.once('close', onClose);
  });
}

/** @param cause what the network reported */
export function unreachable(address: Pick<ServerAddress, 'url' | 'host' | 'port'>, cause: unknown): LdapError {
  const advice = networkAdvice(cause, address);
  const reason = advice === undefined ? '' : `: ${advice.reason}`;
  return new LdapError('LDAP_UNREACHABLE', `The directory server ${address.url} cannot be reached${reason}`, {
    cause,
    action:
      advice?.action ??
      `Check LDAP_URL, name resolution, and that a firewall lets this machine connect to ${address.host} port ${address.port}`,
  });
}
