/**
 * The directory as the rest of the connector sees it: search, bind and modify, over pools of connections. It knows LDAP but no users:
 * who may sign in, and what a result means for a user, is decided in `users/`.
 */
import { createNaming } from './attribute-names.ts';
import type { AsUser } from './bind-pool.ts';
import type { ServerAddress } from './connect.ts';
import type { BindOptions, LdapConnection, OperationOptions, PasswordChange } from './connection.ts';
import type { Entry } from './entry.ts';
import { cannotHaveBeenSent, isNotShown, LdapError, RESULT, searchFailed, unexpectedResult } from './errors.ts';
import { ANY_ENTRY, type Filter, parseFilter, withValue } from './filter.ts';
import { withEscapedValues } from './filter-text.ts';
import type { LdapResult, Modification, SearchRequest } from './messages.ts';
import type { SearchResult } from './paged-search.ts';
import { PASSWORD_POLICY_OID } from './password-policy.ts';
import { ROOT_DSE_REQUEST, type RootDse, UNKNOWN_ROOT_DSE } from './root-dse.ts';
import { createReferrals } from './servers/referrals.ts';
import { doesNotServe, type Server, type ServerOptions } from './servers/server.ts';
import { createServers, type ServerStatus } from './servers/servers.ts';
import { createServiceAccount, type ServiceAccountCredentials } from './servers/service-account.ts';

export interface DirectoryOptions extends Omit<ServerOptions, 'serviceAccount' | 'heartbeat' | 'returnAfterMs'> {
  /** In order of preference. A function if DNS names them: it is called again from time to time. */
  servers: readonly ServerAddress[] | (() => Promise<readonly ServerAddress[]>);
  /** Undefined: searches are anonymous. `none`: no searches at all; only the root DSE is read. */
  serviceAccount: ServiceAccountCredentials | 'none' | undefined;
  /** Searched below `heartbeatSearchBase` to prove that a connection works; undefined: the root DSE is read, which needs no rights. */
  heartbeatFilter: Filter | undefined;
  heartbeatSearchBase: string | undefined;
  /** Undefined: referrals are not followed. */
  referrals?: { trustedDomains: readonly string[]; tls: 'starttls' | 'none' } | undefined;
  /** 15 s by default. */
  returnAfterMs?: number;
}

export interface PasswordOptions extends Partial<OperationOptions> {
  /** The URL of the only server to ask, as in `Entry.readFrom`. If it fails, no other is asked. Ignored if it has left the list. */
  server?: string | undefined;
}

export interface Directory {
  /** `none`: there is neither a service account nor permission to search anonymously. */
  readonly searchesAs: 'service-account' | 'anonymous' | 'none';
  /** What the directory says about itself; read once. @throws why the directory cannot be asked */
  rootDse(signal?: AbortSignal): Promise<RootDse>;
  /**
   * A search as the service account, repeated on another connection if its own is lost. Reaching a size limit is not an error:
   * `truncated` says so. Attribute names are spelled as in the request or the schema (see `attribute-names.ts`).
   *
   * @throws LDAP_RESULT for any result but success, LDAP_NO_SERVICE_ACCOUNT, and every other `LdapErrorCode`
   */
  search(request: SearchRequest, options?: Partial<OperationOptions>): Promise<SearchResult>;
  /** A bind with a user's password; see `BindPool.bind`. The result carries the password policy response if the server supports it. */
  bind(dn: string, password: string, options?: PasswordOptions): Promise<LdapResult>;
  /**
   * Like `bind`; after a successful bind it reads the user's own entry as that user.
   *
   * @returns `entry`: undefined if the bind failed, or if the user may not read it
   * @throws what `bind` throws, and LDAP_RESULT if the server could not say
   */
  bindAndRead(
    dn: string,
    password: string,
    attributes: readonly string[],
    options?: PasswordOptions,
  ): Promise<{ result: LdapResult; entry: Entry | undefined }>;
  /**
   * Like `bind`; after a successful bind the user changes the password over the same connection (RFC 3062).
   *
   * @returns `change`: the server's result, whatever it is; undefined if the bind failed
   */
  bindAndChangePassword(change: PasswordChange, options?: PasswordOptions): Promise<{ bind: LdapResult; change: LdapResult | undefined }>;
  /**
   * The same change as the service account, never repeated, for users who cannot bind. Only for servers known to check the old
   * password in this case as well.
   */
  changePassword(change: PasswordChange, options?: PasswordOptions): Promise<LdapResult>;
  /** A change as the service account, never repeated. Resolves with any result the server gives. */
  modify(dn: string, modifications: readonly Modification[], options?: PasswordOptions): Promise<LdapResult>;
  status(): DirectoryStatus;
  close(): void;
}

