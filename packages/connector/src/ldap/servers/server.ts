/**
 * One directory server: its connections and its health. Which of several servers is asked is decided in `servers.ts`, based on what is
 * known here.
 */
import { createBackoff, type Log } from '@landbridge/runtime';
import { type AsUser, createBindPool } from '../bind-pool.ts';
import { connect, type ServerAddress, type TlsOptions } from '../connect.ts';
import type { BindOptions, LdapConnection } from '../connection.ts';
import type { Entry } from '../entry.ts';
import { LdapError, RESULT, unexpectedResult } from '../errors.ts';
import type { LdapResult, SearchRequest } from '../messages.ts';
import { ROOT_DSE_REQUEST, type RootDse, readRootDse, schemaOf, schemaRequest, UNKNOWN_ROOT_DSE } from '../root-dse.ts';
import type { Schema } from '../schema.ts';
import { createSearchPool } from '../search-pool.ts';
import { createLivenessWatch } from './liveness-watch.ts';
import { demandsTls, type ServiceAccount } from './service-account.ts';

export interface ServerOptions {
  tls: TlsOptions;
  /** Undefined: searches are anonymous. */
  serviceAccount: ServiceAccount | undefined;
  searchConnections: number;
  bindConnections: number;
  connectTimeoutMs: number;
  /** For one operation, from writing the request to its last response. */
  operationTimeoutMs: number;
  /** How long an operation may wait before it is written. */
  queueTimeoutMs: number;
  heartbeatMs: number;
  /** What proves that a connection works. */
  heartbeat(rootDse: RootDse | undefined): SearchRequest;
  /** How long a recovered server must stay healthy before it is preferred again. */
  returnAfterMs: number;
  log: Log;
}

/** What a server needs to know about the others. */
export interface ServerPeers {
  /** Whether another server could take over. */
  hasAlternative(): boolean;
  /** Something changed that may change the choice of server. */
  onChange(): void;
}

/**
 * - `healthy`: connected, nothing against it.
 * - `standby`: connected, but asked only if no other is healthy: it has just come back, is busy, or its clock is wrong.
 * - `unreachable`: no connection; `failure` says why. The connector keeps trying.
 * - `untried`: not needed yet.
 */
export type ServerState = 'healthy' | 'standby' | 'unreachable' | 'untried';

export interface Server {
  readonly address: ServerAddress;
  readonly state: ServerState;
  /** It has owed responses for longer than usual and is being probed. */
  readonly suspect: boolean;
  /** Why it is not healthy. */
  readonly failure: LdapError | undefined;
  readonly since: Date;
  readonly rootDse: RootDse | undefined;
  /** Whether everything sent to it is encrypted. */
  readonly encrypted: boolean;
  start(): void;
  /** Resolves when it can be asked. @throws why not */
  ready(): Promise<void>;
  /** @throws what `use` throws, LDAP_BUSY, and why there is no connection */
  search<T>(use: (connection: LdapConnection) => Promise<T>, signal: AbortSignal | undefined): Promise<T>;
  /** See `BindPool.bind`. */
  bind(dn: string, password: string, options: BindOptions, asUser?: AsUser): Promise<LdapResult>;
  /** It answered busy or unavailable: other servers are preferred for a moment. */
  deprioritize(because: LdapError): void;
  /** It has left the list: what is in flight ends by itself. */
  retire(): void;
  close(): void;
}

/** Kerberos' usual tolerance; beyond it a domain controller is of little use to its domain. */
const MAX_CLOCK_SKEW_MS = 5 * 60_000;

