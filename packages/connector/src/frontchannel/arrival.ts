/**
 * Where a request comes from. What a proxy says about it is believed only of proxies that TRUSTED_PROXIES names; from everybody else it is
 * taken away before anything else sees it.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { BlockList, isIP, isIPv6 } from 'node:net';
import { TLSSocket } from 'node:tls';

export interface Arrival {
  /** Stands in the lines of the log that are about this request. */
  readonly id: string;
  /** Of the person, as far as named proxies tell. */
  readonly address: string;
  /** Encrypted on the way here, or to the proxy. */
  readonly secure: boolean;
  /** What the proxy says who it is; undefined from everybody else. */
  readonly forwardedUser: string | undefined;
}

export interface KnownProxies {
  has(address: string | undefined): boolean;
}

/** What proxies add. */
const PROXY_HEADERS = ['forwarded', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-port', 'x-forwarded-proto', 'x-real-ip', 'via'];
const USER_HEADER = 'x-forwarded-user';

/** @param ranges addresses, or ranges as `10.0.0.0/8`, as the setting's schema accepts them */
export function knownProxies(ranges: readonly string[]): KnownProxies {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', prefix] = range.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return { has: (address) => address !== undefined && isIP(address) !== 0 && list.check(address, isIPv6(address) ? 'ipv6' : 'ipv4') };
}

/** To be called once for each request, before anything else reads its headers. */
export function arrivalOf(request: IncomingMessage, proxies: KnownProxies): Arrival {
  const { socket } = request;
  const peer = plainAddress(socket.remoteAddress);
  const isTrusted = proxies.has(peer);
  const encrypted = socket instanceof TLSSocket;
  const arrival: Arrival = {
    id: randomUUID(),
    address: isTrusted ? addressBehind(peer, valuesOf(request, 'x-forwarded-for'), proxies) : (peer ?? 'unknown'),
    secure: encrypted || (isTrusted && valuesOf(request, 'x-forwarded-proto').at(-1)?.toLowerCase() === 'https'),
    forwardedUser: isTrusted ? onlyOne(request, USER_HEADER) : undefined,
  };
  removeHeaders(request, [...PROXY_HEADERS, USER_HEADER]);
  return arrival;
}

/** Node writes IPv4 addresses on a socket of both kinds as IPv6 ones. */
export function plainAddress(address: string | undefined): string | undefined {
  return address?.replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
}

/** Each proxy writes at the end from whom it got the request: the last that is no proxy of ours is who asks. */
function addressBehind(peer: string | undefined, forwardedFor: readonly string[], proxies: KnownProxies): string {
  let address = peer ?? 'unknown';
  for (const entry of forwardedFor.toReversed()) {
    const given = plainAddress(entry.replace(/^\[(.*)\](?::\d+)?$/, '$1').replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/, '$1')) ?? '';
    if (isIP(given) === 0) break;
    address = given;
    if (!proxies.has(given)) break;
  }
  return address;
}

function valuesOf(request: IncomingMessage, name: string): string[] {
  return (request.headersDistinct[name] ?? [])
    .join(',')
    .split(',')
    .map((value) => value.trim());
}

/**
 * Where there are two, the first may be what the person sent to the proxy: then neither counts. A proxy may have made one line of them,
 * with a comma between (RFC 9110, section 5.3).
 */
function onlyOne(request: IncomingMessage, name: string): string | undefined {
  const [value, ...others] = request.headersDistinct[name] ?? [];
  return others.length > 0 || value?.includes(',') ? undefined : value;
}

function removeHeaders(request: IncomingMessage, names: readonly string[]): void {
  for (const name of names) delete request.headers[name];
  // The web framework reads these, pairs of name and value.
  const { rawHeaders } = request;
  request.rawHeaders = rawHeaders.filter((_, index) => !names.includes((rawHeaders[index - (index % 2)] ?? '').toLowerCase()));
}
