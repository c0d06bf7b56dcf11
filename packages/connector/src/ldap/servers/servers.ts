/**
 * Chooses among several servers: the first healthy one of the list. When it fails, the next takes over; when it has been healthy again
 * for a while, it takes back over. One server more than needed is kept connected, so that its health is known in advance.
 */
import type { ServerAddress } from '../connect.ts';
import { LdapError } from '../errors.ts';
import { createServer, type Server, type ServerOptions, type ServerState } from './server.ts';

export interface ServersOptions extends ServerOptions {
  /** In order of preference. A function if DNS names them: the answer may differ each time. */
  addresses: readonly ServerAddress[] | (() => Promise<readonly ServerAddress[]>);
}

export interface ServerStatus {
  url: string;
  state: ServerState;
  /** Searches and binds go there. */
  inUse: boolean;
  product: string | undefined;
  /** The detected product, and the evidence. */
  recognition: string | undefined;
  /** When it entered this state. */
  since: Date;
  /** Why it is not healthy. */
  error: LdapError | undefined;
}

export interface Servers {
  /**
   * @returns the server to ask now
   * @param tried asked only if there is no other
   * @throws why none can be asked, LDAP_ABORTED
   */
  choose(tried: ReadonlySet<Server>, signal: AbortSignal | undefined): Server | Promise<Server>;
  readonly list: readonly Server[];
  readonly connected: boolean;
  /** Nothing is known yet: no server is connected, and the first attempts are still running. */
  readonly connecting: boolean;
  /** Why no server is connected. */
  readonly failure: LdapError | undefined;
  status(): ServerStatus[];
  close(): void;
}

/** While none is connected, the next one is tried once the one before has not answered for this long. */
const STAGGER_MS = 1000;
/** How many servers are kept connected: the one in use and one that would take over. */
const KEPT_CONNECTED = 2;
/** How often DNS is asked for a domain's servers; they seldom change. */
const REFRESH_MS = 5 * 60_000;
/** While no server can be asked, DNS is asked again, but no more often than this. */
const REFRESH_AT_MOST_EVERY_MS = 30_000;

/** A directory that has not answered after this time counts as unreachable. */
const FIRST_ATTEMPTS_MS = 4000;

const RANK: Record<ServerState, number> = { healthy: 0, standby: 1, untried: 3, unreachable: 4 };

export function createServers(options: ServersOptions): Servers {
  const { log } = options;
  const createdAt = performance.now();
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
    if (best === undefined) return reportNone();
    lastLogged = '';
    if (best === inUse) return;
    const before = inUse;
    inUse = best;
    reportTakeover(best, before);
  }

  function reportTakeover(best: Server, before: Server | undefined): void {
    const name = nameOf(best);
    if (before === undefined)
      return log.info({ recognition: best.rootDse?.recognition }, `Connected to the directory ${name}: ${best.rootDse?.product ?? ''}`);
    if (before.state === 'healthy') return log.info(`Directory server ${name} is healthy again and takes over from ${nameOf(before)}`);
    log.warn({ err: before.failure }, `Directory server ${nameOf(before)} failed; ${name} takes over`);
  }

  /** Logs only the first of several equal failures. */
  function reportNone(): void {
    inUse = undefined;
    const failure = failureOfAll();
    if (failure === undefined) return;
    const message = `No directory server: ${failure.message}`;
    if (message !== lastLogged) log.warn({ err: failure }, message);
    lastLogged = message;
    if (Date.now() - askedDnsAt > REFRESH_AT_MOST_EVERY_MS) refresh();
  }

  /** Starts servers from the top of the list until enough are connected. */
  function keepConnected(): void {
    let enough = 0;
    for (const server of servers) {
      server.start();
      // Whether the next one is needed depends on how this one turns out.
      if (server.state === 'untried') return;
      if (server.state === 'healthy') enough++;
      if (enough >= KEPT_CONNECTED) return;
    }
  }

  /** The best by rank; the earliest of equals. */
  function first(allowed: (server: Server) => boolean): Server | undefined {
    let best: Server | undefined;
    for (const server of servers) if (allowed(server) && (best === undefined || RANK[server.state] < RANK[best.state])) best = server;
    return best;
  }

  function choose(tried: ReadonlySet<Server>, signal: AbortSignal | undefined): Server | Promise<Server> {
    return (
      first((server) => isConnected(server) && !server.suspect && !tried.has(server)) ??
      first((server) => isConnected(server) && !tried.has(server)) ??
      firstToConnect(tried, signal)
    );
  }

  async function firstToConnect(tried: ReadonlySet<Server>, signal: AbortSignal | undefined): Promise<Server> {
    // Without any server, ask DNS first.
    if (servers.length === 0 && Date.now() - askedDnsAt > STAGGER_MS) refresh();
    await known;
    if (closed) throw new LdapError('LDAP_UNREACHABLE', 'The connector is stopping');
    const candidates = servers.filter((server) => !tried.has(server));
    // All have been tried: take any that is back.
    if (candidates.length === 0) candidates.push(...servers);
    if (candidates.length === 0) throw failureOfAll() ?? new LdapError('LDAP_UNREACHABLE', 'No directory server is known');
    return await firstReady(candidates, signal);
  }

  /** The failure of the most preferred server that has one. */
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
    get connecting() {
      if (servers.some(isConnected) || performance.now() - createdAt > FIRST_ATTEMPTS_MS) return false;
      return servers.length === 0 ? discoveryFailure === undefined : servers.some(({ state }) => state === 'untried');
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
        recognition: server.rootDse?.recognition,
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
  return state === 'healthy' || state === 'standby';
}

function nameOf({ address: { url, tls } }: Server): string {
  return tls === 'starttls' ? `${url} (StartTLS)` : url;
}

/** Tries one after the other, the next when the one before has failed or takes long; the first to connect wins. */
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
    const onAbort = () => end(() => reject(new LdapError('LDAP_ABORTED', 'The caller gave up')));
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
