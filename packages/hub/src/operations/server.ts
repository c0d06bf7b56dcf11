/** The hub's HTTP or HTTPS server: what every response carries, and a stop that first tells load balancers. */
import type { RequestListener, Server, ServerOptions } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { CodedError, createIpRanges, type FileWatch, type Log } from '@landbridge/runtime';
import { type ClientContext, clientContextOf, createWebServer, noteClientContext, type WebServer } from '@landbridge/web';
import { type HubSettings, tlsFilesOf } from '../settings.ts';
import type { Metrics } from './metrics.ts';
import { createRequestLog } from './request-log.ts';
import { type Certificate, watchCertificate } from './tls.ts';

/** One year, as is usual (RFC 6797). Subdomains are not the hub's to decide about. */
const STRICT_TRANSPORT_SECURITY = 'max-age=31536000';

export interface HubServer {
  /** Emits upgrades. */
  readonly http: Server;
  readonly certificate: FileWatch<Certificate> | undefined;
  /** No longer `running` as soon as a stop begins: load balancers should then send requests elsewhere. */
  readonly state: 'starting' | 'running' | 'stopping';
  /** @returns the port. @throws CodedError LISTEN_FAILED */
  listen(): Promise<number>;
  /** All parts behind the server have started. */
  markReady(): void;
  /** Reports the stop in `state`, and keeps working for STOP_READY_DELAY_MS. */
  announceStop(): Promise<void>;
  /** Stops listening, and waits up to STOP_GRACE_MS for requests in flight. */
  finishRequests(): Promise<void>;
  /** Closes all sockets; resolves once those of connectors are closed too. */
  end(): Promise<void>;
}

/** @throws CodedError as `readCertificate` */
export function createHubServer(parts: {
  settings: HubSettings;
  log: Log;
  metrics: Metrics;
  answer: RequestListener;
  limits?: ServerOptions;
}): HubServer {
  const { settings, log, metrics, answer, limits } = parts;
  const logged = createRequestLog(log, metrics);
  const proxies = { trusted: createIpRanges(settings.TRUSTED_PROXIES), acceptsRequestId: true };
  let state: HubServer['state'] = 'starting';
  let warned = false;

  function warnOfProxy({ throughUntrustedProxy, address }: ClientContext): void {
    if (!throughUntrustedProxy || warned) return;
    warned = true;
    log.warn({ proxy: address }, 'TRUSTED_PROXIES does not list this proxy: all its clients share one address, and so its limits');
  }

  let renew: WebServer['renewTls'] | undefined;
  const files = tlsFilesOf(settings);
  const certificate =
    files &&
    watchCertificate({
      files,
      warningDays: settings.TLS_EXPIRY_WARNING_DAYS,
      log,
      use: ({ cert, key }) => renew?.({ cert, key }),
    });
  const current = certificate?.current();
  const server = createWebServer({
    proxies,
    limits,
    log,
    tls: current && { cert: current.cert, key: current.key },
    answer(request, response) {
      const client = clientContextOf(request);
      warnOfProxy(client);
      response.setHeader('X-Request-Id', client.id);
      response.setHeader('X-Content-Type-Options', 'nosniff');
      if (client.secure) response.setHeader('Strict-Transport-Security', STRICT_TRANSPORT_SECURITY);
      logged(request, response, client, () => answer(request, response));
    },
  });
  renew = server.renewTls;
  // Registered first, so that later listeners find the context.
  server.http.on('upgrade', (request) => warnOfProxy(noteClientContext(request, proxies)));

  return {
    http: server.http,
    end: server.end,
    certificate,
    get state() {
      return state;
    },
    async listen() {
      const { LISTEN_ADDRESS, PORT } = settings;
      try {
        return await server.listen(PORT, LISTEN_ADDRESS);
      } catch (cause) {
        certificate?.stop();
        throw new CodedError('LISTEN_FAILED', `The hub cannot listen on ${LISTEN_ADDRESS} port ${PORT}`, {
          cause,
          action: 'Choose another PORT or LISTEN_ADDRESS, or end the program that uses it.',
        });
      }
    },
    markReady() {
      state = 'running';
    },
    async announceStop() {
      state = 'stopping';
      if (settings.STOP_READY_DELAY_MS > 0) await delay(settings.STOP_READY_DELAY_MS);
    },
    async finishRequests() {
      certificate?.stop();
      await server.finishRequests(settings.STOP_GRACE_MS);
    },
  };
}
