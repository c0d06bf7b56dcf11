/**
 * The few connections to one server that are bound as the service account and carry all searches, many in flight on each. The pool
 * keeps them open: a lost one is replaced, at once at first and then with growing waits.
 */
import { createBackoff, createSemaphore, sleep } from '@landbridge/runtime';
import type { LdapConnection } from './connection.ts';
import { busy, LdapError } from './errors.ts';

export interface SearchPoolOptions {
  /** Connects and binds as the service account. */
  open(signal: AbortSignal): Promise<LdapConnection>;
  connections: number;
  queueTimeoutMs: number;
  heartbeatMs: number;
  /** Proves that a connection still works; rejects if it does not. */
  heartbeat(connection: LdapConnection): Promise<void>;
  /** How long to leave a server alone that refused the service account. */
  refusedWaitMs(): number;
  /** The first connection opened, the last one closed, or another attempt failed. */
  onChange(): void;
}

export interface SearchPool {
  /** Begins to open connections; no server is contacted before. */
  start(): void;
  /** Resolves when there is a connection. @throws why none can be opened */
  ready(): Promise<void>;
  /** @throws what `use` throws, LDAP_BUSY, or why no connection can be opened */
  with<T>(use: (connection: LdapConnection) => Promise<T>, signal?: AbortSignal): Promise<T>;
  readonly connected: boolean;
  /** Why no connection could be opened, or why the last one closed; undefined while there is one. */
  readonly failure: LdapError | undefined;
  /** Closes every connection and fails what is in flight: the server is not worth waiting for. Reconnects afterwards. */
  drop(because: LdapError): void;
  /** Opens no more connections, and closes each once nothing is in flight on it. */
  retire(): void;
  close(): void;
}

/** OpenLDAP closes a connection with more than 1000 operations pending (conn_max_pending_auth); a few dozen are enough for speed. */
const MAX_IN_FLIGHT_PER_CONNECTION = 64;
/** After a failed attempt, requests fail with its error for this long, so that sign-ins do not hammer a dead server. */
const FAIL_FAST_MS = 250;

export function createSearchPool(options: SearchPoolOptions): SearchPool {
  const live = new Set<LdapConnection>();
  const closing = new AbortController();
  const semaphore = createSemaphore({
    maxRunning: options.connections * MAX_IN_FLIGHT_PER_CONNECTION,
    maxWaiting: 2000,
    waitTimeoutMs: options.queueTimeoutMs,
    rejection: (reason) => busy('searches', reason),
  });
  const backoff = createBackoff({ firstMs: 200, maxMs: 5000, holdMs: 2000 });

  let started = false;
  let failure: LdapError | undefined;
  let lastFailure: { error: LdapError; until: number } | undefined;
  let wake: (() => void) | undefined;
  let settled: PromiseWithResolvers<void> = Promise.withResolvers();

  /** The only place that opens connections: one at a time, so that a refused service account is tried once and not once per request. */
  async function keepOpen(): Promise<void> {
    while (!closing.signal.aborted) {
      if (live.size >= options.connections) {
        await waitFor(undefined);
        continue;
      }
      let waitMs = 0;
      try {
        add(await options.open(closing.signal));
        lastFailure = undefined;
        backoff.succeeded();
      } catch (error) {
        if (closing.signal.aborted) break;
        const ldapError =
          error instanceof LdapError ? error : new LdapError('LDAP_UNREACHABLE', 'Connecting to the directory failed', { cause: error });
        const refused = ldapError.code === 'LDAP_SERVICE_BIND_REFUSED';
        waitMs = refused ? Math.max(options.refusedWaitMs(), FAIL_FAST_MS) : backoff.nextMs();
        lastFailure = { error: ldapError, until: Date.now() + (refused ? waitMs : FAIL_FAST_MS) };
        if (live.size === 0) fail(ldapError);
      }
      settled.resolve();
      settled = Promise.withResolvers();
      if (waitMs > 0) await waitFor(waitMs);
    }
  }

  function fail(error: LdapError): void {
    failure = error;
    options.onChange();
  }

  /** Waits until a request needs a connection, or until the time is up. */
  async function waitFor(ms: number | undefined): Promise<void> {
    const waking = Promise.withResolvers<void>();
    wake = waking.resolve;
    const timer = new AbortController();
    const stop = () => waking.resolve();
    closing.signal.addEventListener('abort', stop, { once: true });
    await (ms === undefined ? waking.promise : Promise.race([waking.promise, sleep(ms, timer.signal)]));
    closing.signal.removeEventListener('abort', stop);
    timer.abort();
    wake = undefined;
  }

  function add(connection: LdapConnection): void {
    if (closing.signal.aborted) return connection.close();
    live.add(connection);
    failure = undefined;
    if (live.size === 1) options.onChange();
    const check = () => options.heartbeat(connection).catch(() => connection.close());
    const beat = options.heartbeatMs === 0 ? undefined : setInterval(check, options.heartbeatMs).unref();
    connection.onClose((error) => {
      clearInterval(beat);
      live.delete(connection);
      if (closing.signal.aborted) return;
      if (live.size === 0) fail(error);
      wake?.();
    });
  }

  async function connection(): Promise<LdapConnection> {
    for (;;) {
      if (closing.signal.aborted) throw new LdapError('LDAP_UNREACHABLE', 'The connector is stopping');
      let best: LdapConnection | undefined;
      for (const candidate of live) if (best === undefined || candidate.inFlight < best.inFlight) best = candidate;
      if (best !== undefined) return best;
      if (lastFailure !== undefined && Date.now() < lastFailure.until) throw lastFailure.error;
      const outcome = settled.promise;
      wake?.();
      await outcome;
      if (live.size === 0 && lastFailure !== undefined) throw lastFailure.error;
    }
  }

  /** The last request on a retired pool's connection closes it. */
  async function using<T>(taken: LdapConnection, use: (connection: LdapConnection) => Promise<T>): Promise<T> {
    try {
      return await use(taken);
    } finally {
      if (closing.signal.aborted && taken.inFlight === 0) taken.close();
    }
  }

  return {
    start() {
      if (started) return;
      started = true;
      void keepOpen();
    },
    async ready() {
      await connection();
    },
    with: (use, signal) => semaphore.run(async () => using(await connection(), use), signal),
    get connected() {
      return live.size > 0;
    },
    get failure() {
      return failure;
    },
    drop(because) {
      for (const connection of [...live]) connection.close(because);
    },
    retire() {
      closing.abort();
      settled.resolve();
      for (const connection of [...live]) if (connection.inFlight === 0) connection.close();
    },
    close() {
      closing.abort();
      settled.resolve();
      for (const connection of [...live]) connection.close();
    },
  };
}
