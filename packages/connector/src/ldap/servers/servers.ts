/**
 * Which of several servers is asked: the first of the list that is well. When it is not, the next one takes over; when it has been
 * well again for a while, it is asked again. One more than is needed is kept connected, so that it is known to be well beforehand.
 */
import type { ServerAddress } from '../connect.ts';
import { LdapError } from '../errors.ts';
import { createServer, type Server, type ServerOptions, type ServerState } from './server.ts';

export interface ServersOptions extends ServerOptions {
  /** The list in order of preference. A function where DNS names them: it may say something else each time. */
  addresses: readonly ServerAddress[] | (() => Promise<readonly ServerAddress[]>);
}

export interface ServerStatus {
  url: string;
  state: ServerState;
  /** People's searches and binds go there. */
  inUse: boolean;
  product: string | undefined;
  /** When it came to this state. */
  since: Date;
  /** Why it is not good. */
  error: LdapError | undefined;
}

export interface Servers {
  /**
   * The server to ask now.
   *
   * @param tried asked only where there is no other
   * @throws why none can be asked, LDAP_ABORTED
   */
  choose(tried: ReadonlySet<Server>, signal: AbortSignal | undefined): Server | Promise<Server>;
  readonly list: readonly Server[];
  readonly connected: boolean;
  /** Why there is no connection to any. */
  readonly failure: LdapError | undefined;
  status(): ServerStatus[];
  close(): void;
}

/** Where none is connected, another one is tried beside those that have not answered for so long. */
const STAGGER_MS = 1000;
/** So many servers are kept connected: the one in use and one that would take over. */
const KEPT_CONNECTED = 2;
/** DNS is asked for a domain's servers this often; new ones come seldom. */
const REFRESH_MS = 5 * 60_000;
/** While no server can be asked, DNS is asked again this soon, and not sooner. */
const REFRESH_AT_MOST_EVERY_MS = 30_000;

const RANK: Record<ServerState, number> = { good: 0, reserve: 1, untried: 3, away: 4 };

