/**
 * The directory as the rest of the connector sees it: search, bind and modify, over pools of connections that come and go behind
 * it. It knows LDAP and no users; who may sign in, and what a result means for a person, is decided in `users/`.
 */
import type { Log } from '@landbridge/runtime';
import type { AsPerson } from './bind-pool.ts';
import type { ServerAddress, TlsOptions } from './connect.ts';
import type { BindOptions, LdapConnection, OperationOptions, PasswordChange, SearchResult } from './connection.ts';
import type { Entry } from './entry.ts';
import { LdapError, RESULT, resultText } from './errors.ts';
import { type Filter, parseFilter, withValue } from './filter.ts';
import type { LdapResult, Modification, SearchRequest } from './messages.ts';
import { PASSWORD_POLICY_OID } from './password-policy.ts';
import { ROOT_DSE_REQUEST, type RootDse, UNKNOWN_ROOT_DSE } from './root-dse.ts';
import { isNotShown, searchFailed } from './search-failed.ts';
import { createReferrals } from './servers/referrals.ts';
import { doesNotServe, type Server, type ServerOptions } from './servers/server.ts';
import { createServers, type ServerStatus } from './servers/servers.ts';
import { createServiceAccount } from './servers/service-account.ts';

export interface DirectoryOptions {
  /** The first that is well is used. A function where DNS names them: it is asked again from time to time. */
  servers: readonly ServerAddress[] | (() => Promise<readonly ServerAddress[]>);
  tls: TlsOptions;
  /** Undefined: searches are anonymous. `none`: there are no searches, and nothing but the root DSE is asked for. */
  serviceAccount: { dn: string; password: string } | 'none' | undefined;
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
  /** Undefined: referrals are not followed. */
  referrals?: { trustedDomains: readonly string[]; tls: 'starttls' | 'none' } | undefined;
  /** How long a server must have been well again before it is preferred to one further down the list; 15 s by default. */
  returnAfterMs?: number;
  log: Log;
}

export interface Directory {
  /** `nobody`: there is no service account, and no leave to search anonymously, which is as anybody. */
  readonly searchesAs: 'account' | 'anybody' | 'nobody';
  /** What the directory says of itself; read once. @throws why the directory cannot be asked */
  rootDse(signal?: AbortSignal): Promise<RootDse>;
  /**
   * A search as the service account. One that was lost with its connection is made again on another. Reaching a size limit is not
   * an error: `truncated` says so.
   *
   * @throws LDAP_RESULT for any other result than success, LDAP_NO_SERVICE_ACCOUNT, and every other code of `LdapErrorCode`
   */
  search(request: SearchRequest, options?: Partial<OperationOptions>): Promise<SearchResult>;
  /** A bind with a person's password; see `BindPool.bind`. The result has the password policy's word where the server knows one. */
  bind(dn: string, password: string, options?: Partial<OperationOptions>): Promise<LdapResult>;
  /**
   * As `bind`; where it succeeds, the person's own entry is then read as they see it themselves.
   *
   * @returns `entry`: undefined where the bind failed, or where nothing of it is shown to them
   * @throws as `bind`, and LDAP_RESULT where the server was not able to say
   */
  bindAndRead(
    dn: string,
    password: string,
    attributes: readonly string[],
    options?: Partial<OperationOptions>,
  ): Promise<{ result: LdapResult; entry: Entry | undefined }>;
  /**
   * As `bind`; where it succeeds, the person then changes the password over the same connection (RFC 3062).
   *
   * @returns `change`: the server's result, whatever it is; undefined where the bind failed
   */
  bindAndChangePassword(
    change: PasswordChange,
    options?: Partial<OperationOptions>,
  ): Promise<{ bind: LdapResult; change: LdapResult | undefined }>;
  /**
   * The same change as the service account, never repeated, for people who cannot bind. Only with servers that are known to check
   * the old password even so.
   */
  changePassword(change: PasswordChange, options?: Partial<OperationOptions>): Promise<LdapResult>;
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
  /** Each server, in order of preference. */
  servers: ServerStatus[];
}

