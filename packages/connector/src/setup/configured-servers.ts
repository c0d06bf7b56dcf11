/** The directory servers that the settings name, and their certificates as they are seen on the network. */
import type { Socket } from 'node:net';
import { createLog, type Log } from '@landbridge/runtime';
import type { TlsKeyPair } from '../config/key-pair.ts';
import { ldapTransport } from '../config/ldap-transport.ts';
import type { Config } from '../config/load.ts';
import type { ConnectorSettings } from '../config/settings.ts';
import { connect, type ServerAddress } from '../ldap/connect.ts';
import type { DirectoryOptions } from '../ldap/directory.ts';
import { RESULT, resultText } from '../ldap/errors.ts';
import { START_TLS_OID } from '../ldap/messages.ts';
import { createDiscovery } from '../ldap/servers/discovery.ts';
import { tlsFailed } from '../ldap/tls-failure.ts';
import { readDirectoryCertificate } from '../network/directory-certificate.ts';
import { openSocket } from '../network/open-socket.ts';
import { type OfferedCertificate, type SeenCertificate, seeCertificate } from '../network/seen-certificate.ts';
import { configuredCertificates } from '../network/trust.ts';

/** The servers of LDAP_URL, or a function that asks DNS for them. */
export function configuredServers(values: ConnectorSettings, log: Log): DirectoryOptions['servers'] {
  const urls = (values.LDAP_URL ?? []).map((url) => ({
    url,
    tls: ldapTransport(url, values) === 'none' ? ('none' as const) : ('starttls' as const),
  }));
  return createDiscovery({ urls, dnsServers: values.LDAP_DNS_SERVERS, trustedDomains: values.LDAP_TRUSTED_DOMAINS, log });
}

/**
 * Handshakes with the server whatever its certificate is, and sends nothing else but StartTLS.
 *
 * @throws LdapError LDAP_TLS_FAILED; what `openSocket` throws
 */
export async function seeServerCertificate(
  address: ServerAddress,
  options: { configured: readonly string[]; clientCertificate: TlsKeyPair | undefined; timeoutMs: number; signal: AbortSignal },
): Promise<SeenCertificate> {
  const { configured, clientCertificate, timeoutMs, signal } = options;
  const socket = address.tls === 'ldaps' ? await tcpTo(address, signal, timeoutMs) : await startTls(address, timeoutMs, signal);
  try {
    return await seeCertificate(socket, { host: address.host, configured, clientCertificate, signal });
  } catch (error) {
    throw tlsFailed(address.url, error, clientCertificate !== undefined);
  }
}

export interface OfferingServer {
  url: string;
  offered: OfferedCertificate;
}

/**
 * Asks every server of LDAP_URL for its certificate. Servers that cannot be reached are left out: the other checks report them.
 *
 * @returns the servers whose issuer is unknown, each with the certificate that an administrator can trust instead: `withTrusted`
 * @throws CodedError CA_UNUSABLE, LDAP_CLIENT_CERTIFICATE_UNUSABLE, LDAP_DISCOVERY_FAILED
 */
export async function serversOfUnknownIssuers(
  { values, home }: Pick<Config, 'values' | 'home'>,
  signal: AbortSignal,
): Promise<OfferingServer[]> {
  const { log } = createLog({ level: 'error', format: 'json', destination: { write: () => {} } });
  const found = configuredServers(values, log);
  const addresses = typeof found === 'function' ? await found() : found;
  const options = {
    configured: configuredCertificates(values),
    clientCertificate: readDirectoryCertificate(values, home.folder),
    timeoutMs: values.LDAP_CONNECT_TIMEOUT_MS,
    signal,
  };
  const seen = await Promise.all(
    addresses
      .filter(({ tls }) => tls !== 'none')
      .map(async (address): Promise<OfferingServer[]> => {
        const offered = await seeServerCertificate(address, options).then(
          (certificate) => certificate.offered,
          () => undefined,
        );
        return offered === undefined ? [] : [{ url: address.url, offered }];
      }),
  );
  return seen.flat();
}

/** @returns the value of CA_CERT that also trusts this certificate */
export function withTrusted({ CA_CERT }: Pick<ConnectorSettings, 'CA_CERT'>, { pem }: Pick<OfferedCertificate, 'pem'>): string[] {
  return CA_CERT.some((text) => text.includes(pem.trim())) ? [...CA_CERT] : [...CA_CERT, pem];
}

export function tcpTo({ host, port, lookup }: ServerAddress, signal: AbortSignal, timeoutMs: number): Promise<Socket> {
  return openSocket({ host, port, ...(lookup && { lookup }) }, signal, timeoutMs);
}

/** @returns the socket on which the server agreed to TLS; @throws LdapError why not */
async function startTls(address: ServerAddress, timeoutMs: number, signal: AbortSignal) {
  const plain = await connect({
    address: { ...address, tls: 'none' },
    tls: { ca: undefined, insecureSkipVerify: false },
    timeoutMs,
    signal,
  });
  const { resultCode } = await plain.extended(START_TLS_OID, { timeoutMs, signal });
  if (resultCode === RESULT.success) return plain.detach();
  plain.close();
  throw tlsFailed(address.url, new Error(`StartTLS failed with ${resultText(resultCode)}: the server needs a certificate`));
}
