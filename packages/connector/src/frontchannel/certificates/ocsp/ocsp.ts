/**
 * Whether the certificates of a chain are still good, as responders say (OCSP, RFC 6960). Everything fails closed: whoever gives no usable
 * answer has not said that a certificate is good. Only certificates of a chain that is checked already come here, since whoever makes a
 * certificate says where it is asked about.
 */
import { randomBytes, type X509Certificate } from 'node:crypto';
import { CodedError, errorText, type Log } from '@landbridge/runtime';
import { LRUCache } from 'lru-cache';
import { fieldsOf, respondersOf } from '../certificate-fields.ts';
import { believedAnswer, type OcspAnswer } from './answer.ts';
import { certificateId, idOfSerialNumber, statusRequest } from './request.ts';
import type { AskResponder } from './responder.ts';

/**
 * @param chain from the person's certificate up to an authority of the settings
 * @returns why it is not taken; undefined where all of it is good
 */
export type CheckStatus = (chain: readonly X509Certificate[]) => Promise<string | undefined>;

/**
 * A good answer is used for so long, also where it holds for days: whoever is revoked is out after this and what the responder itself is
 * behind, and a morning's many requests of one browser are one question.
 */
const MAX_KEPT_MS = 5 * 60_000;
const MAX_KEPT = 10_000;
/** What RFC 9654 (section 2.1) wants at least. */
const NONCE_BYTES = 32;

/** @param options.fallback CLIENT_CERT_OCSP_URL: asked about a person's certificate that names no responder */
export function createOcsp(options: { ask: AskResponder; fallback: URL | undefined; now: () => Date; log: Log }): CheckStatus {
  const { ask, fallback, now, log } = options;
  /** Until when a certificate is good, in milliseconds since 1970. */
  const good = new LRUCache<string, number>({ max: MAX_KEPT });
  const underWay = new Map<string, Promise<string | undefined>>();

  async function statusOf(certificate: X509Certificate, issuer: X509Certificate, url: URL): Promise<string | undefined> {
    const key = `${certificate.fingerprint256} ${issuer.fingerprint256}`;
    if ((good.get(key) ?? 0) > now().getTime()) return undefined;
    let asked = underWay.get(key);
    if (asked === undefined) {
      asked = question(certificate, issuer, url, (until) => good.set(key, until)).finally(() => underWay.delete(key));
      underWay.set(key, asked);
    }
    return asked;
  }

  async function question(
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
      log.warn({ err: error, responder: url.host }, 'A certificate could not be asked about');
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
      return reason === undefined || depth === 0 ? reason : `of an authority above it: ${reason}`;
    });
    return (await Promise.all(reasons)).find((reason) => reason !== undefined);
  };
}

/**
 * Whether a responder answers for an authority at all: it is asked about a certificate that nobody has.
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
    return believedAnswer(answer, { id, issuer, nonce, now: now() });
  } catch (cause) {
    throw new CodedError('OCSP_ANSWER_REFUSED', `The answer of the OCSP responder ${url.host} cannot be taken`, {
      action: "Check this machine's clock, and that the responder answers for the authority that has issued the certificate.",
      cause,
    });
  }
}
