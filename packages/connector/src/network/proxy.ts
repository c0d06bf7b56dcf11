/** How an address is reached through a proxy: by a tunnel (CONNECT, RFC 9110, section 9.3.6), or by forwarding plain HTTP. */
import { type ClientRequestArgs, Agent as HttpAgent, request as httpRequest } from 'node:http';
import { Agent as HttpsAgent, type RequestOptions as HttpsRequestOptions, request as httpsRequest } from 'node:https';
import { Socket } from 'node:net';
import { type ConnectionOptions, type SecureContext, connect as tlsConnect } from 'node:tls';
import { CodedError, networkAdvice, timedOut } from '@landbridge/runtime';
import type { ConnectorSettings } from '../config/settings.ts';

export type ProxySettings = Pick<ConnectorSettings, 'HTTP_PROXY' | 'HTTPS_PROXY' | 'NO_PROXY'>;

/** @returns the proxy for an address, or undefined if it is reached directly */
export function proxyFor(url: URL, settings: ProxySettings): URL | undefined {
  const encrypted = isEncrypted(url);
  // As in Auth0 connectors, HTTP_PROXY applies to all addresses; HTTPS_PROXY takes precedence for encrypted ones.
  const proxy = (encrypted ? settings.HTTPS_PROXY : undefined) ?? settings.HTTP_PROXY;
  if (proxy === undefined) return undefined;
  const host = url.hostname.toLowerCase();
  const port = url.port || (encrypted ? '443' : '80');
  return settings.NO_PROXY.some((rule) => isExempt(host, port, rule)) ? undefined : new URL(proxy);
}

export function isEncrypted(url: URL): boolean {
  return url.protocol === 'https:' || url.protocol === 'wss:';
}

/** For a connection. IPv6 addresses have brackets only in URLs. */
export function hostAndPort(url: URL): { host: string; port: number } {
  return { host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || (isEncrypted(url) ? 443 : 80)) };
}

function isExempt(host: string, port: string, rule: string): boolean {
  if (rule === '*') return true;
  const [, name = rule, rulePort] = /^(.*?)(?::(\d+))?$/.exec(rule.toLowerCase()) ?? [];
  // An IPv6 address with a port is in brackets; without brackets, its last group is not a port.
  if (host.startsWith('[')) return [host, `${host}:${port}`, host.slice(1, -1)].includes(rule.toLowerCase());
  if (rulePort !== undefined && rulePort !== port) return false;
  const domain = name.replace(/^\*?\./, '');
  return domain !== '' && (host === domain || host.endsWith(`.${domain}`));
}

/** How long a proxy may take to open a tunnel: Node itself would wait forever, even for an aborted request. */
const TUNNEL_TIMEOUT_MS = 10_000;

/**
 * @param encrypted whether the target behind the proxy speaks TLS
 * @param secureContext the trusted CAs: for the hub if it speaks TLS, and for the proxy if its address is https
 * @returns an agent whose connections, including WebSockets, go through the proxy; they fail with CodedError PROXY_UNREACHABLE,
 *   PROXY_AUTHENTICATION or PROXY_REFUSED
 */
export function createTunnelAgent(
  proxy: URL,
  encrypted: boolean,
  secureContext: SecureContext | undefined,
  timeoutMs = TUNNEL_TIMEOUT_MS,
): HttpAgent {
  const agent = encrypted ? new HttpsAgent() : new HttpAgent();
  agent.createConnection = (options, callback) => {
    openTunnel(proxy, `${options.host}:${options.port}`, secureContext, timeoutMs)
      .then((socket) => (encrypted ? tlsConnect({ ...tlsOptions(options), socket, secureContext, rejectUnauthorized: true }) : socket))
      // The type requires a socket beside an error; Node looks at the error first.
      .then(
        (socket) => callback?.(null, socket),
        (error: Error) => callback?.(error, new Socket()),
      );
    return undefined;
  };
  return agent;
}

function tlsOptions(options: ClientRequestArgs): ConnectionOptions {
  const servername = 'servername' in options && typeof options.servername === 'string' ? options.servername : undefined;
  return { host: options.host ?? undefined, ...(servername ? { servername } : {}) };
}

function openTunnel(proxy: URL, target: string, secureContext: SecureContext | undefined, timeoutMs: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const request = (proxy.protocol === 'https:' ? httpsRequest : httpRequest)({
      ...hostAndPort(proxy),
      method: 'CONNECT',
      path: target,
      headers: { host: target, ...credentials(proxy) },
      agent: false,
      rejectUnauthorized: true,
      signal: AbortSignal.timeout(timeoutMs),
      ...(secureContext === undefined ? {} : { secureContext }),
    });
    request.once('connect', (answer, socket: Socket) => {
      if (answer.statusCode === 200) return resolve(socket);
      socket.destroy();
      reject(refusal(answer.statusCode, proxy, target));
    });
    // In some versions of HTTP, a proxy that answers CONNECT like a web page emits no 'connect'.
    request.once('response', (answer) => {
      answer.destroy();
      reject(refusal(answer.statusCode, proxy, target));
    });
    request.once('error', (error) => {
      const cause = error.name === 'AbortError' ? timedOut(timeoutMs) : error;
      const advice = networkAdvice(cause, hostAndPort(proxy));
      reject(
        new CodedError(
          'PROXY_UNREACHABLE',
          `The proxy ${proxy.host} cannot be reached${advice === undefined ? '' : `: ${advice.reason}`}`,
          {
            action: `Check the address in HTTP_PROXY (or HTTPS_PROXY) and that the proxy runs. ${advice?.action ?? ''}`.trimEnd(),
            cause,
          },
        ),
      );
    });
    request.end();
  });
}

/**
 * For an unencrypted request: the proxy gets the absolute address and forwards the request (RFC 9112, section 3.2.2).
 *
 * @returns what to add to the options of a request to `url`
 */
export function forwardedBy(proxy: URL, url: URL): HttpsRequestOptions {
  return {
    protocol: proxy.protocol,
    // It takes precedence over the host of the URL.
    hostname: hostAndPort(proxy).host,
    port: hostAndPort(proxy).port,
    path: url.href,
    headers: { host: url.host, ...credentials(proxy) },
    agent: false,
    rejectUnauthorized: true,
  };
}

function credentials(proxy: URL): { 'proxy-authorization'?: string } {
  if (proxy.username === '' && proxy.password === '') return {};
  const text = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(text).toString('base64')}` };
}

function refusal(status: number | undefined, proxy: URL, target: string): CodedError {
  if (status === 407) {
    const what = proxy.username === '' ? 'requires a user and password' : 'rejected the user or password';
    return new CodedError('PROXY_AUTHENTICATION', `The proxy ${proxy.host} ${what} (407)`, {
      action: 'Put them into HTTP_PROXY: http://user:password@host:port, special characters percent-encoded.',
    });
  }
  return new CodedError('PROXY_REFUSED', `The proxy ${proxy.host} refused a connection to ${target} (status ${status ?? 'none'})`, {
    action: `Allow CONNECT to ${target} in the proxy, or put the host into NO_PROXY if it can be reached directly.`,
  });
}
