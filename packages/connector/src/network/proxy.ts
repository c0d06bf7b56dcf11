/** Through which proxy an address is reached: by a tunnel (CONNECT, RFC 9110 section 9.3.6), or passed on in clear. */
import { type ClientRequestArgs, Agent as HttpAgent, request as httpRequest, type RequestOptions } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { Socket } from 'node:net';
import { type ConnectionOptions, type SecureContext, connect as tlsConnect } from 'node:tls';
import { CodedError } from '@landbridge/runtime';
import type { ConnectorSettings } from '../config/settings.ts';

export type ProxySettings = Pick<ConnectorSettings, 'HTTP_PROXY' | 'HTTPS_PROXY' | 'NO_PROXY'>;

/** @returns the proxy for an address, or undefined where it is reached directly */
export function proxyFor(url: URL, settings: ProxySettings): URL | undefined {
  const encrypted = isEncrypted(url);
  // As in installed connectors HTTP_PROXY is for all addresses; one for encrypted ones only comes before it.
  const proxy = (encrypted ? settings.HTTPS_PROXY : undefined) ?? settings.HTTP_PROXY;
  if (proxy === undefined) return undefined;
  const host = url.hostname.toLowerCase();
  const port = url.port || (encrypted ? '443' : '80');
  return settings.NO_PROXY.some((rule) => isExempt(host, port, rule)) ? undefined : new URL(proxy);
}

export function isEncrypted(url: URL): boolean {
  return url.protocol === 'https:' || url.protocol === 'wss:';
}

function isExempt(host: string, port: string, rule: string): boolean {
  if (rule === '*') return true;
  const [, name = rule, rulePort] = /^(.*?)(?::(\d+))?$/.exec(rule.toLowerCase()) ?? [];
  // An IPv6 address is written in brackets where a port follows; without brackets its last group is not a port.
  if (host.startsWith('[')) return [host, `${host}:${port}`, host.slice(1, -1)].includes(rule.toLowerCase());
  if (rulePort !== undefined && rulePort !== port) return false;
  const domain = name.replace(/^\*?\./, '');
  return domain !== '' && (host === domain || host.endsWith(`.${domain}`));
}

/** The time a proxy has to open a tunnel: Node itself would wait for ever, also for a request that was given up long ago. */
const TUNNEL_TIMEOUT_MS = 10_000;

/**
 * @param encrypted whether what is reached through the proxy speaks TLS
 * @param secureContext whom to trust: the hub where it speaks TLS, and the proxy where its address is https
 * @returns an agent whose connections go through the proxy, WebSockets too; they fail with CodedError PROXY_UNREACHABLE,
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
      .then((socket) => (encrypted ? tlsConnect({ ...tlsOptions(options), socket, secureContext }) : socket))
      // The type wants a socket beside an error; Node looks at the error first.
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
      host: proxy.hostname.replace(/^\[|\]$/g, ''),
      port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
      method: 'CONNECT',
      path: target,
      headers: { host: target, ...credentials(proxy) },
      agent: false,
      signal: AbortSignal.timeout(timeoutMs),
      ...(secureContext === undefined ? {} : { secureContext }),
    });
    request.once('connect', (answer, socket: Socket) => {
      if (answer.statusCode === 200) return resolve(socket);
      socket.destroy();
      reject(refusal(answer.statusCode, proxy, target));
    });
    // A proxy that answers CONNECT as if it were a web page gives no 'connect' in some versions of HTTP.
    request.once('response', (answer) => {
      answer.destroy();
      reject(refusal(answer.statusCode, proxy, target));
    });
    request.once('error', (error) => {
      const what = error.name === 'AbortError' ? `did not answer within ${timeoutMs} ms` : 'cannot be reached';
      reject(
        new CodedError('PROXY_UNREACHABLE', `The proxy ${proxy.host} ${what}`, {
          action: 'Check the address in HTTP_PROXY (or HTTPS_PROXY) and that the proxy runs.',
          cause: error,
        }),
      );
    });
    request.end();
  });
}

/**
 * For a request that is not encrypted: the proxy is sent the whole address and passes it on (RFC 9112, section 3.2.2).
 *
 * @returns what to add to the options of a request to `url`
 */
export function forwardedBy(proxy: URL, url: URL): RequestOptions {
  return {
    protocol: proxy.protocol,
    hostname: proxy.hostname.replace(/^\[|\]$/g, ''),
    port: proxy.port || (proxy.protocol === 'https:' ? 443 : 80),
    path: url.href,
    headers: { host: url.host, ...credentials(proxy) },
    agent: false,
  };
}

function credentials(proxy: URL): { 'proxy-authorization'?: string } {
  if (proxy.username === '' && proxy.password === '') return {};
  const text = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`;
  return { 'proxy-authorization': `Basic ${Buffer.from(text).toString('base64')}` };
}

function refusal(status: number | undefined, proxy: URL, target: string): CodedError {
  if (status === 407) {
    const what = proxy.username === '' ? 'wants a user and password' : 'refused the user or password';
    return new CodedError('PROXY_AUTHENTICATION', `The proxy ${proxy.host} ${what} (407)`, {
      action: 'Put them into HTTP_PROXY: http://user:password@host:port, special characters percent-encoded.',
    });
  }
  return new CodedError('PROXY_REFUSED', `The proxy ${proxy.host} refused a connection to ${target} (status ${status ?? 'none'})`, {
    action: `Let the proxy allow CONNECT to ${target}, or put the host into NO_PROXY if it is reached directly.`,
  });
}
