/** Mounts the OpenID provider below `/oidc` of the hub's HTTP server: its address, key rotation, and removal of expired records. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Log } from '@landbridge/runtime';
import { clientContextOf, SAFE_HEADERS } from '@landbridge/web';
import type { Provider } from 'oidc-provider';
import type { Store } from '../store/store.ts';
import type { Appearances } from './appearances.ts';
import { BEGUN_WINDOW_SECONDS, type BegunSignIns, createBegunSignIns } from './begun-sign-ins.ts';
import { loadProviderKeys, removeRetiredKeys } from './keys.ts';
import { createProvider } from './provider.ts';

const OIDC_PATH = '/oidc';
/** Anyone can begin a sign-in there. */
const BEGIN_PATHS = [`${OIDC_PATH}/authorize`, `${OIDC_PATH}/device-authorization`];
const USER_CODE_PATH = `${OIDC_PATH}/device`;
/** Anyone can open these pages, and the provider stores a session for their forms. */
const FORM_PATHS = [USER_CODE_PATH, `${OIDC_PATH}/logout`];
/** No path of the provider has other characters. It would read some of them, such as `#`, as the end of the path, and bypass the limits. */
const PATH = /^[\w./-]+$/;

/** How soon a hub sees keys rotated by a command, and removes expired records. */
const MAINTENANCE_MS = 60_000;
/** Anyone can begin a sign-in and abandon it. Each takes 1 to 6 KB (`adapter.ts`); beyond this the oldest are removed. */
const MAX_INTERACTIONS = 20_000;
/** User codes have 8 of 20 letters (34 bits). With this many valid ones, one in 25 million guesses is right. */
const MAX_DEVICE_CODES = 1000;
/** Entering and confirming a code are two requests, and users may share an address. Correct codes count too. */
const USER_CODES_PER_ADDRESS = 60;

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
  appearances: Appearances;
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
  const forms = createBegunSignIns();
  const userCodes = createBegunSignIns({ perAddress: USER_CODES_PER_ADDRESS });

  async function build(origin: URL): Promise<void> {
    const keys = await loadProviderKeys(store);
    if (keys.version === running?.version) return;
    // A provider's only state is its keys. Requests in flight finish with the old provider.
    const provider = createProvider({ ...parts, keys, issuer: origin.origin + OIDC_PATH });
    running = { provider, version: keys.version, cookieKeys: keys.cookieKeys, answer: provider.callback(), origin };
    log.info({ keys: keys.jwks.keys.map(({ kid }) => kid) }, 'OpenID provider keys loaded');
  }

  /** @returns false if it answered: there were too many sign-ins from this address */
  function limitBegun(request: IncomingMessage, response: ServerResponse): boolean {
    const { address } = clientContextOf(request);
    if (begun.mayBegin(address)) {
      response.on('finish', () => {
        // A POST is answered with a page that continues to the location.
        const location = String(response.getHeader('Location') ?? '');
        if (request.method === 'POST' || location.startsWith(parts.loginPath(''))) begun.count(address);
      });
      return true;
    }
    tooMany(request, response);
    return false;
  }

  /** Each request counts when it arrives, so simultaneous requests are limited too. @returns false if it answered */
  function limitEach(limit: BegunSignIns, request: IncomingMessage, response: ServerResponse): boolean {
    const { address } = clientContextOf(request);
    const may = limit.mayBegin(address);
    if (may) limit.count(address);
    else tooMany(request, response);
    return may;
  }

  function tooMany(request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(429, { ...SAFE_HEADERS, 'Content-Type': 'text/plain; charset=utf-8', 'Retry-After': BEGUN_WINDOW_SECONDS });
    response.end('Too many sign-ins were started from your network. Try again in a few minutes.\n');
    request.resume();
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
      const [given = ''] = url.split('?', 1);
      if (!PATH.test(given)) return false;
      // The provider ignores case and a slash at the end.
      const path = given.toLowerCase().replace(/\/$/, '');
      if (BEGIN_PATHS.includes(path) && !limitBegun(request, response)) return true;
      if (path === USER_CODE_PATH && request.method === 'POST' && !limitEach(userCodes, request, response)) return true;
      if (FORM_PATHS.includes(path) && request.method !== 'POST' && !limitEach(forms, request, response)) return true;
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
        await store.removeExpiredOidcState(now, 'DeviceCode', MAX_DEVICE_CODES);
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