export function createServer(given: ServerAddress, options: ServerOptions, peers: ServerPeers): Server {
  let address = given;
  let rootDse: RootDse | undefined;
  /** Whether it has been unreachable since it was last connected. */
  let wasUnreachable = false;
  let standby: { because: LdapError | undefined; timer: NodeJS.Timeout } | undefined;
  let clockError: LdapError | undefined;
  let lastState: ServerState = 'untried';
  let since = new Date();
  let started = false;
  const busyBackoff = createBackoff({ firstMs: 2000, maxMs: 30_000, holdMs: 10_000 });

  const searches = createSearchPool({
    open,
    connections: options.searchConnections,
    queueTimeoutMs: options.queueTimeoutMs,
    heartbeatMs: options.heartbeatMs,
    refusedWaitMs: () => options.serviceAccount?.waitMs(address.url) ?? 0,
    // Any response will do.
    heartbeat: async (connection) => {
      await liveness.during(() => connection.search(options.heartbeat(rootDse), { timeoutMs: options.operationTimeoutMs }));
    },
    onChange() {
      // If searches lose their connections, binds will too: waiting ones are better off on another server.
      if (!searches.connected && peers.hasAlternative()) binds.drop(unreachable());
      if (searches.connected && wasUnreachable && peers.hasAlternative()) keepOnStandby(undefined, options.returnAfterMs);
      wasUnreachable = !searches.connected;
      changed();
    },
  });
  const liveness = createLivenessWatch({
    suspectAfterMs: Math.max(100, options.operationTimeoutMs / 20),
    silentAfterMs: Math.max(400, (options.operationTimeoutMs * 3) / 20),
    probe,
    hasAlternative: peers.hasAlternative,
    onSuspect: peers.onChange,
    onSilent() {
      const silent = new LdapError('LDAP_CONNECTION_LOST', `${address.url} accepts requests but does not answer them`, {
        mayHaveBeenSent: true,
      });
      searches.drop(silent);
    },
  });
  const binds = createBindPool({
    open: (signal) => connect({ address, tls: options.tls, timeoutMs: options.connectTimeoutMs, signal }),
    connections: options.bindConnections,
    queueTimeoutMs: options.queueTimeoutMs,
    during: liveness.during,
  });

  /** Connects (with TLS if the server insists on it, whatever the settings say), binds as the service account, reads the root DSE. */
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
      // After an outage it may run another version, or have another clock.
      if (!searches.connected) {
        rootDse = await askRootDse(connection, address.host, operation);
        checkClock(rootDse);
      }
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** @returns whether the server supports StartTLS; from then on every connection uses it */
  async function useStartTls(signal: AbortSignal): Promise<boolean> {
    if (address.tls !== 'none') return false;
    const encrypted: ServerAddress = { ...address, tls: 'starttls' };
    try {
      const connection = await connect({ address: encrypted, tls: options.tls, timeoutMs: options.connectTimeoutMs, signal });
      connection.close();
    } catch (error) {
      // An untrusted certificate is worth reporting; missing StartTLS support is not.
      if (error instanceof LdapError && error.code === 'LDAP_TLS_FAILED' && error.resultCode === undefined) throw error;
      return false;
    }
    address = encrypted;
    options.log.info(`${address.url} demands TLS: using StartTLS`);
    return true;
  }

  function checkClock({ currentTime }: RootDse): void {
    const skewMs = currentTime === undefined ? 0 : currentTime.getTime() - Date.now();
    const before = clockError;
    clockError = undefined;
    if (Math.abs(skewMs) <= MAX_CLOCK_SKEW_MS) return;
    const minutes = Math.round(Math.abs(skewMs) / 60_000);
    clockError = new LdapError('LDAP_CLOCK_WRONG', `The clock of ${address.url} is ${minutes} minutes ${skewMs > 0 ? 'ahead' : 'behind'}`, {
      action: "Set the server's clock, or this machine's: with a wrong one, passwords and accounts expire at the wrong time",
    });
    if (before === undefined) options.log.warn({ err: clockError }, `${clockError.message}; other servers are preferred`);
  }

  function keepOnStandby(because: LdapError | undefined, ms: number): void {
    clearTimeout(standby?.timer);
    const timer = setTimeout(() => void endStandby(), ms);
    timer.unref();
    standby = { because, timer };
    changed();
  }

  async function endStandby(): Promise<void> {
    // Only a response at this moment makes it preferred again.
    const answered = await probe(options.connectTimeoutMs).then(
      () => true,
      () => false,
    );
    if (answered) standby = undefined;
    else if (searches.connected) return keepOnStandby(standby?.because, options.returnAfterMs);
    changed();
  }

  async function probe(timeoutMs: number): Promise<void> {
    await searches.with((connection) => connection.search({ ...ROOT_DSE_REQUEST, attributes: ['1.1'] }, { timeoutMs }));
  }

  function state(): ServerState {
    if (!started) return 'untried';
    if (!searches.connected) return searches.failure === undefined ? 'untried' : 'unreachable';
    return standby === undefined && clockError === undefined ? 'healthy' : 'standby';
  }

  function changed(): void {
    if (state() !== lastState) since = new Date();
    lastState = state();
    peers.onChange();
  }

  function unreachable(): LdapError {
    const cause = searches.failure;
    return new LdapError('LDAP_UNREACHABLE', `The directory server ${address.url} is unreachable`, { cause });
  }

  return {
    get address() {
      return address;
    },
    get state() {
      return state();
    },
    get suspect() {
      return liveness.suspect;
    },
    get failure() {
      return searches.failure ?? standby?.because ?? clockError;
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
    search: (use, signal) => searches.with((connection) => liveness.during(() => use(connection)), signal),
    async bind(dn, password, operation, asUser) {
      const result = await binds.bind(dn, password, operation, asUser);
      if (!demandsTls(result.resultCode) || !(await useStartTls(operation.signal ?? AbortSignal.timeout(operation.timeoutMs))))
        return result;
      // The server has not looked at the password, since it came without TLS.
      binds.drop(unreachable());
      return await binds.bind(dn, password, operation, asUser);
    },
    deprioritize(because) {
      if (peers.hasAlternative()) keepOnStandby(because, busyBackoff.nextMs());
    },
    retire() {
      liveness.stop();
      clearTimeout(standby?.timer);
      searches.retire();
      binds.close();
    },
    close() {
      liveness.stop();
      clearTimeout(standby?.timer);
      searches.close();
      binds.close();
    },
  };
}

/** A directory that hides its root DSE still works with the queries from the settings. */
async function askRootDse(
  connection: LdapConnection,
  host: string,
  operation: { timeoutMs: number; signal: AbortSignal },
): Promise<RootDse> {
  const { entries, result } = await connection.search(ROOT_DSE_REQUEST, operation);
  if (entries[0] !== undefined) return readRootDse(entries[0], { schema: await askSchema(connection, entries[0], operation), host });
  if (!demandsTls(result.resultCode) && !doesNotServe(result.resultCode)) return UNKNOWN_ROOT_DSE;
  throw unexpectedResult(`${connection.name} answered the search for its root DSE`, result);
}

/** Optional for a server: without it, spellings and binary attributes are less precise. @throws LdapError if the connection is lost */
export async function askSchema(
  connection: LdapConnection,
  rootDse: Entry,
  operation: { timeoutMs: number; signal: AbortSignal },
): Promise<Schema | undefined> {
  const request = schemaRequest(rootDse);
  return request && schemaOf((await connection.search(request, operation)).entries);
}

/** Whether a result says that the server did not even begin: another one may be asked the same, even for a bind (RFC 4511, appendix A.2). */
export function doesNotServe(resultCode: number): boolean {
  return resultCode === RESULT.busy || resultCode === RESULT.unavailable;
}