export function createServers(options: ServersOptions): Servers {
  const { log } = options;
  let servers: Server[] = [];
  let inUse: Server | undefined;
  let closed = false;
  let discoveryFailure: LdapError | undefined;
  let askedDnsAt = 0;
  let known: Promise<void> = Promise.resolve();
  let lastLogged = '';

  function add(address: ServerAddress): Server {
    const self: Server = createServer(address, options, {
      hasAlternative: () => servers.some((server) => server !== self && isConnected(server)),
      onChange,
    });
    return self;
  }

  function take(addresses: readonly ServerAddress[]): void {
    const known = new Map(servers.map((server) => [server.address.url, server]));
    const next = addresses.map((address) => known.get(address.url) ?? add(address));
    for (const server of servers) if (!next.includes(server)) server.retire();
    servers = next;
    onChange();
  }

  async function askDns(find: () => Promise<readonly ServerAddress[]>): Promise<void> {
    askedDnsAt = Date.now();
    try {
      const addresses = await find();
      discoveryFailure = undefined;
      if (!closed) take(addresses);
    } catch (error) {
      discoveryFailure =
        error instanceof LdapError
          ? error
          : new LdapError('LDAP_DISCOVERY_FAILED', 'The directory servers are not known', { cause: error });
      onChange();
    }
  }

  function refresh(): void {
    if (typeof options.addresses === 'function') known = askDns(options.addresses);
  }

  function onChange(): void {
    if (closed) return;
    keepConnected();
    const best = first((server) => isConnected(server));
    if (best === undefined) return sayThatThereIsNone();
    lastLogged = '';
    if (best === inUse) return;
    const before = inUse;
    inUse = best;
    say(best, before);
  }

  function say(best: Server, before: Server | undefined): void {
    const name = nameOf(best);
    if (before === undefined) return log.info(`Connected to the directory ${name}: ${best.rootDse?.product ?? ''}`);
    const failure = before.failure;
    if (before.state === 'good') return log.info(`The directory server ${name} is well and used instead of ${nameOf(before)}`);
    log.warn({ err: failure }, `The directory server ${nameOf(before)} is not used for now; ${name} takes over`);
  }

  /** The same failure again and again says nothing new; the first one of each kind is said. */
  function sayThatThereIsNone(): void {
    inUse = undefined;
    const failure = failureOfAll();
    if (failure === undefined) return;
    const message = `No directory: ${failure.message}`;
    if (message !== lastLogged) log.warn({ err: failure }, message);
    lastLogged = message;
    if (Date.now() - askedDnsAt > REFRESH_AT_MOST_EVERY_MS) refresh();
  }

  /** From the first on, as many as it takes to have enough connected; each that fails makes it one more. */
  function keepConnected(): void {
    let enough = 0;
    for (const server of servers) {
      server.start();
      // Whether a next one is needed shows when this one is there, or is not.
      if (server.state === 'untried') return;
      if (server.state === 'good') enough++;
      if (enough >= KEPT_CONNECTED) return;
    }
  }

  /** The best by rank, the earlier in the list among equals. */
  function first(allowed: (server: Server) => boolean): Server | undefined {
    let best: Server | undefined;
    for (const server of servers) if (allowed(server) && (best === undefined || RANK[server.state] < RANK[best.state])) best = server;
    return best;
  }

  function choose(tried: ReadonlySet<Server>, signal: AbortSignal | undefined): Server | Promise<Server> {
    return (
      first((server) => isConnected(server) && !server.doubtful && !tried.has(server)) ??
      first((server) => isConnected(server) && !tried.has(server)) ??
      firstToConnect(tried, signal)
    );
  }

  async function firstToConnect(tried: ReadonlySet<Server>, signal: AbortSignal | undefined): Promise<Server> {
    // Without a server, the next question is to DNS.
    if (servers.length === 0 && Date.now() - askedDnsAt > STAGGER_MS) refresh();
    await known;
    if (closed) throw new LdapError('LDAP_UNREACHABLE', 'The connector is stopping');
    const candidates = servers.filter((server) => !tried.has(server));
    // All were tried: whichever is there again.
    if (candidates.length === 0) candidates.push(...servers);
    if (candidates.length === 0) throw failureOfAll() ?? new LdapError('LDAP_UNREACHABLE', 'There is no directory server');
    return await firstReady(candidates, signal);
  }

  /** What stands against the first of them: the one that somebody would like to be asked. */
  function failureOfAll(): LdapError | undefined {
    return servers.find(({ failure }) => failure !== undefined)?.failure ?? discoveryFailure;
  }

  if (typeof options.addresses !== 'function') take(options.addresses);
  refresh();
  const timer = setInterval(refresh, REFRESH_MS);
  timer.unref();

  return {
    choose,
    get list() {
      return servers;
    },
    get connected() {
      return servers.some(isConnected);
    },
    get failure() {
      return servers.some(isConnected) ? undefined : failureOfAll();
    },
    status: () =>
      servers.map((server) => ({
        url: nameOf(server),
        state: server.state,
        inUse: server === inUse,
        product: server.rootDse?.product,
        since: server.since,
        error: server.failure,
      })),
    close() {
      closed = true;
      clearInterval(timer);
      for (const server of servers) server.close();
    },
  };
}

function isConnected({ state }: Server): boolean {
  return state === 'good' || state === 'reserve';
}

function nameOf({ address: { url, tls } }: Server): string {
  return tls === 'starttls' ? `${url} (StartTLS)` : url;
}

/** One after the other, the next when the one before has failed or taken long; the first that can be asked wins. */
function firstReady(candidates: Server[], signal: AbortSignal | undefined): Promise<Server> {
  return new Promise((resolve, reject) => {
    const failures: unknown[] = [];
    let next = 0;
    let stagger: NodeJS.Timeout | undefined;
    const end = (settle: () => void) => {
      clearTimeout(stagger);
      next = candidates.length;
      signal?.removeEventListener('abort', onAbort);
      settle();
    };
    const onAbort = () => end(() => reject(new LdapError('LDAP_ABORTED', 'Nobody waits for the answer any more')));
    const tryNext = () => {
      clearTimeout(stagger);
      const server = candidates[next++];
      if (server === undefined) return;
      stagger = setTimeout(tryNext, STAGGER_MS);
      server.start();
      server.ready().then(
        () => end(() => resolve(server)),
        (error: unknown) => {
          failures.push(error);
          if (failures.length === candidates.length) end(() => reject(failures[0]));
          else tryNext();
        },
      );
    };
    if (signal?.aborted) return onAbort();
    signal?.addEventListener('abort', onAbort, { once: true });
    tryNext();
  });
}
