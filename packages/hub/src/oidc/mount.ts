/** Mounts the OpenID provider below `/oidc` of the hub's HTTP server: its address, key rotation, and removal of expired records. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '@landbridge/runtime';
import { clientContextOf, SAFE_HEADERS } from '@landbridge/web';
import type { Provider } from 'oidc-provider';
import type { Store } from '../store/store.ts';
import { BEGUN_WINDOW_SECONDS, createBegunSignIns } from './begun-sign-ins.ts';
import { loadProviderKeys, removeRetiredKeys } from './keys.ts';
import { createProvider } from './provider.ts';

const OIDC_PATH = '/oidc';
const AUTHORIZATION_PATH = `${OIDC_PATH}/authorize`;

/** How soon a hub sees keys rotated by a command, and removes expired records. */
const MAINTENANCE_MS = 60_000;
/** Anyone can begin a sign-in and abandon it. Each takes 1 to 6 KB (`adapter.ts`); beyond this the oldest are removed. */
const MAX_INTERACTIONS = 20_000;

export interface Oidc {
  /** Nothing is answered before this: the provider must know its own address. @throws CodedError STORE_FAILED */
  start(publicUrl: string): Promise<void>;
  /** The provider with the current keys. */
  provider(): Provider;
  /** Secrets for cookies, the current one first. */
  cookieKeys(): readonly string[];
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
  let running:
    | { provider: Provider; version: string; cookieKeys: readonly string[]; answer: ReturnType<Provider['callback']>; origin: URL }
    | undefined;
  let timer: NodeJS.Timeout | undefined;
  const begun = createBegunSignIns();

  async function build(origin: URL): Promise<void> {
    const keys = await loadProviderKeys(store);
    if (keys.version === running?.version) return;
    // A provider has no state but its keys: requests in flight end with the old one.
    const provider = createProvider({ ...parts, keys, issuer: origin.origin + OIDC_PATH });
    running = { provider, version: keys.version, cookieKeys: keys.cookieKeys, answer: provider.callback(), origin };
    log.info({ keys: keys.jwks.keys.map(({ kid }) => kid) }, 'OpenID provider keys loaded');
  }

  /** @returns false if it answered: there were too many sign-ins from this address */
  function limitBegun(request: IncomingMessage, response: ServerResponse): boolean {
    const { address } = clientContextOf(request);
    if (begun.mayBegin(address)) {
      response.on('finish', () => {
        // A POST is answered with a page that leads on.
        const location = String(response.getHeader('Location') ?? '');
        if (request.method === 'POST' || location.startsWith(parts.loginPath(''))) begun.count(address);
      });
      return true;
    }
    response.writeHead(429, { ...SAFE_HEADERS, 'Content-Type': 'text/plain; charset=utf-8', 'Retry-After': BEGUN_WINDOW_SECONDS });
    response.end('Too many sign-ins were begun from your network. Try again in some minutes.\n');
    request.resume();
    return false;
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
    cookieKeys: () => running?.cookieKeys ?? [],
    answer(request, response) {
      const { url = '' } = request;
      if (running === undefined || !url.startsWith(`${OIDC_PATH}/`)) return false;
      if (url.split('?', 1)[0] === AUTHORIZATION_PATH && !limitBegun(request, response)) return true;
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
