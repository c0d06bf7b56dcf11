/**
 * The front channel: the server on which people's browsers reach the connector, to sign in with a certificate, a Kerberos ticket, by a
 * proxy that did Kerberos, or else with a form. It is put together here from settings and from what the hub says of the connection.
 */
import { resolve } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { getRequestListener } from '@hono/node-server';
import { CodedError, createIpRanges, type Log } from '@landbridge/runtime';
import { noteClientContext } from '@landbridge/web';
import { federationMetadata, type SigningPair } from '@landbridge/wsfed';
import type { ConnectorSettings } from '../config/settings.ts';
import { configuredCertificates } from '../network/trust.ts';
import { createAttempts } from './attempts.ts';
import type { CheckBearer } from './bearer.ts';
import { type Authorities, readAuthorities } from './certificates/authorities.ts';
import { createCertificateCheck } from './certificates/client-certificate.ts';
import { createOcsp } from './certificates/ocsp/ocsp.ts';
import { createAskResponder } from './certificates/ocsp/responder.ts';
import { type Kerberos, openKerberos } from './kerberos/kerberos.ts';
import { personOfHeader } from './kerberos/proxy-header.ts';
import { type FrontUsers, frontRoutes } from './routes.ts';
import { type FrontServer, startFrontServer } from './server.ts';
import { readServerCertificate } from './server-certificate.ts';
import { createSessions } from './session.ts';
import type { Ways } from './ways.ts';

/** What the hub says of the connection. */
export interface FrontConnection {
  name: string;
  realm: string;
  wsfedIssuer: string;
  /** What stands under the realm's key, the usual one first. */
  replyAddresses: readonly string[];
  kerberos: boolean;
  clientCertificates: boolean;
  signing: SigningPair;
}

export interface FrontChannel {
  readonly port: number;
  /** Reads certificates and revocation lists again, now. */
  renew(): void;
  close(): Promise<void>;
}

export interface FrontChannelOptions {
  settings: ConnectorSettings;
  /** The connector's home: paths of settings are relative to it. */
  folder: string;
  connection: FrontConnection;
  /** SERVER_URL, or what it is where it is not set. */
  serverUrl: string;
  users: FrontUsers;
  checkBearer: CheckBearer;
  /** Logs each step of each ticket. */
  kerberosDebug?: boolean;
  log: Log;
}

/** Hubs use a token at once; Auth0 expects this lifetime. */
const TOKEN_LIFETIME_MS = 8 * 60 * 60_000;
/** What a ticket of a person in a thousand groups needs, with the other headers. */
const KERBEROS_HEADER_BYTES = 96 * 1024;

export function wantsFrontChannel(
  settings: ConnectorSettings,
  connection: Pick<FrontConnection, 'kerberos' | 'clientCertificates'>,
): boolean {
  return connection.kerberos || connection.clientCertificates || settings.WITH_KERBEROS_PROXY_FRONTEND;
}

/**
 * @throws CodedError SERVER_CERTIFICATE_UNUSABLE, CLIENT_CA_UNUSABLE, CLIENT_CRL_UNUSABLE, CA_UNUSABLE, FRONT_CHANNEL_LISTEN_FAILED. What keeps
 *   Kerberos from working is logged, and people get the form
 */
