/** The OpenID provider in the hub's HTTP server, below `/oidc`: its address, its keys while they change, and what it leaves behind. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '@landbridge/runtime';
import type { Provider } from 'oidc-provider';
import type { Store } from '../store/store.ts';
import { loadProviderKeys, removeRetiredKeys } from './keys.ts';
import { createProvider } from './provider.ts';

export const OIDC_PATH = '/oidc';

/** How soon a hub sees keys that were rotated by a command, and removes what has expired. */
const LOOK_AFTER_MS = 60_000;
/** Anybody can begin a sign-in and leave it. Each takes 1 to 16 KB (the longest request that Node reads); beyond this the oldest go. */
const MAX_INTERACTIONS = 20_000;

export interface Oidc {
  /** Before this nothing is answered: the provider has to know its own address. @throws CodedError STORE_FAILED */
  start(publicUrl: string): Promise<void>;
  /** The provider with the keys of now. */
  provider(): Provider;
  /** @returns whether the request was for the provider, which then answers it */
  answer(request: IncomingMessage, response: ServerResponse): boolean;
  /** Takes rotated keys up at once, and removes what has expired. */
  lookAfter(): Promise<void>;
  stop(): void;
}

export function createOidc(parts: {
  store: Store;
  log: Log;
  /** The path of the login page for an interaction; its cookie goes nowhere else. */
  loginPath: (interaction: string) => string;
  /** How long a sign-in lasts: the browser's session, and refresh tokens. */
  signInLifetimeSeconds: number;
}): Oidc {
  const { store, log } = parts;
  let running: { provider: Provider; version: string; answer: ReturnType<Provider['callback']>; origin: URL } | undefined;
  let timer: NodeJS.Timeout | undefined;

  async function build(origin: URL): Promise<void> {
    const keys = await loadProviderKeys(store);
    if (keys.version === running?.version) return;
    // Nothing is kept in a provider but its keys: requests that are under way end with the old one.
    const provider = createProvider({ ...parts, keys, issuer: origin.origin + OIDC_PATH });
    running = { provider, version: keys.version, answer: provider.callback(), origin };
    log.info({ keys: keys.jwks.keys.map(({ kid }) => kid) }, 'The OpenID provider has its keys');
  }

  const oidc: Oidc = {
    async start(publicUrl) {
      await build(new URL(publicUrl));
      timer = setInterval(() => void oidc.lookAfter(), LOOK_AFTER_MS);
      timer.unref();
    },
    provider() {
      if (running === undefined) throw new Error('The OpenID provider has not started');
      return running.provider;
    },
    answer(request, response) {
      const { url = '' } = request;
      if (running === undefined || !url.startsWith(`${OIDC_PATH}/`)) return false;
      const { host, protocol } = running.origin;
      // The provider makes addresses from these. Ours is known: no header from outside may change it.
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
        log.error({ err: error }, 'The records of the OpenID provider were not looked after');
      }
    },
    stop: () => clearInterval(timer),
  };
  return oidc;
}
