/**
 * The servers of a domain, found in DNS as Windows finds them (MS-ADTS, section 6.3.6; RFC 2782). DNS answers are not authenticated, so
 * they may only name hosts of the domain: a certificate proves a host's name, not that it is the right host.
 */

import { lookup as systemLookup } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import type { Log } from '@landbridge/runtime';
import { type ServerAddress, serverAddress } from '../connect.ts';
import { parseDn } from '../dn.ts';
import { LdapError } from '../errors.ts';
import { inSrvOrder, type SrvRecord } from './srv.ts';

export interface DiscoveryOptions {
  /** As in LDAP_URL. */
  urls: readonly { url: string; tls: 'starttls' | 'none' }[];
  /** IP addresses, each with an optional port. Empty: the system's. */
  dnsServers: readonly string[];
  /** Further domains whose hosts may serve a domain. */
  trustedDomains: readonly string[];
  log: Log;
  random?: () => number;
}

/** Attempts per DNS query, and the time for each; a name that may also be a host is then taken as one. */
const DNS_TRIES = 2;
const DNS_TIMEOUT_MS = 1000;

interface Domain {
  name: string;
  ldaps: boolean;
  tls: 'starttls' | 'none';
  /** What the name means if it is not a domain. */
  host: ServerAddress | undefined;
}

type Target = { address: ServerAddress } | { domain: Domain };

/** @returns the servers in order of preference or, if any of the URLs may name a domain, a function that asks DNS for them */
export function createDiscovery(options: DiscoveryOptions): readonly ServerAddress[] | (() => Promise<readonly ServerAddress[]>) {
  const resolver = new Resolver({ timeout: DNS_TIMEOUT_MS, tries: DNS_TRIES });
  if (options.dnsServers.length > 0) resolver.setServers([...options.dnsServers]);
  const lookup = options.dnsServers.length > 0 ? lookupWith(resolver) : undefined;
  const addressOf = (url: string, tls: 'starttls' | 'none'): ServerAddress => ({ ...serverAddress(url, tls), ...(lookup && { lookup }) });
  const targets = options.urls.map(({ url, tls }): Target => {
    const domain = domainOf(url);
    if (domain === undefined) return { address: addressOf(url, tls) };
    return { domain: { ...domain, tls, host: domain.isDn ? undefined : addressOf(url, tls) } };
  });
  if (targets.every((target) => 'address' in target)) return targets.flatMap((target) => ('address' in target ? [target.address] : []));

  /** The last answer for each domain: valid while DNS does not answer, and its order is kept while the records stay the same. */
  const found = new Map<string, { records: string; addresses: ServerAddress[] }>();

  async function serversOf({ name, ldaps, tls, host }: Domain): Promise<ServerAddress[]> {
    const before = found.get(name);
    const { records, failure } = await lookUp(resolver, name, ldaps);
    const trusted = records.filter((record) => isInside(record.name, [name, ...options.trustedDomains]));
    for (const { name: foreign } of records.filter((record) => !trusted.includes(record))) {
      options.log.warn(
        { domain: name, host: foreign },
        'Ignoring a directory server from DNS: outside the domain and not in LDAP_TRUSTED_DOMAINS',
      );
    }
    if (trusted.length === 0) {
      if (before !== undefined) return before.addresses;
      if (host !== undefined) return [host];
      throw new LdapError('LDAP_DISCOVERY_FAILED', `DNS names no directory server of the domain ${name}`, {
        cause: failure,
        action: 'Check LDAP_URL. Set LDAP_DNS_SERVERS if this machine does not use the DNS servers of the domain, or name the servers',
      });
    }
    const key = JSON.stringify(trusted.map((record) => [record.name, record.port, record.priority, record.weight]).sort());
    if (before?.records === key) return before.addresses;
    const scheme = ldaps ? 'ldaps' : 'ldap';
    const addresses = inSrvOrder(trusted, options.random).map((record) => addressOf(`${scheme}://${record.name}:${record.port}`, tls));
    found.set(name, { records: key, addresses });
    options.log.info({ domain: name, servers: addresses.map(({ url }) => url) }, 'Found the directory servers in DNS');
    return addresses;
  }

  return async () => {
    const lists = await Promise.allSettled(
      targets.map(async (target) => ('address' in target ? [target.address] : await serversOf(target.domain))),
    );
    const addresses = lists.flatMap((list) => (list.status === 'fulfilled' ? list.value : []));
    const failed = lists.find((list) => list.status === 'rejected');
    if (addresses.length === 0 && failed !== undefined) throw failed.reason;
    // A server may be both in the settings and in DNS.
    return [...new Map(addresses.map((address) => [address.url, address])).values()];
  };
}

