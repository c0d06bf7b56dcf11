/**
 * The front channel: the server that users' browsers reach, to sign in by client certificate, Kerberos ticket, a proxy that did Kerberos, or
 * the form. This file builds it from the settings and the hub's description of the connection.
 */
import { resolve } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { getRequestListener } from '@hono/node-server';
import { CodedError, createIpRanges, type Log } from '@landbridge/runtime';
import { federationMetadata, type SigningPair } from '@landbridge/wsfed';
import type { ConnectorSettings } from '../config/settings.ts';
import type { ConnectorSignInEvents } from '../users/sign-in-events.ts';
import { createAttempts } from './attempts.ts';
import type { CheckBearer } from './bearer.ts';
import { type Authorities, configuredAuthorities } from './certificates/authorities.ts';
import { createCertificateCheck } from './certificates/client-certificate.ts';
import { createOcsp } from './certificates/ocsp/ocsp.ts';
import { createAskResponder } from './certificates/ocsp/responder.ts';
import { type Kerberos, openKerberos } from './kerberos/kerberos.ts';
import { identityOfHeader } from './kerberos/proxy-header.ts';
import type { SignInMethods } from './methods.ts';
import { type FrontUsers, frontRoutes } from './routes.ts';
import { type FrontServer, startFrontServer } from './server.ts';
import { readServerCertificate } from './server-certificate.ts';
import { createFrontChannelSessions } from './session.ts';

/** The connection as the hub describes it. */
export interface FrontConnection {
  name: string;
  realm: string;
  wsfedIssuer: string;
  /** The addresses that tokens may go to, the default first. */
  replyAddresses: readonly string[];
  kerberos: boolean;
  clientCertificates: boolean;
  signing: SigningPair;
}

export interface FrontChannel {
  readonly port: number;
  /** Reloads certificates and revocation lists now. */
  renew(): void;
  close(): Promise<void>;
}

export interface FrontChannelOptions {
  settings: ConnectorSettings;
  /** The connector's home; paths in settings are relative to it. */
  folder: string;
  connection: FrontConnection;
  /** SERVER_URL or its default. */
  serverUrl: string;
  users: FrontUsers;
  signIns: ConnectorSignInEvents;
  checkBearer: CheckBearer;
  /** Logs each step of checking a ticket. */
  kerberosDebug?: boolean;
  log: Log;
}

/** Hubs use a token at once; Auth0 expects this lifetime. */
const TOKEN_LIFETIME_MS = 8 * 60 * 60_000;
/** Enough for the ticket of a user in a thousand groups and the other headers. */
const KERBEROS_HEADER_BYTES = 96 * 1024;

export function wantsFrontChannel(
  settings: ConnectorSettings,
  connection: Pick<FrontConnection, 'kerberos' | 'clientCertificates'>,
): boolean {
  return connection.kerberos || connection.clientCertificates || settings.WITH_KERBEROS_PROXY_FRONTEND;
}

