/** Logs and counts HTTP requests, and correlates their log lines from the browser to the directory. */

import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '@landbridge/runtime';
import type { ClientContext } from '@landbridge/web';
import type { Metrics } from './metrics.ts';

interface RequestInFlight {
  requestId: string;
  response: ServerResponse;
  /** Of the sign-in that this request belongs to. */
  correlationId: string | undefined;
}

const inFlight = new AsyncLocalStorage<RequestInFlight>();

/** The log adds these fields to every line that is written while a request is handled, wherever that happens. */
export function requestFields(): { requestId?: string } {
  const request = inFlight.getStore();
  return request === undefined ? {} : { requestId: request.requestId };
}

/**
 * Marks the request as part of a sign-in. The id is in the log lines of hub and connector, in the audit log, and in the response, where
 * users can find it to report it.
 */
export function noteCorrelation(id: string): void {
  const request = inFlight.getStore();
  if (request === undefined) return;
  request.correlationId = id;
  if (!request.response.headersSent) request.response.setHeader('X-Correlation-Id', id);
}

/** URLs contain tickets and one-time codes, so only the kind of URL is logged and counted. */
const ROUTES: Readonly<Record<string, string>> = {
  api: 'api',
  try: 'try',
  login: 'login',
  oidc: 'oidc',
  dashboard: 'dashboard',
  docs: 'docs',
  p: 'provisioning',
  '.well-known': 'keys',
  test: 'clock',
  healthz: 'health',
  readyz: 'health',
  metrics: 'metrics',
};
/** Polled every few seconds, as are refreshes of an open dashboard page. */
const QUIET: readonly string[] = ['health', 'metrics', 'clock'];
/** From responses without a connector to those at the default deadline. */
const SECONDS = [0.005, 0.025, 0.1, 0.25, 1, 2.5, 10, 30];

type RequestLog = (request: IncomingMessage, response: ServerResponse, client: ClientContext, answer: () => void) => void;

export function createRequestLog(log: Log, metrics: Metrics): RequestLog {
  const countRequest = metrics.counter('landbridge_hub_http_requests_total', 'Answered HTTP requests', ['route', 'status']);
  const observe = metrics.histogram('landbridge_hub_http_request_duration_seconds', 'Time from request to response', ['route'], SECONDS);

  return (request, response, client, answer) => {
    const startedAt = performance.now();
    const route = routeOf(request.url ?? '');
    const { method } = request;
    const entry: RequestInFlight = { requestId: client.id, response, correlationId: undefined };
    response.on('close', () => {
      const ms = performance.now() - startedAt;
      // The client may disconnect before the response is complete.
      const status = response.writableFinished ? response.statusCode : 'aborted';
      countRequest({ route, status: String(status) });
      observe({ route }, ms / 1000);
      const { requestId, correlationId } = entry;
      const line = {
        requestId,
        correlationId,
        remoteAddress: client.address,
        method,
        route,
        status,
        ms: Math.round(ms * 10) / 10,
      };
      log[isQuiet(route, request) ? 'debug' : 'info'](line, 'Request');
    });
    inFlight.run(entry, answer);
  };
}

function isQuiet(route: string, { headers }: IncomingMessage): boolean {
  return QUIET.includes(route) || (route === 'dashboard' && headers['landbridge-live'] !== undefined);
}

function routeOf(url: string): string {
  const [, first = ''] = /^\/([^/?#]*)/.exec(url) ?? [];
  return (Object.hasOwn(ROUTES, first) ? ROUTES[first] : undefined) ?? 'other';
}