export interface DirectoryStatus {
  urls: string[];
  /** Whether everything sent to any of its servers is encrypted. */
  encrypted: boolean;
  connected: boolean;
  /** Not connected, and the first attempts are still running. */
  connecting: boolean;
  /** Why it is not connected. */
  error: LdapError | undefined;
  product: string | undefined;
  /** In order of preference. */
  servers: ServerStatus[];
}

const RETURN_AFTER_MS = 15_000;
/** A sign-in is waiting: after three servers have failed, no fourth is asked. */
const MAX_SERVERS_ASKED = 3;

export function openDirectory(options: DirectoryOptions): Directory {
  const { serviceAccount } = options;
  const each: ServerOptions = {
    ...options,
    returnAfterMs: options.returnAfterMs ?? RETURN_AFTER_MS,
    serviceAccount: serviceAccount === undefined || serviceAccount === 'none' ? undefined : createServiceAccount(serviceAccount),
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
  const servers = createServers({ ...each, addresses: options.servers });
  const referrals =
    options.referrals &&
    createReferrals({
      ...options.referrals,
      // A refusal in another domain must not delay binds to this one's servers.
      server: {
        ...each,
        serviceAccount: serviceAccount === undefined || serviceAccount === 'none' ? undefined : createServiceAccount(serviceAccount),
      },
      known: () => servers.list,
      log: options.log,
    });
  let rootDse: RootDse | undefined;

  /** Identical for all servers of a directory. */
  const schema = () => servers.list.find((server) => server.rootDse?.schema !== undefined)?.rootDse?.schema;

  const withDefaults = (given?: Partial<OperationOptions>): OperationOptions => ({
    timeoutMs: given?.timeoutMs ?? options.operationTimeoutMs,
    signal: given?.signal,
  });

  const passwordOptions = (server: Server, given?: Partial<OperationOptions>): BindOptions => ({
    ...withDefaults(given),
    askPasswordPolicy: server.rootDse?.supportedControls.has(PASSWORD_POLICY_OID) ?? false,
  });

  /**
   * Asks one server, and another if the first could not do it. A single server is asked a second time, over a new connection.
   *
   * @param mayRepeat whether an operation that failed this way may be repeated
   * @param only the URL of the only server to ask, once
   */
  async function ask<T>(
    work: (server: Server) => Promise<T>,
    mayRepeat: (error: LdapError) => boolean,
    signal: AbortSignal | undefined,
    only?: string,
  ): Promise<T> {
    const tried = new Set<Server>();
    const onlyServer = only === undefined ? undefined : servers.list.find(({ address }) => address.url === only);
    for (let tries = 1; ; tries++) {
      const server = onlyServer ?? (await servers.choose(tried, signal));
      tried.add(server);
      try {
        return await work(server);
      } catch (error) {
        if (!(error instanceof LdapError) || !mayRepeat(error)) throw error;
        const notServing = error.resultCode !== undefined && doesNotServe(error.resultCode);
        if (notServing) server.deprioritize(error);
        if (onlyServer !== undefined) throw error;
        const others = servers.list.length - tried.size;
        if (tries === MAX_SERVERS_ASKED || (others <= 0 && (notServing || tries > 1))) throw error;
      }
    }
  }

  async function search(request: SearchRequest, operation: OperationOptions): Promise<SearchResult> {
    const found = await ask(
      async (server) => {
        const answer = await server.search((connection) => connection.search(request, operation), operation.signal);
        if (doesNotServe(answer.result.resultCode)) throw searchFailed(request.searchBase, answer.result, false);
        return answer;
      },
      maySearchAgain,
      operation.signal,
    );
    const all = referrals === undefined ? found : await referrals.follow(request, found, operation);
    const named = createNaming(schema(), request.attributes);
    all.entries = all.entries.map(named);
    if (all.result.resultCode === RESULT.success || all.truncated) return all;
    throw searchFailed(request.searchBase, all.result, serviceAccount === undefined);
  }

  async function bind(dn: string, password: string, given: PasswordOptions | undefined, asUser?: AsUser): Promise<LdapResult> {
    return await ask(
      async (server) => {
        const result = await server.bind(dn, password, passwordOptions(server, given), asUser);
        // A server that is busy or unavailable has not looked at the password: as if it had not been sent.
        if (doesNotServe(result.resultCode)) throw unexpectedResult('The directory answered a bind', result);
        return result;
      },
      cannotHaveBeenSent,
      given?.signal,
      given?.server,
    );
  }

  /** A change goes to one server, and to another only if it cannot have reached the first. */
  async function change(
    given: PasswordOptions | undefined,
    send: (connection: LdapConnection, operation: BindOptions) => Promise<LdapResult>,
  ): Promise<LdapResult> {
    assertServiceAccount('changes');
    return await ask(
      (server) => server.search((connection) => send(connection, passwordOptions(server, given)), given?.signal),
      cannotHaveBeenSent,
      given?.signal,
      given?.server,
    );
  }

  /** Without this check, the search would run as an anonymous one, which is not permitted. */
  function assertServiceAccount(what: string): void {
    if (serviceAccount !== 'none') return;
    throw new LdapError('LDAP_NO_SERVICE_ACCOUNT', `There is no service account for ${what}`, {
      action: 'Set LDAP_BIND_USER and LDAP_BIND_PASSWORD, or ANONYMOUS_SEARCH_ENABLED if the directory permits it',
    });
  }

  return {
    searchesAs: serviceAccount === 'none' ? 'none' : serviceAccount === undefined ? 'anonymous' : 'service-account',
    async rootDse(signal) {
      rootDse ??= (await servers.choose(new Set(), signal)).rootDse;
      return rootDse ?? UNKNOWN_ROOT_DSE;
    },
    async search(request, given) {
      assertServiceAccount('searches');
      return await search(request, withDefaults(given));
    },
    bind,
    async bindAndRead(dn, password, attributes, given) {
      let entry: Entry | undefined;
      const result = await bind(dn, password, given, async (connection) => {
        const request: SearchRequest = { searchBase: dn, scope: 'base', filter: ANY_ENTRY, attributes };
        const read = await connection.search(request, withDefaults(given));
        if (read.result.resultCode !== RESULT.success && !isNotShown(read.result.resultCode)) {
          throw searchFailed(request.searchBase, read.result, false);
        }
        entry = read.entries[0] && createNaming(schema(), attributes)(read.entries[0]);
      });
      return { result, entry };
    },
    async bindAndChangePassword(request, given) {
      let changed: LdapResult | undefined;
      const bound = await bind(request.dn, request.oldPassword, given, async (connection, operation) => {
        changed = await connection.changePassword(request, operation);
      });
      return { bind: bound, change: changed };
    },
    changePassword: (request, given) => change(given, (connection, operation) => connection.changePassword(request, operation)),
    modify: (dn, modifications, given) => change(given, (connection, operation) => connection.modify(dn, modifications, operation)),
    status: () => ({
      urls: servers.list.map(({ address }) => address.url),
      encrypted: servers.list.length > 0 && servers.list.every(({ encrypted }) => encrypted),
      connected: servers.connected,
      connecting: servers.connecting,
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

/** Says nothing about the search itself, only about the server or the network. */
function maySearchAgain({ code, resultCode }: LdapError): boolean {
  return code === 'LDAP_CONNECTION_LOST' || code === 'LDAP_UNREACHABLE' || (resultCode !== undefined && doesNotServe(resultCode));
}

/** Parses a filter from the settings. @throws LDAP_FILTER_INVALID, naming the setting */
export function settingFilter(name: string, text: string): Filter {
  try {
    return parseFilter(text);
  } catch (cause) {
    const escaped = withEscapedValues(text.trim());
    if (escaped !== text.trim()) return settingFilter(name, escaped);
    throw new LdapError('LDAP_FILTER_INVALID', `${name} is not a search filter`, {
      cause,
      action: 'Correct it, or remove it to use the default',
    });
  }
}