export async function openFrontChannel(options: FrontChannelOptions): Promise<FrontChannel> {
  const { settings, folder, connection, serverUrl, users, checkBearer, log } = options;
  const proxies = createIpRanges(settings.TRUSTED_PROXIES);
  const hasProxies = settings.TRUSTED_PROXIES.length > 0;
  const certificate = () => readServerCertificate(settings, folder);
  const hasTls = certificate() !== undefined;
  let server: FrontServer | undefined;

  const clients = (): Authorities | undefined => {
    if (!connection.clientCertificates) return undefined;
    const { CLIENT_CERT_CA: given, CLIENT_CERT_CRL: listPaths } = settings;
    const found = readAuthorities({ given, trusted: configuredCertificates(settings), listPaths, folder });
    // Node would take its own list of authorities in place of an empty one: anybody's certificates.
    return found.certificates.length === 0 ? undefined : found;
  };
  if (connection.clientCertificates && (!hasTls || clients() === undefined)) {
    log.error(
      hasTls
        ? 'Client certificates are on, and no authority is set whose certificates are taken (CLIENT_CERT_CA or CA_CERT): people get the form'
        : 'Client certificates are on, and can be shown to a server with a certificate only (SSL_PFX, or SSL_CERT and SSL_KEY): people get the form',
    );
  }
  for (const authority of (connection.clientCertificates && clients()?.rootless) || [])
    log.warn({ authority }, 'Its client certificates are refused: CLIENT_CERT_CRL needs the certificates above it, up to the root');
  if (!hasTls && !hasProxies)
    log.warn('Browsers reach the connector on this machine only: set SSL_PFX, or SSL_CERT and SSL_KEY, or TRUSTED_PROXIES');
  if (connection.replyAddresses.length === 0) log.warn('The hub has told no reply address: nobody can sign in by the front channel');

  // Where a proxy does Kerberos, there is no keytab here.
  const wantsKerberos = connection.kerberos && !settings.WITH_KERBEROS_PROXY_FRONTEND;
  if (settings.WITH_KERBEROS_PROXY_FRONTEND && !hasProxies) {
    log.error('WITH_KERBEROS_PROXY_FRONTEND is on, and TRUSTED_PROXIES names no proxy that is to be believed: people get the form');
  }
  const ways: Ways = {
    certificateOf: connection.clientCertificates ? certificateCheck(() => server, settings, log) : undefined,
    kerberos: wantsKerberos ? await tickets(options) : undefined,
    personOfProxy: settings.WITH_KERBEROS_PROXY_FRONTEND
      ? (header) => personOfHeader(header, { rule: settings.KERBEROS_USER, realms: settings.KERBEROS_REALMS })
      : undefined,
  };

  const app = frontRoutes({
    siteName: settings.SITE_NAME ?? connection.name,
    issuer: { issuer: connection.wsfedIssuer, audience: connection.realm, lifetimeMs: TOKEN_LIFETIME_MS, signing: connection.signing },
    replyAddresses: connection.replyAddresses,
    metadata: federationMetadata({ issuer: connection.wsfedIssuer, certificate: connection.signing.certificate, serverUrl }),
    serverUrl,
    users,
    ways,
    sessions: createSessions({
      privateKey: connection.signing.privateKey,
      secret: settings.SESSION_SECRET,
      connection: connection.name,
      minutes: settings.SESSION_MINUTES,
      now: Date.now,
    }),
    attempts: createAttempts(),
    checkBearer,
    isStale: ({ socket }) => connection.clientCertificates && server?.isStale(socket) === true,
    log,
  });
  const listener = getRequestListener((request, env) => app.fetch(request, env));

  server = await startFrontServer({
    port: settings.PORT,
    address: settings.LISTEN_ADDRESS,
    maxHeaderBytes: wantsKerberos ? Math.max(settings.MAX_HEADER_SIZE, KERBEROS_HEADER_BYTES) : settings.MAX_HEADER_SIZE,
    proxies,
    hasProxies,
    material: hasTls
      ? () => {
          const found = certificate();
          if (found === undefined) throw new CodedError('SERVER_CERTIFICATE_UNUSABLE', 'The certificate for browsers is gone');
          return { certificate: found, clients: clients() };
        }
      : undefined,
    answer(request, response) {
      noteClientContext(request, { trusted: proxies, acceptsUser: true });
      listener(request, response).catch((error: unknown) => log.error({ err: error }, 'A request could not be answered'));
    },
    log,
  });
  log.info({ port: server.port, tls: hasTls }, `Browsers reach the connector at ${serverUrl}/wsfed`);
  const opened = server;
  return { port: opened.port, renew: opened.renew, close: () => opened.close(settings.SHUTDOWN_GRACE_MS) };
}

/** Without them people get the form, which is more than no connector. */
async function tickets({ settings, folder, kerberosDebug = false, log }: FrontChannelOptions): Promise<Kerberos | undefined> {
  const { KERBEROS_KEYTAB: keytab, KERBEROS_REALMS: realms, KERBEROS_USER: rule } = settings;
  try {
    return await openKerberos({
      keytab: keytab === undefined ? undefined : resolve(folder, keytab),
      realms,
      rule,
      debug: kerberosDebug,
      log,
    });
  } catch (error) {
    log.error({ err: error }, 'Kerberos is on, and tickets cannot be checked: people get the form');
    return undefined;
  }
}

/** One check for as long as the same authorities hold: reading their certificates takes longer than using them. */
function certificateCheck(server: () => FrontServer | undefined, settings: ConnectorSettings, log: Log): Ways['certificateOf'] {
  const { CLIENT_CERT_USER: by, CLIENT_CERT_OCSP: asks, CLIENT_CERT_OCSP_URL: url } = settings;
  const now = () => new Date();
  const fallback = url === undefined ? undefined : new URL(url);
  if (!asks && fallback !== undefined) log.warn('CLIENT_CERT_OCSP_URL is set, and CLIENT_CERT_OCSP is not on: no responder is asked');
  const checkStatus = asks ? createOcsp({ ask: createAskResponder(settings), fallback, now, log }) : undefined;
  let of: { clients: Authorities; check: ReturnType<typeof createCertificateCheck> } | undefined;
  return async (socket: TLSSocket) => {
    const clients = server()?.clientsOf(socket);
    if (clients === undefined) return { kind: 'none' };
    if (of?.clients !== clients)
      of = { clients, check: createCertificateCheck({ authorities: clients.certificates, by, checkStatus, now }) };
    const verdict = await of.check(socket, server()?.certificatesOf(socket) ?? []);
    if (verdict.kind !== 'accepted' || server()?.clientsOf(socket) === clients) return verdict;
    return { kind: 'refused', reason: 'authorities or lists were renewed while it was checked', subject: verdict.identity.principal };
  };
}