/**
 * If Kerberos cannot be opened that is logged, and users get the form.
 *
 * @throws CodedError SERVER_CERTIFICATE_UNUSABLE, CLIENT_CA_UNUSABLE, CLIENT_CRL_UNUSABLE, CA_UNUSABLE, FRONT_CHANNEL_LISTEN_FAILED
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
    const found = configuredAuthorities(settings, folder);
    // Node replaces an empty list with its own authorities.
    return found.certificates.length === 0 ? undefined : found;
  };
  if (connection.clientCertificates && (!hasTls || clients() === undefined)) {
    log.error(
      hasTls
        ? 'Client certificates are on, but CLIENT_CERT_CA and CA_CERT name no authority; users get the form'
        : 'Client certificates are on, but the server has no certificate itself (SSL_PFX, or SSL_CERT and SSL_KEY); users get the form',
    );
  }
  for (const authority of (connection.clientCertificates && clients()?.rootless) || [])
    log.warn(
      { authority },
      'Client certificates of this authority will be rejected: CLIENT_CERT_CRL needs the certificates above it, up to the root',
    );
  if (!hasTls && !hasProxies)
    log.warn('Only browsers on this machine can reach the connector: set SSL_PFX, or SSL_CERT and SSL_KEY, or TRUSTED_PROXIES');
  if (connection.replyAddresses.length === 0) log.warn('The hub has sent no reply address; users cannot sign in through the front channel');

  // If a proxy does Kerberos, this machine has no keytab.
  const wantsKerberos = connection.kerberos && !settings.WITH_KERBEROS_PROXY_FRONTEND;
  if (settings.WITH_KERBEROS_PROXY_FRONTEND && !hasProxies) {
    log.error('WITH_KERBEROS_PROXY_FRONTEND is on, but TRUSTED_PROXIES names no proxy; users get the form');
  }
  const methods: SignInMethods = {
    certificate: connection.clientCertificates ? certificateCheck(() => server, settings, log) : undefined,
    kerberos: wantsKerberos ? await openTickets(options) : undefined,
    proxyHeader: settings.WITH_KERBEROS_PROXY_FRONTEND
      ? (header) => identityOfHeader(header, { rule: settings.KERBEROS_USER, realms: settings.KERBEROS_REALMS })
      : undefined,
  };

  const app = frontRoutes({
    siteName: settings.SITE_NAME ?? connection.name,
    issuer: { issuer: connection.wsfedIssuer, audience: connection.realm, lifetimeMs: TOKEN_LIFETIME_MS, signing: connection.signing },
    replyAddresses: connection.replyAddresses,
    metadata: federationMetadata({ issuer: connection.wsfedIssuer, certificate: connection.signing.certificate, serverUrl }),
    serverUrl,
    users,
    signIns: options.signIns,
    methods,
    sessions: createFrontChannelSessions({
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
          if (found === undefined)
            throw new CodedError('SERVER_CERTIFICATE_UNUSABLE', 'The certificate for browsers is no longer configured');
          return { certificate: found, clients: clients() };
        }
      : undefined,
    answer(request, response) {
      listener(request, response).catch((error: unknown) => log.error({ err: error }, 'Request failed'));
    },
    log,
  });
  log.info({ port: server.port, tls: hasTls }, `Front channel ready at ${serverUrl}/wsfed`);
  const opened = server;
  return { port: opened.port, renew: opened.renew, close: () => opened.close(settings.SHUTDOWN_GRACE_MS) };
}

/** A connector without tickets is better than none: users get the form. */
async function openTickets({ settings, folder, kerberosDebug = false, log }: FrontChannelOptions): Promise<Kerberos | undefined> {
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
    log.error({ err: error }, 'Kerberos is on, but tickets cannot be checked; users get the form');
    return undefined;
  }
}

/** Reuses a check until the authorities change, because parsing their certificates takes longer than checking one. */
function certificateCheck(server: () => FrontServer | undefined, settings: ConnectorSettings, log: Log): SignInMethods['certificate'] {
  const { CLIENT_CERT_USER: by, CLIENT_CERT_OCSP: asks, CLIENT_CERT_OCSP_URL: url } = settings;
  const now = () => new Date();
  const fallback = url === undefined ? undefined : new URL(url);
  if (!asks && fallback !== undefined) log.warn('CLIENT_CERT_OCSP_URL has no effect: CLIENT_CERT_OCSP is off');
  const checkStatus = asks ? createOcsp({ ask: createAskResponder(settings), fallback, now, log }) : undefined;
  let current: { clients: Authorities; check: ReturnType<typeof createCertificateCheck> } | undefined;
  return async (socket: TLSSocket) => {
    const clients = server()?.clientsOf(socket);
    if (clients === undefined) return undefined;
    if (current?.clients !== clients)
      current = { clients, check: createCertificateCheck({ authorities: clients.certificates, by, checkStatus, now }) };
    const identity = await current.check(socket, server()?.certificatesOf(socket) ?? []);
    if (identity === undefined || 'refused' in identity || server()?.clientsOf(socket) === clients) return identity;
    return { refused: 'authorities or revocation lists changed during the check', subject: identity.principal };
  };
}
