/**
 * Connections on which nothing happens but binds with people's own passwords, one at a time on each. What a connection is bound as
 * after that does not matter, since nothing else is ever sent on it.
 */
import type { BindOptions, LdapConnection } from './connection.ts';
import { LdapError } from './errors.ts';
import { createLimiter } from './limiter.ts';
import type { LdapResult } from './messages.ts';

export interface BindPoolOptions {
  open(signal: AbortSignal | undefined): Promise<LdapConnection>;
  /** How many binds run at a time, each on a connection of its own. */
  connections: number;
  queueTimeoutMs: number;
}

export interface BindPool {
  /**
   * Resolves with the server's result, whatever it is. A bind that may have reached a server is never sent again: it may have been
   * counted as a wrong password there.
   *
   * @throws LDAP_UNREACHABLE, LDAP_TLS_FAILED, LDAP_CONNECTION_LOST, LDAP_TIMEOUT, LDAP_BUSY, LDAP_ABORTED
   */
  bind(dn: string, password: string, options: BindOptions): Promise<LdapResult>;
  close(): void;
}

/** A connection that was idle for longer may have been forgotten by a firewall in between; a bind on it would wait for its deadline. */
const MAX_IDLE_MS = 60_000;

export function createBindPool(options: BindPoolOptions): BindPool {
  const limiter = createLimiter({
    name: 'user binds',
    maxRunning: options.connections,
    maxWaiting: 2000,
    queueTimeoutMs: options.queueTimeoutMs,
  });
  /** The last one used is taken first, so that under little load the others grow old and are closed. */
  const idle: { connection: LdapConnection; since: number }[] = [];
  let closed = false;

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

  async function once(connection: LdapConnection, dn: string, password: string, operation: BindOptions): Promise<LdapResult> {
    try {
      return await connection.bind(dn, password, operation);
    } finally {
      release(connection);
    }
  }

  return {
    bind(dn, password, operation) {
      return limiter.run(async () => {
        const reused = takeIdle();
        if (reused !== undefined) {
          try {
            return await once(reused, dn, password, operation);
          } catch (error) {
            if (!(error instanceof LdapError) || error.mayHaveBeenSent || error.code === 'LDAP_ABORTED') throw error;
          }
        }
        return await once(await options.open(operation.signal), dn, password, operation);
      }, operation.signal);
    },
    close() {
      closed = true;
      clearInterval(sweep);
      for (const { connection } of idle.splice(0)) connection.close();
    },
  };
}
