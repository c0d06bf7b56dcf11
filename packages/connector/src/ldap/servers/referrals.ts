/**
 * Follows referrals and references of searches to other servers, if LDAP_FOLLOW_REFERRALS is set. A directory may name any host there,
 * so only hosts the administrator trusts get the service account's password. A user's password is never sent to any of them.
 */
import type { Log } from '@landbridge/runtime';
import { LRUCache } from 'lru-cache';
import { type ServerAddress, serverAddress } from '../connect.ts';
import type { LdapConnection, OperationOptions } from '../connection.ts';
import { parseDn } from '../dn.ts';
import { LdapError, RESULT, resultText } from '../errors.ts';
import type { Scope, SearchRequest } from '../messages.ts';
import type { SearchResult } from '../paged-search.ts';
import { isInside } from './discovery.ts';
import { createServer, type Server, type ServerOptions } from './server.ts';

export interface ReferralOptions {
  server: ServerOptions;
  /** The directory's own servers. */
  known(): readonly Server[];
  /** Domains whose hosts may be asked as well. */
  trustedDomains: readonly string[];
  /** How to speak `ldap://` there. */
  tls: 'starttls' | 'none';
  log: Log;
}

export interface Referrals {
  /**
   * @param found what the first server answered
   * @returns the same, with what the other servers add
   * @throws LDAP_REFERRAL if nothing was found and one of the servers could not be asked: it may hold the entry
   */
  follow(request: SearchRequest, found: SearchResult, operation: OperationOptions): Promise<SearchResult>;
  close(): void;
}

/** From one server to the next. A forest of domains is a few levels deep. */
const MAX_HOPS = 5;
/** Per search: bounds what a faulty or hostile directory can make us ask. */
const MAX_FOLLOWED = 20;
/** Servers kept connected, those used most recently. */
const MAX_SERVERS = 16;
/** Parts of every Active Directory that hold neither users nor groups. */
const WITHOUT_USERS = /^(?:DC=(?:Domain|Forest)DnsZones|CN=(?:Configuration|Schema)),/i;

interface Place {
  address: ServerAddress;
  searchBase: string | undefined;
  scope: Scope | undefined;
}

export function createReferrals(options: ReferralOptions): Referrals {
  const { log } = options;
  const servers = new LRUCache<string, Server>({
    max: MAX_SERVERS,
    dispose: (server, _url, reason) => {
      if (reason === 'evict') server.retire();
    },
  });
  const warned = new Set<string>();

  /** The first of several URLs of the same place that may be asked. */
  function allowed(urls: readonly string[]): Place | undefined {
    for (const url of urls) {
      const place = placeOf(url, options.tls);
      if (place === undefined) continue;
      const { host, port } = place.address;
      const isKnown = options.known().some(({ address }) => address.host.toLowerCase() === host.toLowerCase() && address.port === port);
      if (isKnown || isInside(host, options.trustedDomains)) return place;
      warnOnce(host, `Ignoring a referral to ${host.slice(0, 253)}: not in LDAP_TRUSTED_DOMAINS`);
    }
    return undefined;
  }

  function warnOnce(key: string, message: string, error?: unknown): void {
    if (warned.has(key) || warned.size > 1000) return;
    warned.add(key);
    log.warn({ err: error }, message);
  }

  function serverAt(address: ServerAddress): Server {
    const known = options
      .known()
      .find((server) => server.address.host.toLowerCase() === address.host.toLowerCase() && server.address.port === address.port);
    const kept = known ?? servers.get(address.url);
    if (kept !== undefined) return kept;
    const server = createServer(
      address,
      { ...options.server, searchConnections: 1, bindConnections: 1 },
      { hasAlternative: () => false, onChange() {} },
    );
    server.start();
    servers.set(address.url, server);
    return server;
  }

  return {
    async follow(request, found, operation) {
      const all: SearchResult = { ...found, entries: [...found.entries], references: [] };
      const asked = new Set<string>();
      let failure: unknown;
      let wave = placesOf(found);
      for (let hop = 0; hop < MAX_HOPS && wave.length > 0; hop++) {
        const next: string[][] = [];
        for (const urls of wave) {
          const place = allowed(urls);
          if (place === undefined || (place.searchBase !== undefined && WITHOUT_USERS.test(place.searchBase))) continue;
          const further: SearchRequest = {
            ...request,
            searchBase: place.searchBase ?? request.searchBase,
            scope: place.scope ?? request.scope,
          };
          const key = `${place.address.host}:${place.address.port} ${further.scope} ${further.searchBase}`.toLowerCase();
          if (asked.has(key) || asked.size >= MAX_FOLLOWED) continue;
          asked.add(key);
          try {
            const more = await serverAt(place.address).search(
              (connection: LdapConnection) => connection.search(further, operation),
              operation.signal,
            );
            all.entries.push(...more.entries);
            all.truncated ||= more.truncated;
            next.push(...placesOf(more));
            const { resultCode } = more.result;
            if (resultCode !== RESULT.success && resultCode !== RESULT.referral && !more.truncated)
              throw notAnswered(place, resultText(resultCode));
          } catch (error) {
            if (error instanceof LdapError && error.code === 'LDAP_ABORTED') throw error;
            failure ??= error instanceof LdapError && error.code === 'LDAP_REFERRAL' ? error : notAnswered(place, 'an error', error);
            warnOnce(key, `Following a referral to ${place.address.url} failed`, error);
          }
        }
        wave = next;
      }
      if (all.entries.length === 0 && failure !== undefined) throw failure;
      if (found.result.resultCode === RESULT.referral && asked.size > 0) all.result = { ...found.result, resultCode: RESULT.success };
      return all;
    },
    close() {
      for (const server of servers.values()) server.close();
    },
  };
}

function placesOf({ references, result }: SearchResult): string[][] {
  return result.resultCode === RESULT.referral && result.referrals.length > 0 ? [...references, result.referrals] : references;
}

function notAnswered({ address }: Place, what: string, cause?: unknown): LdapError {
  return new LdapError('LDAP_REFERRAL', `${address.url}, which the directory refers to, answered with ${what}`, {
    cause,
    mayHaveBeenSent: true,
    action: 'Make sure that it can be reached and accepts the service account, or narrow LDAP_BASE to what this directory holds itself',
  });
}

const SCOPES: Readonly<Record<string, Scope>> = { base: 'base', one: 'one', sub: 'sub' };

/** Reads an LDAP URL (RFC 4516). Its attributes and filter are ignored: what is searched for is decided here. */
function placeOf(url: string, tls: 'starttls' | 'none'): Place | undefined {
  if (url.length > 4096 || !/^ldaps?:\/\/[^/]/i.test(url) || !URL.canParse(url)) return undefined;
  const { pathname, search, username, password } = new URL(url);
  if (username !== '' || password !== '') return undefined;
  const searchBase = decoded(pathname.slice(1));
  if (searchBase === undefined || parseDn(searchBase) === undefined) return undefined;
  const scope = search.slice(1).split('?')[1]?.toLowerCase();
  return {
    address: serverAddress(url, tls),
    searchBase: searchBase === '' ? undefined : searchBase,
    scope: scope !== undefined && Object.hasOwn(SCOPES, scope) ? SCOPES[scope] : undefined,
  };
}

function decoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
