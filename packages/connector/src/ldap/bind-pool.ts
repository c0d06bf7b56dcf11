/**
 * Connections that are bound with users' passwords, one user at a time. The previous user of a connection does not matter, since every
 * use begins with its own bind.
 */
import { createSemaphore } from '@landbridge/runtime';
import type { BindOptions, LdapConnection } from './connection.ts';
import { busy, LdapError, RESULT } from './errors.ts';
import type { LdapResult } from './messages.ts';

export interface BindPoolOptions {
  open(signal: AbortSignal | undefined): Promise<LdapConnection>;
  /** How many binds run at a time, each on its own connection. */
  connections: number;
  queueTimeoutMs: number;
  /** Runs one bind, including the opening of its connection. */
  during<T>(work: () => Promise<T>): Promise<T>;
}

export type AsUser = (connection: LdapConnection, options: BindOptions) => Promise<void>;

export interface BindPool {
  /**
   * Resolves with the server's result, whatever it is. A bind that may have reached a server is never repeated: the server may have
   * counted a wrong password.
   *
   * @param asUser what to do on the connection after a successful bind, before it is bound as another user
   * @throws LDAP_UNREACHABLE, LDAP_TLS_FAILED, LDAP_CONNECTION_LOST, LDAP_TIMEOUT, LDAP_BUSY, LDAP_ABORTED, and what `asUser` throws
   */
  bind(dn: string, password: string, options: BindOptions, asUser?: AsUser): Promise<LdapResult>;
  /**
   * Rejects every bind that has not been sent with this error. Binds in flight keep their connections and their deadlines: the server
   * may still answer, and no other server may be asked.
   */
  drop(because: LdapError): void;
  close(): void;
}

/** A firewall may have dropped a connection that was idle for longer; a bind on it would run into its deadline. */
const MAX_IDLE_MS = 60_000;

export function createBindPool(options: BindPoolOptions): BindPool {
  const semaphore = createSemaphore({
    maxRunning: options.connections,
    maxWaiting: 2000,
    waitTimeoutMs: options.queueTimeoutMs,
    rejection: (reason) => busy('user binds', reason),
  });
  /** Last in, first out, so that under light load the rest age and are closed. */
  const idle: { connection: LdapConnection; since: number }[] = [];
  let closed = false;
  let opening = new AbortController();

  const sweep = setInterval(() => {
    while (idle[0] !== undefined && Date.now() - idle[0].since > MAX_IDLE_MS) idle.shift()?.connection.close();
  }, MAX_IDLE_MS / 4);
  sweep.unref();

  function takeIdle(): LdapConnection | undefined {
    for (;;) {
      const taken = idle.pop()?.connection;
      if (taken === undefined || taken.closedBecause === undefined) return taken;
    }
  }

  function release(connection: LdapConnection): void {
    if (closed) connection.close();
    else if (connection.closedBecause === undefined) idle.push({ connection, since: Date.now() });
  }

  async function open(signal: AbortSignal | undefined): Promise<LdapConnection> {
    const dropped = opening.signal;
    try {
      const connection = await options.open(signal === undefined ? dropped : AbortSignal.any([signal, dropped]));
      if (!dropped.aborted) return connection;
      connection.close();
    } catch (error) {
      if (!dropped.aborted || signal?.aborted) throw error;
    }
    throw dropped.reason;
  }

  /** Binds on the most recently used connection; on a new one if there is none, or if that one was lost before anything was sent. */
  async function bindOnFreeConnection(dn: string, password: string, operation: BindOptions) {
    for (;;) {
      const reused = takeIdle();
      const connection = reused ?? (await open(operation.signal));
      try {
        return { connection, result: await connection.bind(dn, password, operation) };
      } catch (error) {
        release(connection);
        const isUnsent = error instanceof LdapError && !error.mayHaveBeenSent && error.code !== 'LDAP_ABORTED';
        if (reused === undefined || !isUnsent) throw error;
      }
    }
  }

  return {
    bind(dn, password, operation, asUser) {
      return semaphore.run(async () => {
        const { connection, result } = await options.during(() => bindOnFreeConnection(dn, password, operation));
        try {
          if (result.resultCode === RESULT.success) await asUser?.(connection, operation);
        } catch (error) {
          throw afterBind(error);
        } finally {
          release(connection);
        }
        return result;
      }, operation.signal);
    },
    drop(because) {
      semaphore.rejectWaiting(because);
      opening.abort(because);
      opening = new AbortController();
      for (const { connection } of idle.splice(0)) connection.close();
    },
    close() {
      closed = true;
      clearInterval(sweep);
      for (const { connection } of idle.splice(0)) connection.close();
    },
  };
}

/** The bind has been answered: a failure after it must not look as if the bind had never been sent. */
function afterBind(error: unknown): unknown {
  if (!(error instanceof LdapError) || error.mayHaveBeenSent) return error;
  const { code, message, action, resultCode } = error;
  return new LdapError(code, message, {
    cause: error,
    mayHaveBeenSent: true,
    ...(action === undefined ? {} : { action }),
    ...(resultCode === undefined ? {} : { resultCode }),
  });
}
