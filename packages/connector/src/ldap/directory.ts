/**
 * The directory as the rest of the connector sees it: search, bind and modify, over pools of connections that come and go behind
 * it. It knows LDAP and no users; who may sign in, and what a result means for a person, is decided in `users/`.
 */
import type { Log } from '@landbridge/runtime';
import { BIND_SUB_CODES, bindSubCode } from './active-directory/bind-sub-code.ts';
import { createBindPool } from './bind-pool.ts';
import { connect, type ServerAddress, type TlsOptions } from './connect.ts';
import type { LdapConnection, OperationOptions, SearchResult } from './connection.ts';
import { LdapError, RESULT, resultText } from './errors.ts';
import { type Filter, parseFilter, withValue } from './filter.ts';
import type { LdapResult, Modification, SearchRequest } from './messages.ts';
import { PASSWORD_POLICY_OID } from './password-policy.ts';
import { ROOT_DSE_REQUEST, type RootDse, readRootDse, UNKNOWN_ROOT_DSE } from './root-dse.ts';
import { createSearchPool, type PoolStatus } from './search-pool.ts';

export interface DirectoryOptions {
  /** Tried in this order whenever a connection is opened. */
  servers: readonly ServerAddress[];
  tls: TlsOptions;
  /** Undefined: searches are anonymous. */
  serviceAccount: { dn: string; password: string } | undefined;
  searchConnections: number;
  bindConnections: number;
  connectTimeoutMs: number;
  /** For one operation, from writing it to its last answer. */
  operationTimeoutMs: number;
  /** For waiting until an operation may be written. */
  queueTimeoutMs: number;
  heartbeatMs: number;
  /** Searched below `heartbeatSearchBase` to prove that a connection works; undefined: the root DSE is read, which needs no right. */
  heartbeatFilter: Filter | undefined;
  heartbeatSearchBase: string | undefined;
  log: Log;
}

export interface Directory {
  /** What the directory says of itself; read once. @throws why the directory cannot be asked */
  rootDse(signal?: AbortSignal): Promise<RootDse>;
  /**
   * A search as the service account. One that was lost with its connection is made again on another. Reaching a size limit is not
   * an error: `truncated` says so.
   *
   * @throws LDAP_RESULT for any other result than success, and every other code of `LdapErrorCode`
   */
  search(request: SearchRequest, options?: Partial<OperationOptions>): Promise<SearchResult>;
  /** A bind with a person's password; see `BindPool.bind`. The result has the password policy's word where the server knows one. */
  bind(dn: string, password: string, options?: Partial<OperationOptions>): Promise<LdapResult>;
  /** A change as the service account, never repeated. Resolves with whatever result the server gives. */
  modify(dn: string, modifications: readonly Modification[], options?: Partial<OperationOptions>): Promise<LdapResult>;
  status(): DirectoryStatus;
  close(): void;
}

export interface DirectoryStatus {
  urls: string[];
  /** Whether whatever is sent to any of its servers is encrypted. */
  encrypted: boolean;
  connected: boolean;
  /** Why not, where it is not. */
  error: LdapError | undefined;
  product: string | undefined;
}

