/**
 * Who sent a request, and the id that its log lines share. Only trusted proxies may say so on behalf of others: the headers of everyone
 * else are removed before anything reads them.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { TLSSocket } from 'node:tls';
import { createIpRanges, type IpRanges } from '@landbridge/runtime';
import type { Context } from 'hono';

export interface ClientContext {
  /** In every log line about this request. */
  readonly id: string;
  /** Of the client, as far as trusted proxies report it; `unknown` if the socket is already closed, so that all such clients share a limit. */
  readonly address: string;
  /** Encrypted on the way here, or to the trusted proxy. */
  readonly secure: boolean;
  /** The request passed a proxy that is not trusted, so `address` is the proxy's. */
  readonly throughUntrustedProxy: boolean;
  /** The user whom the proxy authenticated. */
  readonly forwardedUser: string | undefined;
}

export interface ProxyPolicy {
  trusted: IpRanges;
  /** Trusted proxies may set `X-Request-Id`. */
  acceptsRequestId?: boolean;
  /** Trusted proxies may set `X-Forwarded-User`, or `X-IISNode-Logon_User` as IIS does. */
  acceptsUser?: boolean;
}

export const NO_PROXIES: ProxyPolicy = { trusted: createIpRanges([]) };

/** Headers in which a proxy names the client. Programs send `X-Request-Id` too. */
const CLIENT_HEADERS = ['forwarded', 'x-forwarded-for', 'x-real-ip', 'via'];
/** `Host` is not among them: neither program trusts it, their settings say where they are. */
const PROXY_HEADERS = [
  ...CLIENT_HEADERS,
  'x-forwarded-host',
  'x-forwarded-port',
  'x-forwarded-prefix',
  'x-forwarded-proto',
  'x-forwarded-server',
  'x-forwarded-user',
  'x-iisnode-logon_user',
  'x-request-id',
];

/** Needs no quoting in a log or header, and is long enough for what proxies generate. */
const REQUEST_ID = /^[A-Za-z0-9._:-]{8,128}$/;

const contexts = new WeakMap<IncomingMessage, ClientContext>();

/** Call it once for each request, before anything else reads its headers. */
export function noteClientContext(request: IncomingMessage, { trusted, acceptsRequestId, acceptsUser }: ProxyPolicy): ClientContext {
  const { headers, socket } = request;
  const peer = plainAddress(socket.remoteAddress);
  const isTrusted = peer !== undefined && trusted.has(peer);
  const fromProxy = (name: string) => (isTrusted ? textOf(headers[name]) : undefined);
  const givenId = fromProxy('x-request-id');
  const user = fromProxy('x-forwarded-user') ?? fromProxy('x-iisnode-logon_user');
  const context: ClientContext = {
    id: acceptsRequestId && givenId !== undefined && REQUEST_ID.test(givenId) ? givenId : randomUUID(),
    address: isTrusted ? addressBehind(peer, fromProxy('x-forwarded-for') ?? '', trusted) : (peer ?? 'unknown'),
    secure: socket instanceof TLSSocket || fromProxy('x-forwarded-proto')?.split(',').at(-1)?.trim().toLowerCase() === 'https',
    throughUntrustedProxy: !isTrusted && CLIENT_HEADERS.some((name) => headers[name] !== undefined),
    // Of two values, the first may be what the client sent to the proxy: neither counts. Node and proxies join them with a comma
    // (RFC 9110, section 5.3).
    forwardedUser: acceptsUser && !user?.includes(',') ? user : undefined,
  };
  removeProxyHeaders(request);
  contexts.set(request, context);
  return context;
}

/** @throws Error if the request did not come through a server that notes contexts */
export function clientContextOf(request: IncomingMessage): ClientContext {
  const context = contexts.get(request);
  if (context === undefined) throw new Error('The client context of this request was not recorded');
  return context;
}

/** @returns the address that attempts are limited by */
export function clientAddressOf(c: Context): string {
  return clientContextOf(c.env.incoming).address;
}

/** IPv4 as IPv4 even if it came over an IPv6 socket (`::ffff:203.0.113.7`). @returns undefined for an invalid address */
export function plainAddress(address: string | undefined): string | undefined {
  if (address === undefined || isIP(address) === 0) return undefined;
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1] ?? address;
}

/**
 * Each proxy appends the address that its request came from, so the rightmost address that is not a trusted proxy is the client. Anyone may
 * have written what is left of it.
 */
function addressBehind(peer: string, forwardedFor: string, trusted: IpRanges): string {
  const hops = forwardedFor.split(',');
  let address = peer;
  while (trusted.has(address)) {
    const next = plainAddress(withoutPort(hops.pop()?.trim() ?? ''));
    // The list has ended, or the entry is not an address (`unknown`, a name).
    if (next === undefined) break;
    address = next;
  }
  return address;
}

/** Some proxies write `203.0.113.7:4711` and `[2001:db8::7]:4711`. */
function withoutPort(text: string): string {
  return /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text;
}

/** Node joins repeated headers of these names with commas. */
function textOf(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(',') : header;
}

function removeProxyHeaders(request: IncomingMessage): void {
  for (const name of PROXY_HEADERS) delete request.headers[name];
  // Hono reads these pairs of name and value.
  const { rawHeaders } = request;
  request.rawHeaders = rawHeaders.filter((_, index) => !PROXY_HEADERS.includes((rawHeaders[index - (index % 2)] ?? '').toLowerCase()));
}
