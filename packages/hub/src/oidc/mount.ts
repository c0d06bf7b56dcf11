/** Mounts the OpenID provider below `/oidc` of the hub's HTTP server: its address, key rotation, and removal of expired records. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '@landbridge/runtime';
import type { Provider } from 'oidc-provider';
import type { Store } from '../store/store.ts';
import { loadProviderKeys, removeRetiredKeys } from './keys.ts';
import { createProvider } from './provider.ts';

export const OIDC_PATH = '/oidc';

/** How soon a hub sees keys rotated by a command, and removes expired records. */
const MAINTENANCE_MS = 60_000;
/** Anyone can begin a sign-in and abandon it. Each takes 1 to 16 KB, the longest request that Node reads; beyond this the oldest are removed. */
const MAX_INTERACTIONS = 20_000;

export interface Oidc {
  /** Nothing is answered before this: the provider must know its own address. @throws CodedError STORE_FAILED */
  start(publicUrl: string): Promise<void>;
  /** The provider with the current keys. */
  provider(): Provider;
  /** @returns whether the request is for the provider, which then answers it */
  answer(request: IncomingMessage, response: ServerResponse): boolean;
  /** Applies rotated keys and removes expired records now. */
  lookAfter(): Promise<void>;
  stop(): void;
}

export function createOidc(parts: {
  store: Store;
  log: Log;
  /** The path of an interaction's login page; its cookie is limited to it. */
  loginPath: (interaction: string) => string;
  /** Lifetime of a sign-in: the browser's session, and refresh tokens. */
  signInLifetimeSeconds: number;
}): Oidc {
  const { store, log } = parts;
  let running: { provider: Provider; version: string; answer: ReturnType<Provider['callback']>; origin: URL } | undefined;
  let timer: NodeJS.Timeout | undefined;

  async function build(origin: URL): Promise<void> {
    const keys = await loadProviderKeys(store);
    if (keys.version === running?.version) return;
    // A provider has no state but its keys: requests in flight end with the old one.
    const provider = createProvider({ ...parts, keys, issuer: origin.origin + OIDC_PATH });
    running = { provider, version: keys.version, answer: provider.callback(), origin };
    log.info({ keys: keys.jwks.keys.map(({ kid }) => kid) }, 'OpenID provider keys loaded');
  }

  const oidc: Oidc = {
    async start(publicUrl) {
      await build(new URL(publicUrl));
      timer = setInterval(() => void oidc.lookAfter(), MAINTENANCE_MS);
      timer.unref();
    },
    provider() {
      if (running === undefined) throw new Error('OpenID provider not started');
      return running.provider;
    },
    answer(request, response) {
      const { url = '' } = request;
      if (running === undefined || !url.startsWith(`${OIDC_PATH}/`)) return false;
      const { host, protocol } = running.origin;
      // The provider builds its addresses from these: no header of a request may change them.
      request.headers['x-forwarded-proto'] = protocol.slice(0, -1);
      request.headers['x-forwarded-host'] = host;
      request.url = url.slice(OIDC_PATH.length);
      void running.answer(Object.assign(request, { originalUrl: url }), response);
      return true;
    },
    async lookAfter() {
      try {
        const now = new Date();
        await store.removeExpiredOidcState(now, 'Interaction', MAX_INTERACTIONS);
        await removeRetiredKeys(store, now);
        if (running !== undefined) await build(running.origin);
      } catch (error) {
        log.error({ err: error }, 'OpenID provider maintenance failed; it is retried every minute');
      }
    },
    stop: () => clearInterval(timer),
  };
  return oidc;
}
