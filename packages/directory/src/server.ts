/** The directory as a server: it listens, serves every connection from one domain, counts operations, and stops. */
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
  /** What it serves; the domain Fabrikam with its people where it is left out. */
  domain?: Domain;
  /** `127.0.0.1` by default: the passwords in here are known to everybody. */
  host?: string;
  /** 0, the default, takes a free one. */
  port?: number;
  /** PEM texts. With them StartTLS is offered and LDAPS listens. */
  tls?: { key: string; cert: string };
  ldapsPort?: number;
  /** Refuses names and passwords that come unencrypted, with result 8. */
  requireTls?: boolean;
  /** Takes new passwords over unencrypted connections as well, which Active Directory never does. */
  insecurePasswordChanges?: boolean;
  /** Longer messages end the connection. 1 MiB by default. */
  maxMessageBytes?: number;
  /** A message that has begun, and a TLS handshake, must be complete after so long. 30 s by default. */
  receiveTimeoutMs?: number;
  /** More connections are closed as they come. 5,000 by default, as with Active Directory's MaxConnections. */
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
  /** The people of Fabrikam; empty where another domain is served. */
  readonly users: readonly FabrikamUser[];
  readonly operations: Operations;
  readonly faults: Faults;
  /** Wrong passwords since the last right one. `user`: any name one can bind with, or a sAMAccountName. */
  badPwdCount(user: string): number;
  /** How many clients are connected. */
  readonly connections: number;
  dropConnections(): void;
  /** Ends every connection and stops listening. The domain stays as it is and can be served again. */
  stop(): Promise<void>;
}

export interface Operations {
  /** How many operations of each kind came in. */
  readonly counts: Readonly<Record<OperationKind, number>>;
  /** How many binds with a password named this user, right or wrong. */
  bindAttempts(user: string): number;
  /** Sets all of it to 0. */
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
