/**
 * An HTTP or HTTPS server: limits against slow and large senders, the client context of each request, and a stop that lets requests
 * finish. What it answers is up to the caller.
 */
import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, Server as TcpServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { SecureContextOptions, TlsOptions } from 'node:tls';
import type { Log } from '@landbridge/runtime';
import { clientContextOf, noteClientContext, type ProxyPolicy } from './client-context.ts';

const SERVER_LIMITS = {
  /** For a whole request, headers and body: slow senders must not hold sockets. */
  requestTimeout: 20_000,
  headersTimeout: 10_000,
  /** How often Node enforces the two above. */
  connectionsCheckingInterval: 5_000,
  /** Longer than proxies keep idle connections (nginx: 60 s), or they would send a request into a socket that is just being closed. */
  keepAliveTimeout: 75_000,
  maxHeaderSize: 16 * 1024,
} as const satisfies ServerOptions;
const MAX_HEADERS = 100;
const MAX_LOGGED_ENCODING = 100;
const TLS_HANDSHAKE_TIMEOUT_MS = 10_000;
/** Clients that keep a connection busy send their next request within this time, and learn from its response that the connection ends. */
const LAST_REQUESTS_MS = 250;
/** RFC 8996 deprecates TLS 1.0 and 1.1. */
export const TLS_DEFAULTS = { minVersion: 'TLSv1.2' } as const;

export interface WebServer {
  readonly http: Server;
  /** @param address all addresses by default. @returns the port. @throws the system error, such as EADDRINUSE */
  listen(port: number, address?: string): Promise<number>;
  /** New sockets use these options; open ones stay as they are. */
  renewTls(options: SecureContextOptions): void;
  /** Stops listening, and waits up to `graceMs` for requests in flight. */
  finishRequests(graceMs: number): Promise<void>;
  /** Closes all sockets; resolves once those of upgraded connections are closed too. */
  end(): Promise<void>;
}

export function createWebServer(options: {
  answer: RequestListener;
  proxies: ProxyPolicy;
  /** Plain HTTP by default. */
  tls?: TlsOptions | undefined;
  /** In place of single SERVER_LIMITS. */
  limits?: ServerOptions | undefined;
  maxConnections?: number;
  log: Log;
}): WebServer {
  const { answer, proxies, tls, maxConnections, log } = options;
  const limits = { ...SERVER_LIMITS, ...options.limits };
  let inFlight = 0;
  let onIdle = () => {};
  let closed: Promise<void> | undefined;
  let isStopping = false;

  const onRequest: RequestListener = (request, response) => {
    noteClientContext(request, proxies);
    if (isStopping) response.shouldKeepAlive = false;
    inFlight++;
    response.on('close', () => {
      inFlight--;
      if (inFlight === 0) onIdle();
    });
    const { 'transfer-encoding': encoding = 'chunked' } = request.headers;
    // Node reads `identity, chunked` as chunked. A proxy that does not would see another end of this request, and a second one behind it.
    if (encoding.toLowerCase() === 'chunked') return answer(request, response);
    log.warn(
      { remoteAddress: clientContextOf(request).address, encoding: encoding.slice(0, MAX_LOGGED_ENCODING) },
      'Request rejected: its Transfer-Encoding is not chunked, so a proxy may disagree about where it ends',
    );
    response.writeHead(400, { Connection: 'close' }).end();
  };

  const secure = tls && createTlsServer({ ...limits, ...TLS_DEFAULTS, handshakeTimeout: TLS_HANDSHAKE_TIMEOUT_MS, ...tls }, onRequest);
  // The client speaks no TLS, or does not trust the certificate.
  secure?.on('tlsClientError', (error, socket) => log.debug({ err: error, remoteAddress: socket.remoteAddress }, 'TLS handshake failed'));
  const http: Server = secure ?? createServer(limits, onRequest);
  http.maxHeadersCount = MAX_HEADERS;
  if (maxConnections !== undefined) http.maxConnections = maxConnections;

  /** `http.close()` would also close idle connections, on which a client may be sending a request at this moment. */
  const stopListening = () => {
    closed ??= new Promise((resolve) => TcpServer.prototype.close.call(http, () => resolve()));
    return closed;
  };

  return {
    http,
    listen(port, address) {
      return new Promise((resolve, reject) => {
        http.once('error', reject);
        http.listen({ port, host: address }, () => {
          const bound: AddressInfo | string | null = http.address();
          resolve(typeof bound === 'object' && bound !== null ? bound.port : port);
        });
      });
    },
    renewTls(renewed) {
      secure?.setSecureContext({ ...TLS_DEFAULTS, ...renewed });
    },
    async finishRequests(graceMs) {
      isStopping = true;
      void stopListening();
      await delay(Math.min(graceMs, LAST_REQUESTS_MS));
      http.closeIdleConnections();
      if (inFlight === 0) return;
      log.info({ requests: inFlight }, 'Waiting for requests in flight');
      const { promise: idle, resolve } = Promise.withResolvers<void>();
      onIdle = resolve;
      const grace = new AbortController();
      await Promise.race([idle, delay(graceMs, undefined, { signal: grace.signal }).catch(() => {})]);
      grace.abort();
    },
    async end() {
      const ended = stopListening();
      http.closeAllConnections();
      await ended;
    },
  };
}
