/**
 * One directory server: its connections, and how well it is. Which of several servers is asked is decided in `servers.ts`; here is
 * what that decision rests on.
 */
import { createBackoff, type Log } from '@landbridge/runtime';
import { type AsPerson, createBindPool } from '../bind-pool.ts';
import { connect, type ServerAddress, type TlsOptions } from '../connect.ts';
import type { BindOptions, LdapConnection } from '../connection.ts';
import { LdapError, RESULT, resultText } from '../errors.ts';
import type { LdapResult, SearchRequest } from '../messages.ts';
import { ROOT_DSE_REQUEST, type RootDse, readRootDse, UNKNOWN_ROOT_DSE } from '../root-dse.ts';
import { createSearchPool } from '../search-pool.ts';
import { demandsTls, type ServiceAccount } from './service-account.ts';
import { createSilenceWatch } from './silence-watch.ts';

export interface ServerOptions {
  tls: TlsOptions;
  /** Undefined: searches are anonymous. */
  serviceAccount: ServiceAccount | undefined;
  searchConnections: number;
  bindConnections: number;
  connectTimeoutMs: number;
  operationTimeoutMs: number;
  queueTimeoutMs: number;
  heartbeatMs: number;
  /** What proves that a connection works. */
  heartbeat(rootDse: RootDse | undefined): SearchRequest;
  /** So long a server must have been well, after it was not, before it is preferred again. */
  returnAfterMs: number;
  log: Log;
}

/** What several servers are to one another. */
export interface Neighbours {
  /** Whether another server could take over. */
  hasAlternative(): boolean;
  /** Something that decides upon who is asked has changed. */
  onChange(): void;
}

/**
 * - `good`: connected, nothing against it.
 * - `reserve`: connected, and asked only where no other is good: it came back a moment ago, it is busy, or its clock is wrong.
 * - `away`: no connection; `failure` says why. Tries go on.
 * - `untried`: nobody needed it yet.
 */
export type ServerState = 'good' | 'reserve' | 'away' | 'untried';

export interface Server {
  readonly address: ServerAddress;
  readonly state: ServerState;
  /** It owes answers for longer than usual, and is being asked whether it is there. */
  readonly doubtful: boolean;
  /** Why it is not good. */
  readonly failure: LdapError | undefined;
  readonly since: Date;
  readonly rootDse: RootDse | undefined;
  /** Whether what is sent to it is encrypted. */
  readonly encrypted: boolean;
  start(): void;
  /** Resolves when it can be asked. @throws why not */
  ready(): Promise<void>;
  /** @throws what `use` throws, LDAP_BUSY, and why there is no connection */
  search<T>(use: (connection: LdapConnection) => Promise<T>, signal: AbortSignal | undefined): Promise<T>;
  /** See `BindPool.bind`. */
  bind(dn: string, password: string, options: BindOptions, asPerson?: AsPerson): Promise<LdapResult>;
  /** It answered that it does not serve now (busy, unavailable): others are asked for a moment. */
  putAside(because: LdapError): void;
  /** Another takes over for good: what is under way ends by itself. */
  retire(): void;
  close(): void;
}

/** Kerberos' usual tolerance, beyond which a domain controller is of little use to its domain. */
const MAX_CLOCK_SKEW_MS = 5 * 60_000;

