/**
 * Follows referrals and references of searches to other servers, where a setting says so. A directory may name any host there, so
 * only hosts that the administrator trusts get the service account's password; a person's own is never sent to one of them.
 */
import type { Log } from '@landbridge/runtime';
import { type ServerAddress, serverAddress } from '../connect.ts';
import type { LdapConnection, OperationOptions, SearchResult } from '../connection.ts';
import { parseDn } from '../dn.ts';
import { LdapError, RESULT, resultText } from '../errors.ts';
import type { Scope, SearchRequest } from '../messages.ts';
import { isInside } from './discovery.ts';
import { createServer, type Server, type ServerOptions } from './server.ts';

export interface ReferralOptions {
  server: ServerOptions;
  /** The servers that are asked anyway. */
  known(): readonly Server[];
  /** Domains whose hosts may be asked, too. */
  trustedDomains: readonly string[];
  /** How `ldap://` is spoken there. */
  tls: 'starttls' | 'none';
  log: Log;
}

export interface Referrals {
  /**
   * @param found what the first server answered
   * @returns it with what the others add
   * @throws LDAP_REFERRAL where nothing was found and one of them could not be asked: there may be something after all
   */
  follow(request: SearchRequest, found: SearchResult, operation: OperationOptions): Promise<SearchResult>;
  close(): void;
}

/** From one server to the next. A forest of domains is a few levels deep. */
const MAX_HOPS = 5;
/** For one search: what a directory with a fault, or a hostile one, can make us ask. */
const MAX_FOLLOWED = 20;
/** Servers that are kept connected. */
const MAX_SERVERS = 16;
/** Parts of every Active Directory that are referred to and hold neither people nor groups. */
const WITHOUT_PEOPLE = /^(?:DC=(?:Domain|Forest)DnsZones|CN=(?:Configuration|Schema)),/i;

interface Place {
  address: ServerAddress;
  searchBase: string | undefined;
  scope: Scope | undefined;
}

export function createReferrals(options: ReferralOptions): Referrals {
  const { log } = options;
  const servers = new Map<string, Server>();
  const warned = new Set<string>();

  /** The first of several URLs of the same place that may be asked; undefined where none may. */
  function allowed(urls: readonly string[]): Place | undefined {
    for (const url of urls) {
      const place = placeOf(url, options.tls);
      if (place === undefined) continue;
      const { host, port } = place.address;
      const isKnown = options.known().some(({ address }) => address.host.toLowerCase() === host.toLowerCase() && address.port === port);
      if (isKnown || isInside(host, options.trustedDomains)) return place;
      warnOnce(host, `A referral leads to ${host.slice(0, 253)}, which is not trusted (LDAP_TRUSTED_DOMAINS), and is not followed`);
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
    const [oldest] = servers;
    if (servers.size >= MAX_SERVERS && oldest !== undefined) {
      servers.delete(oldest[0]);
      oldest[1].retire();
    }
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
          if (place === undefined || (place.searchBase !== undefined && WITHOUT_PEOPLE.test(place.searchBase))) continue;
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
            warnOnce(key, `A referral to ${place.address.url} could not be followed`, error);
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
  return new LdapError('LDAP_REFERRAL', `The server ${address.url}, to which the directory refers, answered with ${what}`, {
    cause,
    mayHaveBeenSent: true,
    action: 'See that it can be reached and takes the service account, or search below LDAP_BASE only what this directory holds itself',
  });
}

const SCOPES: Readonly<Record<string, Scope>> = { base: 'base', one: 'one', sub: 'sub' };

/** Reads an LDAP URL (RFC 4516). Attributes and filter of it are left aside: what is searched for is decided here. */
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
