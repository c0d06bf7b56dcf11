/** Liveness (`/healthz`), readiness (`/readyz`) and metrics (`/metrics`) of the hub. */

import type { HttpBindings } from '@hono/node-server';
import { createIpRanges } from '@landbridge/runtime';
import { clientContextOf, sameText } from '@landbridge/web';
import { Hono } from 'hono';
import type { HubSettings } from '../settings.ts';
import type { Store } from '../store/store.ts';
import type { Metrics } from './metrics.ts';
import type { HubServer } from './server.ts';

export function healthRoutes(parts: {
  store: Store;
  settings: HubSettings;
  metrics: Metrics;
  state: () => HubServer['state'];
}): Hono<{ Bindings: HttpBindings }> {
  const { store, settings, metrics, state } = parts;
  const addresses = createIpRanges(settings.METRICS_ADDRESSES);

  return new Hono<{ Bindings: HttpBindings }>()
    .use(async (c, next) => {
      c.header('Cache-Control', 'no-store');
      await next();
    })
    .get('/healthz', (c) => c.text('ok\n'))
    .get('/readyz', async (c) => {
      // Contains no secret: load balancers need no credentials.
      const checks = { store: await storeAnswers(store), server: state() };
      const ready = checks.store === 'ok' && checks.server === 'running';
      return c.json({ ready, checks }, ready ? 200 : 503);
    })
    .get('/metrics', async (c) => {
      const [, token] = /^Bearer (.+)$/i.exec(c.req.header('Authorization') ?? '') ?? [];
      const { METRICS_TOKEN } = settings;
      const knowsToken = METRICS_TOKEN !== undefined && token !== undefined && sameText(token, METRICS_TOKEN);
      const { address, throughUntrustedProxy } = clientContextOf(c.env.incoming);
      // Behind a proxy on this machine, every request would seem to come from this machine.
      const isAllowedAddress = !throughUntrustedProxy && addresses.has(address);
      if (!knowsToken && !isAllowedAddress) {
        const message = 'Metrics require an address in METRICS_ADDRESSES, or the METRICS_TOKEN';
        return c.json({ error: { code: 'metrics_forbidden', message } }, 403);
      }
      return c.body(await metrics.text(), 200, { 'Content-Type': 'text/plain; version=0.0.4; charset=utf-8' });
    });
}

async function storeAnswers(store: Store): Promise<'ok' | 'failed'> {
  try {
    await store.publicUrl();
    return 'ok';
  } catch {
    return 'failed';
  }
}
