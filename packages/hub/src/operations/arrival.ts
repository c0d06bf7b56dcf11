/**
 * Where a request comes from, and by which id it is found again. What a proxy says about it is believed only of proxies that are
 * trusted; from everybody else it is taken away before anything of the hub sees it.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Context } from 'hono';
import { isInRanges } from '../connections/ip-ranges.ts';

export interface Arrival {
  /** Stands in every line that is logged for this request, and in its answer. */
  readonly id: string;
  /** Of who asks, as far as trusted proxies tell; `unknown` where the socket is gone already, so that all such count as one. */
  readonly remoteAddress: string;
  /** Encrypted on the way to the hub, or to the proxy that is trusted. */
  readonly secure: boolean;
  /** It passed a proxy that is not trusted: whoever is behind it is not `remoteAddress`. */
  readonly throughStranger: boolean;
}

/** What proxies add. `Host` is not among them: it is believed of nobody, `PUBLIC_URL` says where the hub is. */
const PROXY_HEADERS = [
  'forwarded',
  'x-forwarded-for',
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-proto',
  'x-forwarded-server',
  'x-real-ip',
  'x-request-id',
  'via',
];
/** Headers that say for whom a proxy asks. `X-Request-Id` is sent by programs as well. */
const SAYS_FOR_WHOM = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'];

/** Nothing that would have to be quoted in a log or a header; long enough for what proxies make. */
const REQUEST_ID = /^[A-Za-z0-9._:-]{8,128}$/;

const arrivals = new WeakMap<IncomingMessage, Arrival>();

/** To be called once for each request, before anything else reads it. @param trustedProxies ranges as `canonicalRange` gives them */
export function noteArrival(request: IncomingMessage, trustedProxies: readonly string[]): Arrival {
  const { headers, socket } = request;
  const peer = plainAddress(socket.remoteAddress);
  const trusted = peer !== undefined && isTrusted(peer, trustedProxies);
  const given = textOf(headers['x-request-id']);
  const encrypted = socket instanceof TLSSocket;
  const arrival: Arrival = trusted
    ? {
        id: given !== undefined && REQUEST_ID.test(given) ? given : randomUUID(),
        remoteAddress: addressBehind(peer, textOf(headers['x-forwarded-for']), trustedProxies),
        secure: lastOf(textOf(headers['x-forwarded-proto'])) === 'https' || encrypted,
        throughStranger: false,
      }
    : {
        id: randomUUID(),
        remoteAddress: peer ?? 'unknown',
        secure: encrypted,
        throughStranger: SAYS_FOR_WHOM.some((name) => headers[name] !== undefined),
      };
  withoutProxyHeaders(request);
  arrivals.set(request, arrival);
  return arrival;
}

/** @returns the address of who asks. In a login it is what attempts are limited by. */
export function remoteAddressOf(c: Context): string {
  return arrivalOf(c.env.incoming).remoteAddress;
}

/** @throws Error where the request did not come through the hub's server */
export function arrivalOf(request: IncomingMessage): Arrival {
  const arrival = arrivals.get(request);
  if (arrival === undefined) throw new Error('A request was answered whose arrival was not noted');
  return arrival;
}

/**
 * Each proxy appends the address that it was asked from. From the right, the first that is no trusted proxy is who asks: what stands
 * left of it may have been written by anybody.
 */
function addressBehind(peer: string, forwardedFor: string | undefined, trustedProxies: readonly string[]): string {
  const hops = (forwardedFor ?? '').split(',');
  let address = peer;
  while (isTrusted(address, trustedProxies)) {
    const next = plainAddress(withoutPort(hops.pop()?.trim() ?? ''));
    // The list is at its end, or says nothing (`unknown`, a name).
    if (next === undefined) break;
    address = next;
  }
  return address;
}

function isTrusted(address: string, trustedProxies: readonly string[]): boolean {
  return trustedProxies.length > 0 && isInRanges(address, trustedProxies);
}

/** Some proxies write `203.0.113.7:4711` and `[2001:db8::7]:4711`. */
function withoutPort(text: string): string {
  return /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
}

/** IPv4 as IPv4, also where it came over an IPv6 socket (`::ffff:203.0.113.7`). @returns undefined for what is no address */
function plainAddress(address: string | undefined): string | undefined {
  if (address === undefined || isIP(address) === 0) return undefined;
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}

function lastOf(list: string | undefined): string | undefined {
  return list?.split(',').at(-1)?.trim().toLowerCase();
}

/** Node joins repeated headers of these names with commas. */
function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(',') : header;
}

function withoutProxyHeaders(request: IncomingMessage): void {
  for (const name of PROXY_HEADERS) delete request.headers[name];
  // The web framework reads these, pairs of name and value.
  const { rawHeaders } = request;
  request.rawHeaders = rawHeaders.filter((_, index) => !PROXY_HEADERS.includes((rawHeaders[index - (index % 2)] ?? '').toLowerCase()));
}
