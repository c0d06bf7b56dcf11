/** The LDAP server: listens, serves all connections from one domain, and counts operations. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { createSecureContext } from 'node:tls';
import type { Domain } from './domain.ts';
import { createFabrikam, type FabrikamUser } from './fabrikam.ts';
import { createFaults, type Faults, type OperationKind } from './faults.ts';
import type { Operation } from './requests.ts';
import { type ClientSession, startSession } from './session.ts';
import type { DirectoryEntry } from './tree.ts';

export interface DirectoryServerOptions {
  /** The domain Fabrikam with its users by default. */
  domain?: Domain;
  /** `127.0.0.1` by default, because the passwords are public. */
  host?: string;
  /** 0, the default: a free one. */
  port?: number;
  /** PEM. Enables StartTLS and LDAPS. */
  tls?: { key: string; cert: string };
  ldapsPort?: number;
  /** Refuses unencrypted binds with a password (result 8). */
  requireTls?: boolean;
  /** Accepts new passwords over unencrypted connections, which Active Directory never does. */
  insecurePasswordChanges?: boolean;
  /** A longer message ends the connection. 1 MiB by default. */
  maxMessageBytes?: number;
  /** Within which a message or a TLS handshake must be complete. 30 s by default. */
  receiveTimeoutMs?: number;
  /** Further connections are closed immediately. 5,000 by default, Active Directory's MaxConnections. */
  maxConnections?: number;
}

export interface DirectoryServer {
  /** `ldap://127.0.0.1:PORT` */
  readonly url: string;
  /** Undefined without `tls`. */
  readonly ldapsUrl: string | undefined;
  readonly baseDn: string;
  readonly domain: Domain;
  readonly serviceAccount: { dn: string; password: string };
  /** The users of Fabrikam; empty if another domain is served. */
  readonly users: readonly FabrikamUser[];
  readonly operations: Operations;
  readonly faults: Faults;
  /** Wrong passwords since the last right one. `user`: any name that can bind, or a sAMAccountName. */
  badPwdCount(user: string): number;
  /** How many clients are connected. */
  readonly connections: number;
  dropConnections(): void;
  /** Ends all connections and stops listening. The domain can be served again. */
  stop(): Promise<void>;
}

export interface Operations {
  /** How many operations of each kind came in. */
  readonly counts: Readonly<Record<OperationKind, number>>;
  /** Binds of this user with a password, right or wrong. */
  bindAttempts(user: string): number;
  /** Sets all counts to 0. */
  reset(): void;
}

/** @throws what listening throws, for example `EADDRINUSE` */
export async function startDirectory(options: DirectoryServerOptions = {}): Promise<DirectoryServer> {
  const { host = '127.0.0.1', tls } = options;
  const { domain, users } = options.domain === undefined ? createFabrikam() : { domain: options.domain, users: [] };
  const sessions = new Set<ClientSession>();
  const { faults, next } = createFaults();
  const none: Readonly<Record<OperationKind, number>> = { bind: 0, unbind: 0, search: 0, modify: 0, extended: 0, abandon: 0, refused: 0 };
  const counts = { ...none };
  const binds = new Map<DirectoryEntry, number>();

  function arrived(operation: Operation) {
    counts[operation.kind]++;
    if (operation.kind === 'bind' && operation.password !== undefined && operation.password.length > 0) {
      const entry = domain.findAccount(operation.name);
      if (entry !== undefined) binds.set(entry, (binds.get(entry) ?? 0) + 1);
    }
    return next(operation);
  }

  function listener(encrypted: boolean): Server {
    const server = createServer((socket) => {
      const session = startSession(socket, encrypted, {
        domain,
        rules: {
          hasTls: tls !== undefined,
          requireTls: options.requireTls ?? false,
          insecurePasswordChanges: options.insecurePasswordChanges ?? false,
        },
        secureContext,
        maxMessageBytes: options.maxMessageBytes ?? 1024 * 1024,
        receiveTimeoutMs: options.receiveTimeoutMs ?? 30_000,
        arrived,
      });
      sessions.add(session);
      void session.closed.then(() => sessions.delete(session));
    });
    server.maxConnections = options.maxConnections ?? 5000;
    return server;
  }

  const secureContext = tls && createSecureContext(tls);
  const servers: Server[] = [];

  async function listen(encrypted: boolean, port = 0): Promise<number> {
    const server = listener(encrypted);
    server.listen(port, host);
    await once(server, 'listening');
    servers.push(server);
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : port;
  }

  function dropConnections(): void {
    for (const session of sessions) session.destroy();
  }

  async function stop(): Promise<void> {
    const closed = servers.splice(0).map((server) => once(server.close(), 'close'));
    dropConnections();
    await Promise.all([...closed, ...[...sessions].map((session) => session.closed)]);
  }

  try {
    const urlHost = host.includes(':') ? `[${host}]` : host;
    const url = `ldap://${urlHost}:${await listen(false, options.port)}`;
    const ldapsUrl = tls && `ldaps://${urlHost}:${await listen(true, options.ldapsPort)}`;
    return {
      url,
      ldapsUrl,
      baseDn: domain.baseDn,
      domain,
      serviceAccount: domain.serviceAccount,
      users,
      operations: {
        counts,
        bindAttempts(user) {
          const entry = domain.findAccount(user);
          return (entry && binds.get(entry)) ?? 0;
        },
        reset() {
          Object.assign(counts, none);
          binds.clear();
        },
      },
      faults,
      badPwdCount(user) {
        const entry = domain.findAccount(user);
        return Number((entry && domain.tree.text(entry, 'badPwdCount')) ?? 0);
      },
      get connections() {
        return sessions.size;
      },
      dropConnections,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
