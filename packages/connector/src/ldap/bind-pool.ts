/**
 * Connections that are bound with people's own passwords, one person at a time on each. What a connection is bound as after that
 * does not matter: whatever is sent on it comes after a bind of its own.
 */
import { createSemaphore } from '@landbridge/runtime';
import type { BindOptions, LdapConnection } from './connection.ts';
import { busy, LdapError, RESULT } from './errors.ts';
import type { LdapResult } from './messages.ts';

export interface BindPoolOptions {
  open(signal: AbortSignal | undefined): Promise<LdapConnection>;
  /** How many binds run at a time, each on a connection of its own. */
  connections: number;
  queueTimeoutMs: number;
  /** Runs one bind, the opening of its connection included. */
  during<T>(work: () => Promise<T>): Promise<T>;
}

export type AsPerson = (connection: LdapConnection, options: BindOptions) => Promise<void>;

export interface BindPool {
  /**
   * Resolves with the server's result, whatever it is. A bind that may have reached a server is never sent again: it may have been
   * counted as a wrong password there.
   *
   * @param asPerson what to do on the connection where the bind succeeded, before anybody else is bound on it
   * @throws LDAP_UNREACHABLE, LDAP_TLS_FAILED, LDAP_CONNECTION_LOST, LDAP_TIMEOUT, LDAP_BUSY, LDAP_ABORTED, and what `asPerson` throws
   */
  bind(dn: string, password: string, options: BindOptions, asPerson?: AsPerson): Promise<LdapResult>;
  /**
   * Sends away, with this error, every bind that is not on its way yet. Those that are keep their connections and their deadlines:
   * the server may still answer them, and no other may be asked.
   */
  drop(because: LdapError): void;
  close(): void;
}

/** A connection that was idle for longer may have been forgotten by a firewall in between; a bind on it would wait for its deadline. */
const MAX_IDLE_MS = 60_000;

export function createBindPool(options: BindPoolOptions): BindPool {
  const semaphore = createSemaphore({
    maxRunning: options.connections,
    maxWaiting: 2000,
    waitTimeoutMs: options.queueTimeoutMs,
    rejection: (reason) => busy('user binds', reason),
  });
  /** The last one used is taken first, so that under little load the others grow old and are closed. */
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

  /** A bind that fails leaves the connection to the next one; after one that does not, the caller gives it back. */
  async function boundOn(connection: LdapConnection, dn: string, password: string, operation: BindOptions) {
    try {
      return { connection, result: await connection.bind(dn, password, operation) };
    } catch (error) {
      release(connection);
      throw error;
    }
  }

  async function bound(dn: string, password: string, operation: BindOptions) {
    const reused = takeIdle();
    if (reused !== undefined) {
      try {
        return await boundOn(reused, dn, password, operation);
      } catch (error) {
        if (!(error instanceof LdapError) || error.mayHaveBeenSent || error.code === 'LDAP_ABORTED') throw error;
      }
    }
    return await boundOn(await open(operation.signal), dn, password, operation);
  }

  return {
    bind(dn, password, operation, asPerson) {
      return semaphore.run(async () => {
        const { connection, result } = await options.during(() => bound(dn, password, operation));
        try {
          if (result.resultCode === RESULT.success) await asPerson?.(connection, operation);
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

/** Whatever failed after the bind, the bind has been answered: it must not look as if it had never been sent. */
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
