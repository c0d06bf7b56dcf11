/** What is logged and counted of each HTTP request, and the ids by which its lines are found again, from the browser to the directory. */

import { AsyncLocalStorage } from 'node:async_hooks';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '@landbridge/runtime';
import type { ClientContext } from '@landbridge/web';
import type { Metrics } from './metrics.ts';

interface RequestUnderWay {
  requestId: string;
  response: ServerResponse;
  /** Of the sign-in that this request was for. */
  correlationId: string | undefined;
}

const underWay = new AsyncLocalStorage<RequestUnderWay>();

/** For the log: fields of every line that is written on behalf of a request, wherever that happens. */
export function requestFields(): { requestId?: string } {
  const request = underWay.getStore();
  return request === undefined ? {} : { requestId: request.requestId };
}

/**
 * Joins the request with a sign-in: `id` stands in the log lines of hub and connector, in the audit log, in this request's line and in
 * its answer, where a person can read it to whoever looks for it.
 */
export function noteCorrelation(id: string): void {
  const request = underWay.getStore();
  if (request === undefined) return;
  request.correlationId = id;
  if (!request.response.headersSent) request.response.setHeader('X-Correlation-Id', id);
}

/** Addresses hold tickets and one-time codes: what is logged and counted is what kind of address it was. */
const ROUTES: Readonly<Record<string, string>> = {
  api: 'api',
  try: 'try',
  login: 'login',
  oidc: 'oidc',
  dashboard: 'dashboard',
  p: 'provisioning',
  '.well-known': 'keys',
  test: 'clock',
  healthz: 'health',
  readyz: 'health',
  metrics: 'metrics',
};
/** Asked every few seconds by machines, as is what an open page of the dashboard asks to stay up to date. */
const QUIET: readonly string[] = ['health', 'metrics', 'clock'];
/** From answers without a connector to those at the default deadline. */
const SECONDS = [0.005, 0.025, 0.1, 0.25, 1, 2.5, 10, 30];

/** Runs `answer` on behalf of the request. */
export type RequestLog = (request: IncomingMessage, response: ServerResponse, client: ClientContext, answer: () => void) => void;

export function createRequestLog(log: Log, metrics: Metrics): RequestLog {
  const countRequest = metrics.counter('landbridge_hub_http_requests_total', 'Answered HTTP requests', ['route', 'status']);
  const observe = metrics.histogram('landbridge_hub_http_request_duration_seconds', 'From request to answer', ['route'], SECONDS);

  return (request, response, client, answer) => {
    const startedAt = performance.now();
    const route = routeOf(request.url ?? '');
    const { method } = request;
    const entry: RequestUnderWay = { requestId: client.id, response, correlationId: undefined };
    response.on('close', () => {
      const ms = performance.now() - startedAt;
      // Who asked may be gone before the answer is.
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
    underWay.run(entry, answer);
  };
}

function isQuiet(route: string, { headers }: IncomingMessage): boolean {
  return QUIET.includes(route) || (route === 'dashboard' && headers['landbridge-live'] !== undefined);
}

function routeOf(url: string): string {
  const [, first = ''] = /^\/([^/?#]*)/.exec(url) ?? [];
  return (Object.hasOwn(ROUTES, first) ? ROUTES[first] : undefined) ?? 'other';
}