const RETURN_AFTER_MS = 15_000;
/** What three servers could not do, a fourth is not asked: somebody is waiting. */
const MAX_SERVERS_ASKED = 3;

export function openDirectory(options: DirectoryOptions): Directory {
  const { serviceAccount } = options;
  const each: ServerOptions = {
    ...options,
    returnAfterMs: options.returnAfterMs ?? RETURN_AFTER_MS,
    serviceAccount: typeof serviceAccount === 'object' ? createServiceAccount(serviceAccount) : undefined,
    heartbeat: (found) =>
      options.heartbeatFilter === undefined
        ? ROOT_DSE_REQUEST
        : {
            searchBase: options.heartbeatSearchBase ?? found?.defaultSearchBase ?? '',
            scope: 'sub',
            filter: withValue(options.heartbeatFilter, ''),
            attributes: ['1.1'],
            sizeLimit: 1,
          },
  };
  const servers = createServers({
    ...each,
    addresses: options.servers,
  });
  const referrals =
    options.referrals &&
    createReferrals({
      ...options.referrals,
      // What another domain refuses must not keep this one's servers waiting.
      server: { ...each, serviceAccount: typeof serviceAccount === 'object' ? createServiceAccount(serviceAccount) : undefined },
      known: () => servers.list,
      log: options.log,
    });
  let rootDse: RootDse | undefined;

  const withDefaults = (given?: Partial<OperationOptions>): OperationOptions => ({
    timeoutMs: given?.timeoutMs ?? options.operationTimeoutMs,
    signal: given?.signal,
  });

  const passwordOptions = (server: Server, given?: Partial<OperationOptions>): BindOptions => ({
    ...withDefaults(given),
    askPasswordPolicy: server.rootDse?.supportedControls.has(PASSWORD_POLICY_OID) ?? false,
  });

  /**
   * Asks one server, and another one where that could not do it. With a single one it is asked a second time, over a new connection.
   *
   * @param mayRepeat whether what failed so may be asked again
   */
  async function ask<T>(
    work: (server: Server) => Promise<T>,
    mayRepeat: (error: LdapError) => boolean,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const tried = new Set<Server>();
    for (let tries = 1; ; tries++) {
      const server = await servers.choose(tried, signal);
      tried.add(server);
      try {
        return await work(server);
      } catch (error) {
        if (!(error instanceof LdapError) || !mayRepeat(error)) throw error;
        const notServing = error.resultCode !== undefined && doesNotServe(error.resultCode);
        if (notServing) server.putAside(error);
        const others = servers.list.length - tried.size;
        if (tries === MAX_SERVERS_ASKED || (others <= 0 && (notServing || tries > 1))) throw error;
      }
    }
  }

  async function search(request: SearchRequest, operation: OperationOptions): Promise<SearchResult> {
    const found = await ask(
      async (server) => {
        const answer = await server.search((connection) => connection.search(request, operation), operation.signal);
        if (doesNotServe(answer.result.resultCode)) throw searchFailed(request, answer.result, false);
        return answer;
      },
      maySearchAgain,
      operation.signal,
    );
    const all = referrals === undefined ? found : await referrals.follow(request, found, operation);
    if (all.result.resultCode === RESULT.success || all.truncated) return all;
    throw searchFailed(request, all.result, serviceAccount === undefined);
  }

  async function bind(
    dn: string,
    password: string,
    given: Partial<OperationOptions> | undefined,
    asPerson?: AsPerson,
  ): Promise<LdapResult> {
    return await ask(
      async (server) => {
        const result = await server.bind(dn, password, passwordOptions(server, given), asPerson);
        if (!doesNotServe(result.resultCode)) return result;
        // Not sent, in effect: a server that says so has not looked at the password.
        const { resultCode, diagnosticMessage } = result;
        throw new LdapError(
          'LDAP_RESULT',
          `The directory answered a bind with ${resultText(resultCode)}: ${diagnosticMessage || 'no text'}`,
          {
            resultCode,
          },
        );
      },
      cannotHaveBeenSent,
      given?.signal,
    );
  }

  /** Changes go to one server, and to another only where the first cannot have got them. */
  async function change(
    given: Partial<OperationOptions> | undefined,
    send: (connection: LdapConnection, operation: BindOptions) => Promise<LdapResult>,
  ): Promise<LdapResult> {
    assertServiceAccount('changes');
    return await ask(
      (server) => server.search((connection) => send(connection, passwordOptions(server, given)), given?.signal),
      cannotHaveBeenSent,
      given?.signal,
    );
  }

  /** With no account to search as, a search would be an anonymous one that nobody allowed. */
  function assertServiceAccount(what: string): void {
    if (serviceAccount !== 'none') return;
    throw new LdapError('LDAP_NO_SERVICE_ACCOUNT', `There is no service account for ${what}`, {
      action: 'Set LDAP_BIND_USER and LDAP_BIND_PASSWORD, or ANONYMOUS_SEARCH_ENABLED where the directory allows it',
    });
  }

  return {
    searchesAs: options.serviceAccount === 'none' ? 'nobody' : options.serviceAccount === undefined ? 'anybody' : 'account',
    async rootDse(signal) {
      rootDse ??= (await servers.choose(new Set(), signal)).rootDse;
      return rootDse ?? UNKNOWN_ROOT_DSE;
    },
    async search(request, given) {
      assertServiceAccount('searches');
      return await search(request, withDefaults(given));
    },
    bind: (dn, password, given) => bind(dn, password, given),
    async bindAndRead(dn, password, attributes, given) {
      let entry: Entry | undefined;
      const result = await bind(dn, password, given, async (connection) => {
        const request: SearchRequest = { ...ENTRY_ITSELF, searchBase: dn, attributes };
        const read = await connection.search(request, withDefaults(given));
        if (read.result.resultCode !== RESULT.success && !isNotShown(read.result.resultCode)) {
          throw searchFailed(request, read.result, false);
        }
        entry = read.entries[0];
      });
      return { result, entry };
    },
    async bindAndChangePassword(wanted, given) {
      let changed: LdapResult | undefined;
      const bound = await bind(wanted.dn, wanted.oldPassword, given, async (connection, operation) => {
        changed = await connection.changePassword(wanted, operation);
      });
      return { bind: bound, change: changed };
    },
    changePassword: (wanted, given) => change(given, (connection, operation) => connection.changePassword(wanted, operation)),
    modify: (dn, modifications, given) => change(given, (connection, operation) => connection.modify(dn, modifications, operation)),
    status: () => ({
      urls: servers.list.map(({ address }) => address.url),
      encrypted: servers.list.length > 0 && servers.list.every(({ encrypted }) => encrypted),
      connected: servers.connected,
      error: servers.failure,
      product: rootDse?.product ?? servers.list.find((server) => server.rootDse !== undefined)?.rootDse?.product,
      servers: servers.status(),
    }),
    close() {
      servers.close();
      referrals?.close();
    },
  };
}

const ENTRY_ITSELF = { scope: 'base', filter: withValue(parseFilter('(objectClass=*)'), '') } as const;

/** What says nothing about the search itself, but about the server or the way to it. */
function maySearchAgain({ code, resultCode }: LdapError): boolean {
  return code === 'LDAP_CONNECTION_LOST' || code === 'LDAP_UNREACHABLE' || (resultCode !== undefined && doesNotServe(resultCode));
}

/** A bind or a change that a server may have got is never sent again: it may have been counted, or done. */
function cannotHaveBeenSent({ code, mayHaveBeenSent }: LdapError): boolean {
  return !mayHaveBeenSent && code !== 'LDAP_ABORTED' && code !== 'LDAP_BUSY';
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
