/** Sends OCSP requests over HTTP (RFC 6960, appendix A.1), through the configured proxy if there is one. */
import type { RequestOptions } from 'node:http';
import { CodedError } from '@landbridge/runtime';
import { exchange } from '../../../network/exchange.ts';
import { createOutbound } from '../../../network/outbound.ts';
import { forwardedBy, type ProxySettings, proxyFor } from '../../../network/proxy.ts';
import { configuredCertificates, type TrustSettings, trustedCertificates } from '../../../network/trust.ts';

/**
 * @param url http or https
 * @returns the body of the response, not validated
 * @throws CodedError OCSP_UNREACHABLE
 */
export type AskResponder = (url: URL, request: Buffer) => Promise<Buffer>;

/** For the whole response: a user is waiting. All certificates of a chain are asked about in parallel. */
const RESPONDER_TIMEOUT_MS = 3000;
/** Responses have one or two kilobytes, or some more with the responder's chain. */
const MAX_ANSWER_BYTES = 64 * 1024;
const ANSWER_TYPE = 'application/ocsp-response';

/** @throws CodedError CA_UNUSABLE */
export function createAskResponder(settings: ProxySettings & TrustSettings, timeoutMs = RESPONDER_TIMEOUT_MS): AskResponder {
  const outbound = createOutbound(settings);

  /** Many proxies refuse tunnels to port 80, so plain HTTP is sent as an ordinary proxy request. */
  function routeTo(url: URL): RequestOptions {
    const proxy = url.protocol === 'http:' ? proxyFor(url, settings) : undefined;
    if (proxy === undefined) return { agent: outbound.agentFor(url) };
    const trust = proxy.protocol === 'https:' ? { ca: trustedCertificates(configuredCertificates(settings)) } : {};
    return { ...forwardedBy(proxy, url), ...trust };
  }

  return async (url, request) => {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      return await post(url, routeTo(url), request, signal);
    } catch (error) {
      const what = signal.aborted ? `did not answer within ${timeoutMs} ms` : 'did not answer';
      throw new CodedError('OCSP_UNREACHABLE', `The OCSP responder ${url.host} ${what}`, {
        action: 'Check that this machine may reach it, directly or through HTTP_PROXY (NO_PROXY), and that it runs.',
        cause: error,
      });
    }
  };
}

async function post(url: URL, route: RequestOptions, body: Buffer, signal: AbortSignal): Promise<Buffer> {
  const headers = { 'Content-Type': 'application/ocsp-request', Accept: ANSWER_TYPE, ...route.headers };
  const tooLarge = () => new Error(`more than ${MAX_ANSWER_BYTES} bytes`);
  const answer = await exchange(url, { ...route, method: 'POST', headers, signal, maxBytes: MAX_ANSWER_BYTES, tooLarge }, body);
  // A redirect is an error too: only the certificate may name a responder.
  if (answer.status !== 200) throw new Error(`status ${answer.status}`);
  const type = answer.contentType.split(';', 1)[0]?.trim().toLowerCase();
  if (type !== ANSWER_TYPE) throw new Error(`expected ${ANSWER_TYPE}, got ${type || 'no content type'}`);
  return answer.body;
}
