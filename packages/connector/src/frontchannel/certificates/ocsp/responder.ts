/** Asks a responder by HTTP (RFC 6960, appendix A.1), through the proxy of the settings where there is one. */
import { request as httpRequest, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { CodedError } from '@landbridge/runtime';
import { createOutbound } from '../../../network/outbound.ts';
import { forwardedBy, type ProxySettings, proxyFor } from '../../../network/proxy.ts';
import { configuredCertificates, type TrustSettings, trustedCertificates } from '../../../network/trust.ts';

/**
 * @param url http or https
 * @returns the answer's body; nobody has looked yet what it says
 * @throws CodedError OCSP_UNREACHABLE
 */
export type AskResponder = (url: URL, request: Buffer) => Promise<Buffer>;

/** For the whole of an answer: somebody waits for a page, and several certificates of a chain are asked about at once. */
const RESPONDER_TIMEOUT_MS = 3000;
/** Answers have one kilobyte or two, or some more with the responder's chain. */
const MAX_ANSWER_BYTES = 64 * 1024;
const ANSWER_TYPE = 'application/ocsp-response';

/** @throws CodedError CA_UNUSABLE */
export function createAskResponder(settings: ProxySettings & TrustSettings, timeoutMs = RESPONDER_TIMEOUT_MS): AskResponder {
  const outbound = createOutbound(settings);

  /** A tunnel to port 80 is refused by many proxies, so what is not encrypted goes the plain way. */
  function way(url: URL): RequestOptions {
    const proxy = url.protocol === 'http:' ? proxyFor(url, settings) : undefined;
    if (proxy === undefined) return { agent: outbound.agentFor(url) };
    const trust = proxy.protocol === 'https:' ? { ca: trustedCertificates(configuredCertificates(settings)) } : {};
    return { ...forwardedBy(proxy, url), ...trust };
  }

  return async (url, request) => {
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      return await exchange(url, way(url), request, signal);
    } catch (error) {
      const what = signal.aborted ? `did not answer within ${timeoutMs} ms` : 'gave no answer';
      throw new CodedError('OCSP_UNREACHABLE', `The OCSP responder ${url.host} ${what}`, {
        action: 'Check that this machine may reach it, directly or through HTTP_PROXY (NO_PROXY), and that it runs.',
        cause: error,
      });
    }
  };
}

async function exchange(url: URL, way: RequestOptions, body: Buffer, signal: AbortSignal): Promise<Buffer> {
  const headers = { 'Content-Type': 'application/ocsp-request', 'Content-Length': body.length, Accept: ANSWER_TYPE, ...way.headers };
  const options = { ...way, method: 'POST', headers, signal };
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    const request = (way.protocol ?? url.protocol) === 'https:' ? httpsRequest(url, options) : httpRequest(url, options);
    request.once('response', resolve).once('error', reject);
    // While an agent is still opening a tunnel Node keeps the end of a request to itself.
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    request.end(body);
  });
  try {
    // A redirect is not followed: the certificate names who is asked, and nobody else does.
    if (answer.statusCode !== 200) throw new Error(`status ${answer.statusCode}`);
    const type = answer.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
    if (type !== ANSWER_TYPE) throw new Error(`it is not ${ANSWER_TYPE} but ${type ?? 'nothing that has a type'}`);
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of answer) {
      size += chunk.length;
      if (size > MAX_ANSWER_BYTES) throw new Error(`it has more than ${MAX_ANSWER_BYTES} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } finally {
    answer.destroy();
  }
}