/**
 * @returns the domain that a URL may name: `ldap:///DC=fabrikam,DC=local` always does, `ldap://fabrikam.local` if DNS has records for
 *   it. A single label, an IP address or a name with a port is a host.
 */
export function domainOf(url: string): { name: string; ldaps: boolean; isDn: boolean } | undefined {
  const { protocol, hostname, port, pathname } = new URL(url);
  const ldaps = protocol === 'ldaps:';
  if (hostname === '') {
    const name = domainOfDn(decodeURIComponent(pathname.slice(1)));
    return name === undefined ? undefined : { name, ldaps, isDn: true };
  }
  const name = hostname.toLowerCase().replace(/\.$/, '');
  const isHost = port !== '' || !name.includes('.') || isIP(name) !== 0 || name.startsWith('[');
  return isHost ? undefined : { name, ldaps, isDn: false };
}

/** @returns `fabrikam.local` for `DC=fabrikam,DC=local` (RFC 2247), undefined for any other name */
export function domainOfDn(dn: string): string | undefined {
  const labels = parseDn(dn)?.map((parts) => (parts.length === 1 && parts[0]?.type === 'dc' ? parts[0].value : ''));
  if (labels === undefined || labels.length === 0 || !labels.every((label) => /^[a-z0-9_-]{1,63}$/i.test(label))) return undefined;
  return labels.join('.').toLowerCase();
}

/**
 * Domain controllers first, as registered by Windows, then any LDAP server. For `ldaps`, the records for that service; Windows registers
 * none, so its domain controllers are asked at the LDAPS port.
 */
async function lookUp(resolver: Resolver, domain: string, ldaps: boolean): Promise<{ records: SrvRecord[]; failure: unknown }> {
  const names = [...(ldaps ? [`_ldaps._tcp.${domain}`] : []), `_ldap._tcp.dc._msdcs.${domain}`, `_ldap._tcp.${domain}`];
  const answers = await Promise.allSettled(names.map((name) => inTime(resolver.resolveSrv(name))));
  for (const [i, answer] of answers.entries()) {
    // A target of "." means that the service is not available (RFC 2782).
    const records = answer.status === 'fulfilled' ? answer.value.filter(({ name }) => isHostName(name)) : [];
    if (records.length === 0) continue;
    const isLdaps = names[i]?.startsWith('_ldaps.') === true;
    return { records: ldaps && !isLdaps ? records.map((record) => ({ ...record, port: 636 })) : records, failure: undefined };
  }
  return { records: [], failure: answers.find((answer) => answer.status === 'rejected')?.reason };
}

/** Several unreachable DNS servers would time out one after the other, while users wait to sign in. */
async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('DNS did not answer in time')), DNS_TRIES * DNS_TIMEOUT_MS + 500);
  });
  return await Promise.race([answer, late]).finally(() => clearTimeout(timer));
}

/** Names from DNS become part of URLs and log lines. */
function isHostName(name: string): boolean {
  return name.length <= 253 && /^(?:[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?\.?$/i.test(name);
}

export function isInside(host: string, domains: readonly string[]): boolean {
  const name = host.toLowerCase().replace(/\.$/, '');
  return domains.map((domain) => domain.toLowerCase().replace(/^\./, '')).some((domain) => name === domain || name.endsWith(`.${domain}`));
}

/** Resolves hosts with the same DNS servers; a host unknown to them may be known to the system (`/etc/hosts`). */
function lookupWith(resolver: Resolver): LookupFunction {
  return (hostname, options, callback) => {
    const families = options.family === 4 || options.family === 6 ? [options.family] : ([4, 6] as const);
    const queries = families.map(async (family) => {
      const addresses = await (family === 4 ? resolver.resolve4(hostname) : resolver.resolve6(hostname));
      return addresses.map((address) => ({ address, family }));
    });
    void Promise.allSettled(queries).then((answers) => {
      const addresses = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
      const [first] = addresses;
      if (first === undefined) return systemLookup(hostname, options, callback);
      if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}
