/**
 * Checks the certificates of a chain with OCSP (RFC 6960). It fails closed: without a valid response a certificate is rejected. Only for chains
 * that have been verified, because a certificate names its own responder: otherwise anyone could make the connector send requests.
 */
import { randomBytes, type X509Certificate } from 'node:crypto';
import { CodedError, errorText, type Log } from '@landbridge/runtime';
import { LRUCache } from 'lru-cache';
import { fieldsOf, respondersOf } from '../certificate-fields.ts';
import { certificateId, idOfSerialNumber, statusRequest } from './request.ts';
import type { AskResponder } from './responder.ts';
import { type OcspAnswer, validateResponse } from './response.ts';

/**
 * @param chain from the user's certificate to a configured authority
 * @returns why it is rejected; undefined if all certificates are good
 */
export type CheckStatus = (chain: readonly X509Certificate[]) => Promise<string | undefined>;

/** A good response is reused for this long even if it is valid for days, so that revocation takes effect soon and a browser's requests share one. */
const MAX_KEPT_MS = 5 * 60_000;
const MAX_KEPT = 10_000;
/** The minimum of RFC 9654, section 2.1. */
const NONCE_BYTES = 32;

/** @param options.fallback CLIENT_CERT_OCSP_URL: for user certificates that name no responder */
export function createOcsp(options: { ask: AskResponder; fallback: URL | undefined; now: () => Date; log: Log }): CheckStatus {
  const { ask, fallback, now, log } = options;
  /** Until when a certificate is good, as a timestamp in milliseconds. */
  const good = new LRUCache<string, number>({ max: MAX_KEPT });
  const inFlight = new Map<string, Promise<string | undefined>>();

  async function statusOf(certificate: X509Certificate, issuer: X509Certificate, url: URL): Promise<string | undefined> {
    const key = `${certificate.fingerprint256} ${issuer.fingerprint256}`;
    if ((good.get(key) ?? 0) > now().getTime()) return undefined;
    let asked = inFlight.get(key);
    if (asked === undefined) {
      asked = query(certificate, issuer, url, (until) => good.set(key, until)).finally(() => inFlight.delete(key));
      inFlight.set(key, asked);
    }
    return asked;
  }

  async function query(
    certificate: X509Certificate,
    issuer: X509Certificate,
    url: URL,
    onGood: (until: number) => void,
  ): Promise<string | undefined> {
    try {
      const { status, nextUpdate } = await askAbout(ask, { url, id: certificateId(certificate, issuer), issuer, now });
      if (status === 'revoked') return `it was revoked (OCSP, ${url.host})`;
      if (status === 'unknown') return `the OCSP responder ${url.host} does not know it`;
      const latest = now().getTime() + MAX_KEPT_MS;
      onGood(Math.min(latest, nextUpdate?.getTime() ?? latest));
      return undefined;
    } catch (error) {
      log.warn({ err: error, responder: url.host }, 'OCSP request failed; the certificate is rejected');
      return errorText(error);
    }
  }

  return async (chain) => {
    const reasons = chain.slice(0, -1).map(async (certificate, depth) => {
      const issuer = chain[depth + 1];
      const url = respondersOf(fieldsOf(certificate))[0] ?? (depth === 0 ? fallback : undefined);
      if (issuer === undefined || url === undefined) {
        return depth === 0 ? 'it names no OCSP responder, and CLIENT_CERT_OCSP_URL is not set' : undefined;
      }
      const reason = await statusOf(certificate, issuer, url);
      return reason === undefined || depth === 0 ? reason : `issuer: ${reason}`;
    });
    return (await Promise.all(reasons)).find((reason) => reason !== undefined);
  };
}

/**
 * Tests whether a responder serves an authority, by asking about a random serial number.
 *
 * @throws CodedError OCSP_UNREACHABLE, OCSP_ANSWER_REFUSED
 */
export async function tryResponder(ask: AskResponder, url: URL, issuer: X509Certificate): Promise<OcspAnswer['status']> {
  const serialNumber = randomBytes(16);
  // A positive number without a leading zero.
  serialNumber[0] = ((serialNumber[0] ?? 0) & 0x3f) | 0x40;
  return (await askAbout(ask, { url, id: idOfSerialNumber(serialNumber, issuer), issuer, now: () => new Date() })).status;
}

async function askAbout(
  ask: AskResponder,
  { url, id, issuer, now }: { url: URL; id: Buffer; issuer: X509Certificate; now: () => Date },
): Promise<OcspAnswer> {
  const nonce = randomBytes(NONCE_BYTES);
  const answer = await ask(url, statusRequest(id, nonce));
  try {
    return validateResponse(answer, { id, issuer, nonce, now: now() });
  } catch (cause) {
    throw new CodedError('OCSP_ANSWER_REFUSED', `Invalid response of the OCSP responder ${url.host}`, {
      action: "Check this machine's clock, and that the responder serves the authority that issued the certificate.",
      cause,
    });
  }
}
