/**
 * How the connector reaches the hub: through a proxy if one is set, trusting the system's CAs and those in the settings, within limits of
 * time and size. Redirects are not followed: a ticket is a secret, and a redirect could send it anywhere.
 */
import type { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { createSecureContext, type SecureContext } from 'node:tls';
import { CodedError, networkAdvice } from '@landbridge/runtime';
import { exchange, type HttpAnswer } from './exchange.ts';
import { createTunnelAgent, hostAndPort, isEncrypted, type ProxySettings, proxyFor } from './proxy.ts';
import { configuredCertificates, type TrustSettings, trustedCertificates, UNKNOWN_ISSUER_CODES } from './trust.ts';

export type OutboundAnswer = Omit<HttpAnswer, 'body'> & { text: string };

export interface Outbound {
  /** @returns the agent for a request or WebSocket to this address; undefined: Node's own */
  agentFor(url: URL): HttpAgent | undefined;
  /**
   * @param url http or https
   * @param options `maxBytes`: a longer response is an error, 1 MiB by default; `bearerToken`: sent as authorization
   * @returns the response, whatever its status
   * @throws CodedError HUB_UNREACHABLE, HUB_TIMEOUT, HUB_CERTIFICATE, HUB_ANSWER_TOO_LARGE, PROXY_UNREACHABLE, PROXY_REFUSED,
   *   PROXY_AUTHENTICATION, CANCELLED. Each names the host and never the path, which may be a ticket.
   */
  request(
    url: string,
    options: {
      method?: 'GET' | 'POST';
      json?: unknown;
      bearerToken?: string;
      timeoutMs: number;
      signal?: AbortSignal;
      maxBytes?: number;
    },
  ): Promise<OutboundAnswer>;
  /** A GET whose answer is a file. @throws CodedError as `request` */
  download(url: string, options: { timeoutMs: number; maxBytes: number }): Promise<{ status: number; body: Buffer }>;
}

/** Provisioning responses and JWKS documents are a few kilobytes. */
const DEFAULT_MAX_BYTES = 1024 * 1024;

/** @throws CodedError CA_UNUSABLE, which names the setting whose certificates cannot be read */
export function createOutbound(settings: ProxySettings & TrustSettings): Outbound {
  const configured = configuredCertificates(settings);
  let context: SecureContext | undefined;
  const secureContext = () => {
    context ??= createSecureContext({ ca: trustedCertificates(configured), allowPartialTrustChain: true });
    return context;
  };
  let direct: HttpsAgent | undefined;
  const tunnels = new Map<string, HttpAgent>();

  function agentFor(url: URL): HttpAgent | undefined {
    const proxy = proxyFor(url, settings);
    if (proxy !== undefined) {
      const key = `${isEncrypted(url)} ${proxy.href}`;
      let tunnel = tunnels.get(key);
      if (tunnel === undefined) {
        tunnel = createTunnelAgent(proxy, isEncrypted(url), isEncrypted(url) || isEncrypted(proxy) ? secureContext() : undefined);
        tunnels.set(key, tunnel);
      }
      return tunnel;
    }
    if (!isEncrypted(url)) return undefined;
    direct ??= new HttpsAgent({ secureContext: secureContext(), rejectUnauthorized: true });
    return direct;
  }

  return {
    agentFor,
    async download(address, { timeoutMs, maxBytes }) {
      const url = new URL(address);
      const signal = AbortSignal.timeout(timeoutMs);
      const tooLarge = () =>
        new CodedError('HUB_ANSWER_TOO_LARGE', `${url.host} answered more than ${maxBytes} bytes`, {
          action: 'Check that the address belongs to a hub.',
        });
      try {
        return await exchange(url, { agent: agentFor(url), signal, headers: {}, maxBytes, tooLarge }, undefined);
      } catch (error) {
        throw unreachable(url, error);
      }
    },
    async request(address, options) {
      const url = new URL(address);
      const timeout = AbortSignal.timeout(options.timeoutMs);
      const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]);
      try {
        const { json, bearerToken, method, maxBytes = DEFAULT_MAX_BYTES } = options;
        const headers = {
          Accept: 'application/json',
          ...(bearerToken !== undefined && { Authorization: `Bearer ${bearerToken}` }),
          ...(json !== undefined && { 'Content-Type': 'application/json' }),
        };
        const tooLarge = () =>
          new CodedError('HUB_ANSWER_TOO_LARGE', `${url.host} answered more than ${maxBytes} bytes`, {
            action: 'Check that the address belongs to a hub.',
          });
        const text = json === undefined ? undefined : JSON.stringify(json);
        const { body, ...answer } = await exchange(url, { method, agent: agentFor(url), signal, headers, maxBytes, tooLarge }, text);
        return { ...answer, text: body.toString('utf8') };
      } catch (error) {
        if (options.signal?.aborted) throw new CodedError('CANCELLED', `The request to ${url.host} was cancelled`);
        if (timeout.aborted) {
          throw new CodedError('HUB_TIMEOUT', `${url.host} did not answer within ${options.timeoutMs} ms`, {
            action: 'Check that this machine can reach that host, directly or through HTTP_PROXY.',
          });
        }
        throw unreachable(url, error);
      }
    },
  };
}

const INVALID = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID', 'ERR_TLS_CERT_ALTNAME_INVALID', 'CERT_REVOKED', 'INVALID_CA']);

function unreachable(url: URL, error: unknown): CodedError {
  if (error instanceof CodedError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (UNKNOWN_ISSUER_CODES.has(code)) {
    return new CodedError('HUB_CERTIFICATE', `The certificate of ${url.host} is not signed by a trusted CA (${code})`, {
      action: 'If a proxy or the hub uses a private CA, put its certificate into CA_CERT or SSL_CA_FILE.',
      cause: error,
    });
  }
  if (INVALID.has(code)) {
    return new CodedError('HUB_CERTIFICATE', `The certificate of ${url.host} is not valid`, {
      action: "Check this machine's clock and the address; the certificate must be renewed on the other side.",
      cause: error,
    });
  }
  const advice = networkAdvice(error, hostAndPort(url));
  return new CodedError('HUB_UNREACHABLE', `${url.host} cannot be reached${advice === undefined ? '' : `: ${advice.reason}`}`, {
    action: `${advice?.action ?? 'Check the address, name resolution and the firewall.'} If this machine needs a proxy, set HTTP_PROXY.`,
    cause: error,
  });
}
