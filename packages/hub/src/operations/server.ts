/**
 * The hub's HTTP or HTTPS server: limits against slow and large senders, what every answer carries, and a stop that lets requests
 * finish. What is answered is not its business.
 */

import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { CodedError, createIpRanges, type Log } from '@landbridge/runtime';
import { noteClientContext } from '@landbridge/web';
import { type HubSettings, tlsFilesOf } from '../settings.ts';
import type { Metrics } from './metrics.ts';
import { createRequestLog } from './request-log.ts';
import { type CertificateWatch, TLS_OPTIONS, watchCertificate } from './tls.ts';

/** Against senders that hold sockets by being slow, and that fill memory by being large. */
export const LIMITS = {
  /** A whole request, headers and body, has to be there after this. */
  requestTimeout: 20_000,
  headersTimeout: 10_000,
  /** How often the two above are looked at. */
  connectionsCheckingInterval: 5_000,
  /** Longer than proxies keep theirs (nginx: 60 s), which would else send a request into a socket that is just being closed. */
  keepAliveTimeout: 75_000,
  maxHeaderSize: 16 * 1024,
} as const satisfies ServerOptions;
const MAX_HEADERS = 100;
const TLS_HANDSHAKE_TIMEOUT_MS = 10_000;

/** A year, as is usual (RFC 6797). Subdomains are not ours to decide about. */
const STRICT_TRANSPORT_SECURITY = 'max-age=31536000';

export interface HubServer {
  /** Takes upgrades. */
  readonly http: Server;
  readonly certificate: CertificateWatch | undefined;
  /** No longer `running` as soon as a stop begins: whoever sends requests here should send them elsewhere. */
  readonly state: 'starting' | 'running' | 'stopping';
  /** @returns the port. @throws CodedError LISTEN_FAILED */
  listen(): Promise<number>;
  /** Everything behind it is there. */
  isReady(): void;
  /** Says that it stops (`state`), and goes on for STOP_READY_DELAY_MS. */
  announceStop(): Promise<void>;
  /** Listens no longer; requests that are under way get STOP_GRACE_MS. */
  finishRequests(): Promise<void>;
  /** Ends all sockets; resolves when those of connectors are gone, too. */
  end(): Promise<void>;
}

/** @throws CodedError as `readCertificate` */
export function createHubServer(parts: {
  settings: HubSettings;
  log: Log;
  metrics: Metrics;
  answer: (request: IncomingMessage, response: ServerResponse) => void;
  limits?: ServerOptions;
}): HubServer {
  const { settings, log, metrics, answer, limits = LIMITS } = parts;
  const logged = createRequestLog(log, metrics);
  const proxies = { trusted: createIpRanges(settings.TRUSTED_PROXIES), acceptsRequestId: true };
  let state: HubServer['state'] = 'starting';
  let underWay = 0;
  let idle = () => {};
  let warned = false;
  let closed: Promise<void> | undefined;

  function arrive(request: IncomingMessage) {
    const arrival = noteClientContext(request, proxies);
    if (arrival.throughUntrustedProxy && !warned) {
      warned = true;
      log.warn(
        { proxy: arrival.address },
        'Requests come through a proxy that TRUSTED_PROXIES does not list: all who use it count as one address',
      );
    }
    return arrival;
  }

  function onRequest(request: IncomingMessage, response: ServerResponse): void {
    const arrival = arrive(request);
    underWay++;
    response.on('close', () => {
      underWay--;
      if (underWay === 0) idle();
    });
    response.setHeader('X-Request-Id', arrival.id);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    if (arrival.secure) response.setHeader('Strict-Transport-Security', STRICT_TRANSPORT_SECURITY);
    const { 'transfer-encoding': encoding = 'chunked' } = request.headers;
    if (encoding.toLowerCase() !== 'chunked') {
      // Node reads `identity, chunked` as chunked. A proxy that does not would see another end of the request, and another one behind it.
      response.writeHead(400, { Connection: 'close' }).end();
      return;
    }
    logged(request, response, arrival, () => answer(request, response));
  }

  const { http, certificate } = createServerOf(settings, log, limits, onRequest);
  http.maxHeadersCount = MAX_HEADERS;
  // Registered first, so that whoever takes upgrades finds it done.
  http.on('upgrade', arrive);

  return {
    http,
    certificate,
    get state() {
      return state;
    },
    async listen() {
      const { LISTEN_ADDRESS, PORT } = settings;
      try {
        return await new Promise<number>((resolve, reject) => {
          http.once('error', reject);
          http.listen(PORT, LISTEN_ADDRESS, () => {
            const address: AddressInfo | string | null = http.address();
            if (typeof address === 'object' && address !== null) resolve(address.port);
          });
        });
      } catch (cause) {
        certificate?.stop();
        throw new CodedError('LISTEN_FAILED', `The hub cannot listen on ${LISTEN_ADDRESS} port ${PORT}`, {
          cause,
          action: 'Choose another PORT or LISTEN_ADDRESS, or end the program that has it.',
        });
      }
    },
    isReady() {
      state = 'running';
    },
    async announceStop() {
      state = 'stopping';
      if (settings.STOP_READY_DELAY_MS > 0) await delay(settings.STOP_READY_DELAY_MS);
    },
    async finishRequests() {
      closed = new Promise((resolve) => http.close(() => resolve()));
      certificate?.stop();
      if (underWay === 0) return;
      log.info({ requests: underWay }, 'Waiting for requests that are under way');
      const grace = new AbortController();
      await Promise.race([
        new Promise<void>((resolve) => {
          idle = resolve;
        }),
        delay(settings.STOP_GRACE_MS, undefined, { signal: grace.signal }).catch(() => {}),
      ]);
      grace.abort();
    },
    async end() {
      http.closeAllConnections();
      await closed;
    },
  };
}

function createServerOf(
  settings: HubSettings,
  log: Log,
  limits: ServerOptions,
  onRequest: (request: IncomingMessage, response: ServerResponse) => void,
): { http: Server; certificate: CertificateWatch | undefined } {
  const files = tlsFilesOf(settings);
  if (files === undefined) return { http: createServer(limits, onRequest), certificate: undefined };
  const http = createTlsServer({ ...limits, ...TLS_OPTIONS, handshakeTimeout: TLS_HANDSHAKE_TIMEOUT_MS }, onRequest);
  // Strangers who speak no TLS, or do not trust the certificate.
  http.on('tlsClientError', (error, socket) => log.debug({ err: error, remoteAddress: socket.remoteAddress }, 'TLS failed'));
  const certificate = watchCertificate({
    files,
    warningDays: settings.TLS_EXPIRY_WARNING_DAYS,
    log,
    use: ({ cert, key }) => http.setSecureContext({ cert, key, ...TLS_OPTIONS }),
  });
  return { http, certificate };
}
