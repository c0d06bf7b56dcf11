/** The hub as a whole: its parts built in order, listening, and stopped without losing what is under way. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { CodedError, type Log } from '@landbridge/runtime';
import { Hono } from 'hono';
import { apiRoutes } from './api/api.ts';
import { errorAnswer } from './api/error-answers.ts';
import { createAgentTokens } from './connectors/agent-token.ts';
import { acceptConnectors } from './connectors/handshake.ts';
import { createOnlineConnectors } from './connectors/online.ts';
import { loadSigningKeys } from './keys/signing-keys.ts';
import { createAsk } from './requests/ask.ts';
import { createRequests } from './requests/requests.ts';
import type { HubSettings } from './settings.ts';
import type { Store } from './store/store.ts';
import { provisioningRoutes } from './tickets/provisioning.ts';
import { tryRoutes } from './try/routes.ts';

export interface Hub {
  /** Where it listens. */
  readonly url: string;
  /** Where others reach it, without a slash at the end. */
  readonly publicUrl: string;
  /** Takes nothing new, lets what is under way finish within STOP_GRACE_MS, then ends the sockets (1001). The store stays open. */
  close(): Promise<void>;
}

/** A whole request, headers and body, has to be there after this; slow senders must not hold sockets. */
const REQUEST_TIMEOUT_MS = 20_000;
const HEADERS_TIMEOUT_MS = 10_000;

/** @throws CodedError LISTEN_FAILED, STORE_FAILED */
export async function startHub(parts: { settings: HubSettings; store: Store; log: Log; authenticateTimeoutMs?: number }): Promise<Hub> {
  const { settings, store, log } = parts;
  const keys = await loadSigningKeys(store);
  const online = createOnlineConnectors(store, log, settings.HEARTBEAT_INTERVAL_MS);
  const ask = createAsk({ online, keys, timeoutMs: settings.LOGIN_TIMEOUT_MS, maxPerConnector: settings.MAX_REQUESTS_PER_CONNECTOR });
  const requests = createRequests(ask, log);
  let publicUrl = '';

  const app = new Hono()
    .route('/api', apiRoutes({ store, online, requests, publicUrl: () => publicUrl }))
    .route('/try', tryRoutes({ store, online, requests, log, publicUrl: () => publicUrl }))
    .route('/', provisioningRoutes({ store, keys, log, publicUrl: () => publicUrl }))
    .notFound((c) => c.json({ error: { code: 'not_found', message: 'There is nothing at this address' } }, 404));
  app.onError((error, c) => errorAnswer(error, c, log));

  let underWay = 0;
  let idle = () => {};
  const listener = getRequestListener(app.fetch);
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: HEADERS_TIMEOUT_MS }, (request, response) => {
    underWay++;
    response.on('close', () => {
      underWay--;
      if (underWay === 0) idle();
    });
    void listener(request, response);
  });
  const handshake = acceptConnectors(server, {
    tokens: createAgentTokens(store),
    online,
    log,
    ...(parts.authenticateTimeoutMs === undefined ? {} : { authenticateTimeoutMs: parts.authenticateTimeoutMs }),
  });

  let port: number;
  try {
    port = await new Promise<number>((resolve, reject) => {
      server.once('error', reject);
      server.listen(settings.PORT, settings.LISTEN_ADDRESS, () => {
        const address: AddressInfo | string | null = server.address();
        if (typeof address === 'object' && address !== null) resolve(address.port);
      });
    });
  } catch (cause) {
    online.stop();
    throw new CodedError('LISTEN_FAILED', `The hub cannot listen on ${settings.LISTEN_ADDRESS} port ${settings.PORT}`, {
      cause,
      action: 'Choose another PORT or LISTEN_ADDRESS, or end the program that has it.',
    });
  }
  publicUrl = new URL(settings.PUBLIC_URL ?? `http://localhost:${port}`).origin;
  await store.setPublicUrl(publicUrl);
  const host = settings.LISTEN_ADDRESS.includes(':') ? `[${settings.LISTEN_ADDRESS}]` : settings.LISTEN_ADDRESS;

  return {
    url: `http://${host}:${port}`,
    publicUrl,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      handshake.stop();
      if (underWay > 0) {
        log.info({ requests: underWay }, 'Waiting for requests that are under way');
        let grace: NodeJS.Timeout | undefined;
        await new Promise<void>((resolve) => {
          idle = resolve;
          grace = setTimeout(resolve, settings.STOP_GRACE_MS);
        });
        clearTimeout(grace);
      }
      online.stop();
      online.closeAll();
      server.closeAllConnections();
      await closed;
    },
  };
}