export function createServer(given: ServerAddress, options: ServerOptions, neighbours: Neighbours): Server {
  let address = given;
  let rootDse: RootDse | undefined;
  /** It was away since it was last connected. */
  let wasAway = false;
  let reserve: { because: LdapError | undefined; timer: NodeJS.Timeout } | undefined;
  let wrongClock: LdapError | undefined;
  let lastState: ServerState = 'untried';
  let since = new Date();
  let started = false;
  const asideBackoff = createBackoff({ firstMs: 2000, maxMs: 30_000, holdMs: 10_000 });

  const searches = createSearchPool({
    open,
    connections: options.searchConnections,
    queueTimeoutMs: options.queueTimeoutMs,
    heartbeatMs: options.heartbeatMs,
    refusedWaitMs: () => options.serviceAccount?.waitMs(address.url) ?? 0,
    // What the directory answers does not matter, only that it does.
    heartbeat: async (connection) => {
      await watch.during(() => connection.search(options.heartbeat(rootDse), { timeoutMs: options.operationTimeoutMs }));
    },
    onChange() {
      // Connections for binds fall with those for searches; what waits for one is better off elsewhere.
      if (!searches.connected && neighbours.hasAlternative()) binds.drop(away());
      if (searches.connected && wasAway && neighbours.hasAlternative()) keepInReserve(undefined, options.returnAfterMs);
      wasAway = !searches.connected;
      changed();
    },
  });
  const watch = createSilenceWatch({
    doubtAfterMs: Math.max(100, options.operationTimeoutMs / 20),
    silentAfterMs: Math.max(400, (options.operationTimeoutMs * 3) / 20),
    probe,
    hasAlternative: neighbours.hasAlternative,
    onDoubt: neighbours.onChange,
    onSilent() {
      const silent = new LdapError('LDAP_CONNECTION_LOST', `${address.url} takes requests and does not answer them`, {
        mayHaveBeenSent: true,
      });
      searches.drop(silent);
    },
  });
  const binds = createBindPool({
    open: (signal) => connect({ address, tls: options.tls, timeoutMs: options.connectTimeoutMs, signal }),
    connections: options.bindConnections,
    queueTimeoutMs: options.queueTimeoutMs,
    during: watch.during,
  });

  /** Connects, with TLS where the server demands it though nobody set it, binds as the service account and reads the root DSE. */
  async function open(signal: AbortSignal): Promise<LdapConnection> {
    try {
      return await openOnce(signal);
    } catch (error) {
      if (!(error instanceof LdapError) || !demandsTls(error.resultCode) || !(await useStartTls(signal))) throw error;
      return await openOnce(signal);
    }
  }

  async function openOnce(signal: AbortSignal): Promise<LdapConnection> {
    const connection = await connect({ address, tls: options.tls, timeoutMs: options.connectTimeoutMs, signal });
    try {
      const operation = { timeoutMs: options.connectTimeoutMs, signal };
      await options.serviceAccount?.bind(connection, address.url, operation);
      // After an outage it may be another version, with another clock.
      if (!searches.connected) {
        rootDse = await askRootDse(connection, operation);
        checkClock(rootDse);
      }
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** @returns whether the server can do StartTLS; from then on it is spoken to in no other way */
  async function useStartTls(signal: AbortSignal): Promise<boolean> {
    if (address.tls !== 'none') return false;
    const encrypted: ServerAddress = { ...address, tls: 'starttls' };
    try {
      const connection = await connect({ address: encrypted, tls: options.tls, timeoutMs: options.connectTimeoutMs, signal });
      connection.close();
    } catch (error) {
      // A certificate that is not trusted is the sentence that helps; that there is no StartTLS is not.
      if (error instanceof LdapError && error.code === 'LDAP_TLS_FAILED' && error.resultCode === undefined) throw error;
      return false;
    }
    address = encrypted;
    options.log.info(`${address.url} demands TLS and gets it by StartTLS`);
    return true;
  }

  function checkClock({ currentTime }: RootDse): void {
    const skewMs = currentTime === undefined ? 0 : currentTime.getTime() - Date.now();
    const before = wrongClock;
    wrongClock = undefined;
    if (Math.abs(skewMs) <= MAX_CLOCK_SKEW_MS) return;
    const minutes = Math.round(Math.abs(skewMs) / 60_000);
    wrongClock = new LdapError('LDAP_CLOCK_WRONG', `The clock of ${address.url} is ${minutes} minutes ${skewMs > 0 ? 'ahead' : 'behind'}`, {
      action: "Set the server's clock, or this machine's: with a wrong one, passwords expire and accounts end at the wrong time",
    });
    if (before === undefined) options.log.warn({ err: wrongClock }, `${wrongClock.message}; it is asked only where no other server can be`);
  }

  function keepInReserve(because: LdapError | undefined, ms: number): void {
    clearTimeout(reserve?.timer);
    const timer = setTimeout(() => void endReserve(), ms);
    timer.unref();
    reserve = { because, timer };
    changed();
  }

  async function endReserve(): Promise<void> {
    // It is preferred again only after an answer of this moment.
    const answered = await probe(options.connectTimeoutMs).then(
      () => true,
      () => false,
    );
    if (answered) reserve = undefined;
    else if (searches.connected) return keepInReserve(reserve?.because, options.returnAfterMs);
    changed();
  }

  async function probe(timeoutMs: number): Promise<void> {
    await searches.with((connection) => connection.search({ ...ROOT_DSE_REQUEST, attributes: ['1.1'] }, { timeoutMs }));
  }

  function state(): ServerState {
    if (!started) return 'untried';
    if (!searches.connected) return searches.failure === undefined ? 'untried' : 'away';
    return reserve === undefined && wrongClock === undefined ? 'good' : 'reserve';
  }

  function changed(): void {
    if (state() !== lastState) since = new Date();
    lastState = state();
    neighbours.onChange();
  }

  function away(): LdapError {
    const cause = searches.failure;
    return new LdapError('LDAP_UNREACHABLE', `The directory server ${address.url} is away`, { cause });
  }

  return {
    get address() {
      return address;
    },
    get state() {
      return state();
    },
    get doubtful() {
      return watch.doubtful;
    },
    get failure() {
      return searches.failure ?? reserve?.because ?? wrongClock;
    },
    get since() {
      return since;
    },
    get rootDse() {
      return rootDse;
    },
    get encrypted() {
      return address.tls !== 'none';
    },
    start() {
      started = true;
      searches.start();
    },
    ready: searches.ready,
    search: (use, signal) => searches.with((connection) => watch.during(() => use(connection)), signal),
    async bind(dn, password, operation, asPerson) {
      const result = await binds.bind(dn, password, operation, asPerson);
      if (!demandsTls(result.resultCode) || !(await useStartTls(operation.signal ?? AbortSignal.timeout(operation.timeoutMs))))
        return result;
      // The server has not looked at the password: it was sent in a way that it does not take.
      binds.drop(away());
      return await binds.bind(dn, password, operation, asPerson);
    },
    putAside(because) {
      if (neighbours.hasAlternative()) keepInReserve(because, asideBackoff.nextMs());
    },
    retire() {
      watch.stop();
      clearTimeout(reserve?.timer);
      searches.retire();
      binds.close();
    },
    close() {
      watch.stop();
      clearTimeout(reserve?.timer);
      searches.close();
      binds.close();
    },
  };
}

/** A directory that hides its root DSE still works with queries that are set. */
async function askRootDse(connection: LdapConnection, operation: { timeoutMs: number; signal: AbortSignal }): Promise<RootDse> {
  const { entries, result } = await connection.search(ROOT_DSE_REQUEST, operation);
  if (entries[0] !== undefined) return readRootDse(entries[0]);
  if (!demandsTls(result.resultCode) && !doesNotServe(result.resultCode)) return UNKNOWN_ROOT_DSE;
  throw new LdapError(
    'LDAP_RESULT',
    `${connection.name} answered with ${resultText(result.resultCode)}: ${result.diagnosticMessage || 'no text'}`,
    {
      resultCode: result.resultCode,
    },
  );
}

/** Whether a result says that the server did not even begin: another one may be asked the same, a bind included (RFC 4511, appendix A.2). */
export function doesNotServe(resultCode: number): boolean {
  return resultCode === RESULT.busy || resultCode === RESULT.unavailable;
}
