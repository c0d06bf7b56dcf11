/**
 * The server that browsers reach: HTTPS with the certificate of the settings, or plain HTTP for trusted proxies and on this machine. It
 * owns the renewal of certificates and revocation lists, and knows which client certificates a renewal has made stale.
 */

import { constants, type X509Certificate } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerOptions } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket, Server as TlsServer } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import { CodedError, type IpRanges, type Log, watchFiles } from '@landbridge/runtime';
import { createWebServer, plainAddress, type WebServer } from '@landbridge/web';
import type { TlsKeyPair } from '../config/key-pair.ts';
import type { Authorities } from './certificates/authorities.ts';
import { keepShownCertificates } from './certificates/shown-certificates.ts';

/** What TLS needs from files and settings. */
export interface TlsMaterial {
  certificate: TlsKeyPair;
  /** Undefined if clients are not asked for a certificate. */
  clients: Authorities | undefined;
}

export interface FrontServer {
  readonly port: number;
  /** Reads the files again now, not only every minute. */
  renew(): void;
  /** The authorities of client certificates; undefined for a stale socket, or if clients are not asked for one. */
  clientsOf(socket: Socket): Authorities | undefined;
  /** The certificate chain that the client sent, if any. */
  certificatesOf(socket: TLSSocket): readonly X509Certificate[];
  /** The authorities or revocation lists were renewed since its client certificate was checked. */
  isStale(socket: Socket): boolean;
  /** Stops listening, and waits up to `graceMs` for requests in flight. */
  close(graceMs: number): Promise<void>;
}

/** Longer than users need between the page and its form would only hold sockets. */
const KEEP_ALIVE_MS = 20_000;
const MAX_CONNECTIONS = 2000;

/**
 * @param options.material reads what TLS needs, also while the server runs; undefined: plain HTTP
 * @param options.address undefined: all addresses, or loopback only in plain HTTP without a proxy
 * @throws CodedError FRONT_CHANNEL_LISTEN_FAILED, and what `material` throws
 */
export async function startFrontServer(options: {
  port: number;
  address: string | undefined;
  maxHeaderBytes: number;
  proxies: IpRanges;
  hasProxies: boolean;
  material: (() => TlsMaterial) | undefined;
  answer: RequestListener;
  log: Log;
  limits?: ServerOptions;
}): Promise<FrontServer> {
  const { proxies, hasProxies, material, log } = options;
  let inUse: TlsMaterial | undefined;
  /** Of each socket, what its client certificate was checked with. */
  const checkedWith = new WeakMap<Socket, Authorities | undefined>();
  let server: WebServer | undefined;

  const watch =
    material &&
    watchFiles({
      what: 'the front channel',
      read: material,
      use(found) {
        // If only the server's certificate changed, client certificates need no new check.
        inUse = isDeepStrictEqual(found.clients, inUse?.clients) ? { ...found, clients: inUse?.clients } : found;
        server?.renewTls(secureOptions(inUse));
        server?.http.closeIdleConnections();
      },
      log,
    });

  const requestCert = inUse?.clients !== undefined;
  server = createWebServer({
    proxies: { trusted: proxies, acceptsUser: true },
    limits: { keepAliveTimeout: KEEP_ALIVE_MS, maxHeaderSize: options.maxHeaderBytes, ...options.limits },
    maxConnections: MAX_CONNECTIONS,
    tls: inUse && { ...secureOptions(inUse), requestCert, rejectUnauthorized: false },
    log,
    answer(request, response) {
      if (inUse !== undefined || mayBePlain(request)) return options.answer(request, response);
      // Only trusted proxies may forward passwords unencrypted.
      response.writeHead(403, { 'Content-Type': 'text/plain', Connection: 'close' }).end('Encrypted connections only\n');
    },
  });
  const { http } = server;
  const shown = requestCert && http instanceof TlsServer ? keepShownCertificates(http) : undefined;
  http.on('secureConnection', (socket: TLSSocket) => {
    checkedWith.set(socket, inUse?.clients);
    // Empties OpenSSL's error queue. A certificate with an invalid signature (of an authority that has the name of one of ours) leaves an
    // entry there; Node, still reading the same handshake, would take it for a failure and close the connection before the form is sent.
    socket.getPeerX509Certificate();
  });

  function mayBePlain({ socket }: IncomingMessage): boolean {
    const peer = plainAddress(socket.remoteAddress) ?? '';
    return proxies.has(peer) || peer === '::1' || peer.startsWith('127.');
  }

  const isStale = (socket: Socket) => socket instanceof TLSSocket && checkedWith.get(socket) !== inUse?.clients;
  const address = options.address ?? (material === undefined && !hasProxies ? '127.0.0.1' : undefined);
  const port = await server.listen(options.port, address).catch((cause: unknown) => {
    watch?.stop();
    throw new CodedError(
      'FRONT_CHANNEL_LISTEN_FAILED',
      `The connector cannot listen on ${address ?? 'all addresses'} port ${options.port}`,
      {
        cause,
        action: 'Choose another PORT or LISTEN_ADDRESS, or end the program that uses it.',
      },
    );
  });

  return {
    port,
    renew: () => watch?.check(),
    clientsOf: (socket) => (isStale(socket) ? undefined : inUse?.clients),
    certificatesOf: (socket) => shown?.of(socket) ?? [],
    isStale,
    async close(graceMs) {
      watch?.stop();
      await server.finishRequests(graceMs);
      await server.end();
    },
  };
}

function secureOptions({ certificate, clients }: TlsMaterial) {
  return {
    ...certificate,
    ...(clients === undefined ? {} : { ca: clients.anchors }),
    ...(clients === undefined || clients.revocationLists.length === 0 ? {} : { crl: clients.revocationLists }),
    // A resumed session would keep the verdict on a client certificate from before its revocation.
    secureOptions: clients === undefined ? 0 : constants.SSL_OP_NO_TICKET,
  };
}
