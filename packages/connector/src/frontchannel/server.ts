/**
 * The server that browsers reach: HTTPS with the certificate of the settings, or plain HTTP for a proxy that is named, or on this machine
 * only. It owns limits, the renewal of certificates and revocation lists, and the stop; what is answered is not its business.
 */

import { constants, type X509Certificate } from 'node:crypto';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import { CodedError, errorText, type IpRanges, type Log } from '@landbridge/runtime';
import { plainAddress } from '@landbridge/web';
import type { Authorities } from './certificates/authorities.ts';
import { keepShownCertificates, type ShownCertificates } from './certificates/shown-certificates.ts';
import type { ServerCertificate } from './server-certificate.ts';

/** Everything of TLS that stands in files or settings. */
export interface TlsMaterial {
  certificate: ServerCertificate;
  /** Undefined where clients are not asked for a certificate. */
  clients: Authorities | undefined;
}

export interface FrontServer {
  readonly port: number;
  /** Reads the files again, now; it happens each minute anyway. */
  renew(): void;
  /** Whose client certificates are taken; undefined for a socket that is stale, or where nobody is asked for one. */
  clientsOf(socket: Socket): Authorities | undefined;
  /** What the client showed; empty where it showed none, or nobody asked. */
  certificatesOf(socket: TLSSocket): readonly X509Certificate[];
  /** Its client certificate was checked with authorities and lists that were renewed since. */
  isStale(socket: Socket): boolean;
  /** Takes nothing new; requests under way get `graceMs`. */
  close(graceMs: number): Promise<void>;
}

const LIMITS = {
  /** A whole request has to be there after this: against senders that hold sockets by being slow. */
  requestTimeout: 20_000,
  headersTimeout: 10_000,
  connectionsCheckingInterval: 5_000,
  /** Longer than a person needs between the page and its form would only hold sockets. */
  keepAliveTimeout: 20_000,
} as const satisfies ServerOptions;
const MAX_HEADERS = 100;
const MAX_CONNECTIONS = 2000;
const HANDSHAKE_TIMEOUT_MS = 10_000;
const RENEWAL_MS = 60_000;

/**
 * @param options.material reads what TLS needs; undefined: plain HTTP. It is called again while the server runs
 * @param options.address undefined: all of this machine; in plain HTTP without a proxy, loopback only
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
  const limits: ServerOptions = { ...LIMITS, maxHeaderSize: options.maxHeaderBytes, ...options.limits };
  let inUse = material?.();
  let server: Server;
  /** Of each socket, what its certificate was checked with. */
  const checkedWith = new WeakMap<Socket, Authorities | undefined>();
  let shown: ShownCertificates | undefined;

  const answer: RequestListener = (request, response) => {
    const { 'transfer-encoding': encoding = 'chunked' } = request.headers;
    if (encoding.toLowerCase() === 'chunked') return options.answer(request, response);
    // Node reads `identity, chunked` as chunked. A proxy that does not would see another end of the request, and another one behind it.
    refuse(response, 400, 'Only chunked\n');
  };

  if (material === undefined || inUse === undefined) {
    server = createServer(limits, (request, response) => {
      if (mayBePlain(request)) return answer(request, response);
      // Whoever is no proxy of ours would send a password in clear.
      refuse(response, 403, 'Encrypted connections only\n');
    });
  } else {
    const asks = inUse.clients !== undefined;
    const tls = createTlsServer(
      { ...limits, ...secureOptions(inUse), requestCert: asks, rejectUnauthorized: false, handshakeTimeout: HANDSHAKE_TIMEOUT_MS },
      answer,
    );
    shown = asks ? keepShownCertificates(tls) : undefined;
    tls.on('secureConnection', (socket) => {
      checkedWith.set(socket, inUse?.clients);
      // Asked for its effect: it empties OpenSSL's list of errors. A certificate with a wrong signature (of an authority that has the name of
      // one of ours) leaves an entry there, and Node, still in the same read of the handshake, would take it for a failure and end the
      // connection: the person would get nothing in place of the form.
      socket.getPeerX509Certificate();
    });
    tls.on('tlsClientError', (error, socket) => log.debug({ err: error, address: socket.remoteAddress }, 'TLS failed'));
    server = tls;
  }
  server.maxHeadersCount = MAX_HEADERS;
  server.maxConnections = MAX_CONNECTIONS;

  function mayBePlain({ socket }: IncomingMessage): boolean {
    const peer = plainAddress(socket.remoteAddress) ?? '';
    return proxies.has(peer) || peer === '::1' || peer.startsWith('127.');
  }

  let lastProblem: string | undefined;
  function renew(): void {
    if (material === undefined) return;
    try {
      const found = material();
      lastProblem = undefined;
      if (isDeepStrictEqual(found, inUse)) return;
      // Where only the server's certificate is another, those of clients are as good as before.
      if (isDeepStrictEqual(found.clients, inUse?.clients)) found.clients = inUse?.clients;
      if ('setSecureContext' in server && typeof server.setSecureContext === 'function') server.setSecureContext(secureOptions(found));
      inUse = found;
      server.closeIdleConnections();
      log.info('The renewed certificates of the front channel are in use');
    } catch (error) {
      // Files that are being replaced do not fit each other for a moment; the next look finds them whole.
      if (errorText(error) !== lastProblem)
        log.error({ err: error }, 'Certificates of the front channel changed and cannot be used; those before stay');
      lastProblem = errorText(error);
    }
  }

  const isStale = (socket: Socket) => socket instanceof TLSSocket && checkedWith.get(socket) !== inUse?.clients;
  const address = options.address ?? (material === undefined && !hasProxies ? '127.0.0.1' : undefined);
  const port = await listen(server, options.port, address);
  const timer = setInterval(renew, RENEWAL_MS);
  timer.unref();

  return {
    port,
    renew,
    clientsOf: (socket) => (isStale(socket) ? undefined : inUse?.clients),
    certificatesOf: (socket) => shown?.of(socket) ?? [],
    isStale,
    async close(graceMs) {
      clearInterval(timer);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeIdleConnections();
      const end = setTimeout(() => server.closeAllConnections(), graceMs);
      await closed;
      clearTimeout(end);
    },
  };
}

/** Nothing else is read on this connection. */
function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain', Connection: 'close' }).end(text);
}

function secureOptions({ certificate, clients }: TlsMaterial) {
  return {
    ...certificate,
    // TLS 1.0 and 1.1 are not to be used any more (RFC 8996).
    minVersion: 'TLSv1.2' as const,
    ...(clients === undefined ? {} : { ca: clients.anchors }),
    ...(clients === undefined || clients.revocationLists.length === 0 ? {} : { crl: clients.revocationLists }),
    // A resumed session would bring the verdict on a certificate from before a revocation.
    secureOptions: clients === undefined ? 0 : constants.SSL_OP_NO_TICKET,
  };
}

function listen(server: Server, port: number, address: string | undefined): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new CodedError('FRONT_CHANNEL_LISTEN_FAILED', `The connector cannot listen on ${address ?? 'all addresses'} port ${port}`, {
          cause,
          action: 'Choose another PORT or LISTEN_ADDRESS, or end the program that has it.',
        }),
      ),
    );
    server.listen({ port, ...(address === undefined ? {} : { host: address }) }, () => {
      const bound: AddressInfo | string | null = server.address();
      resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
    });
  });
}