export function openDirectory(options: DirectoryOptions): Directory {
  const { log } = options;
  const encrypted = options.servers.every((address) => address.tls !== 'none');
  let rootDse: RootDse | undefined;
  let error: LdapError | undefined;
  let connectedTo = '';

  async function open(signal: AbortSignal | undefined): Promise<LdapConnection> {
    let failure: unknown;
    for (const address of options.servers) {
      try {
        return await connect({ address, tls: options.tls, timeoutMs: options.connectTimeoutMs, signal });
      } catch (caught) {
        if (signal?.aborted) throw caught;
        failure ??= caught;
      }
    }
    throw failure;
  }

  async function openForSearches(signal: AbortSignal): Promise<LdapConnection> {
    const connection = await open(signal);
    try {
      const operation = { timeoutMs: options.operationTimeoutMs, signal };
      if (options.serviceAccount !== undefined) await bindServiceAccount(connection, options.serviceAccount, operation);
      rootDse ??= await askRootDse(connection, operation);
      connectedTo = `${connection.name}${connection.encrypted && connection.name.startsWith('ldap:') ? ' (StartTLS)' : ''}`;
      return connection;
    } catch (caught) {
      connection.close();
      throw caught;
    }
  }

  const searches = createSearchPool({
    open: openForSearches,
    connections: options.searchConnections,
    queueTimeoutMs: options.queueTimeoutMs,
    heartbeatMs: options.heartbeatMs,
    async heartbeat(connection) {
      const request =
        options.heartbeatFilter === undefined
          ? ROOT_DSE_REQUEST
          : {
              searchBase: options.heartbeatSearchBase ?? rootDse?.defaultSearchBase ?? '',
              scope: 'sub' as const,
              filter: withValue(options.heartbeatFilter, ''),
              attributes: ['1.1'],
              sizeLimit: 1,
            };
      // What the directory answers does not matter, only that it does.
      await connection.search(request, { timeoutMs: options.operationTimeoutMs });
    },
    onStatus(status) {
      error = status.state === 'disconnected' ? status.error : undefined;
      logStatus(status);
    },
  });
  const binds = createBindPool({ open, connections: options.bindConnections, queueTimeoutMs: options.queueTimeoutMs });

  let lastLogged = '';
  function logStatus(status: PoolStatus): void {
    if (status.state === 'connected') {
      lastLogged = '';
      return log.info(`Connected to the directory ${connectedTo}: ${rootDse?.product ?? ''}`);
    }
    // The same failure again and again says nothing new; the first one of each kind is said.
    const message = `No directory: ${status.error.message}`;
    if (message !== lastLogged) log.warn({ err: status.error, retryInMs: status.retryInMs }, message);
    lastLogged = message;
  }

  const withDefaults = (given?: Partial<OperationOptions>): OperationOptions => ({
    timeoutMs: given?.timeoutMs ?? options.operationTimeoutMs,
    signal: given?.signal,
  });

  async function search(request: SearchRequest, operation: OperationOptions): Promise<SearchResult> {
    const attempt = () => searches.with((connection) => connection.search(request, operation), operation.signal);
    const found = await attempt().catch((caught: unknown) => {
      if (caught instanceof LdapError && caught.code === 'LDAP_CONNECTION_LOST') return attempt();
      throw caught;
    });
    const { resultCode, diagnosticMessage } = found.result;
    if (resultCode === RESULT.success || found.truncated) return found;
    throw new LdapError(
      'LDAP_RESULT',
      `The directory answered a search below "${request.searchBase}" with ${resultText(resultCode)}: ${diagnosticMessage || 'no text'}`,
      {
        resultCode,
        mayHaveBeenSent: true,
        ...(resultCode === RESULT.noSuchObject
          ? { action: 'Check LDAP_BASE and LDAP_BASE_GROUPS: there is no such entry, or the service account may not see it' }
          : {}),
      },
    );
  }

  return {
    async rootDse(signal) {
      return rootDse ?? (await searches.with(async () => rootDse ?? UNKNOWN_ROOT_DSE, signal));
    },
    search: (request, given) => search(request, withDefaults(given)),
    bind(dn, password, given) {
      const askPasswordPolicy = rootDse?.supportedControls.has(PASSWORD_POLICY_OID) ?? false;
      return binds.bind(dn, password, { ...withDefaults(given), askPasswordPolicy });
    },
    modify(dn, modifications, given) {
      const operation = withDefaults(given);
      return searches.with((connection) => connection.modify(dn, modifications, operation), operation.signal);
    },
    status: () => ({
      urls: options.servers.map(({ url }) => url),
      encrypted,
      connected: searches.connected,
      error,
      product: rootDse?.product,
    }),
    close() {
      searches.close();
      binds.close();
    },
  };
}

async function bindServiceAccount(
  connection: LdapConnection,
  account: { dn: string; password: string },
  operation: OperationOptions,
): Promise<void> {
  const { resultCode, diagnosticMessage } = await connection.bind(account.dn, account.password, operation);
  if (resultCode === RESULT.success) return;
  const subCode = bindSubCode(diagnosticMessage);
  const reason = subCode === undefined ? diagnosticMessage || 'no text' : BIND_SUB_CODES[subCode];
  if (resultCode === RESULT.invalidCredentials) {
    throw new LdapError('LDAP_SERVICE_BIND_REFUSED', `The directory refused the service account ${account.dn}: ${reason}`, {
      resultCode,
      action:
        'Check LDAP_BIND_USER and LDAP_BIND_PASSWORD. Tries are far apart, so that the account is not locked; restart the connector to try at once',
    });
  }
  throw new LdapError(
    'LDAP_RESULT',
    `The directory answered the bind of the service account ${account.dn} with ${resultText(resultCode)}: ${reason}`,
    {
      resultCode,
      ...(resultCode === RESULT.strongerAuthRequired || resultCode === RESULT.confidentialityRequired
        ? { action: 'It takes passwords over TLS only: use ldaps:// in LDAP_URL, or set LDAP_STARTTLS' }
        : {}),
    },
  );
}

/** A directory that hides its root DSE still works with queries that are set. */
async function askRootDse(connection: LdapConnection, operation: OperationOptions): Promise<RootDse> {
  const { entries } = await connection.search(ROOT_DSE_REQUEST, operation);
  return entries[0] === undefined ? UNKNOWN_ROOT_DSE : readRootDse(entries[0]);
}

/** Parses a filter of the settings. @throws LDAP_FILTER_INVALID, naming the setting */
export function settingFilter(name: string, text: string): Filter {
  try {
    return parseFilter(text);
  } catch (cause) {
    throw new LdapError('LDAP_FILTER_INVALID', `${name} is not a search filter`, {
      cause,
      action: 'Correct it, or remove it to use the default',
    });
  }
}
