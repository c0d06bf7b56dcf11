/**
 * What a responder answers about a certificate (RFC 6960, section 4.2), and whether to believe it: it has to be about this certificate,
 * signed by whoever may say it, and recent.
 */
import { X509Certificate } from 'node:crypto';
import { BerReader } from '../../../asn1/ber-reader.ts';
import { TAG } from '../../../asn1/ber-writer.ts';
import { parseGeneralizedTime } from '../../../asn1/generalized-time.ts';
import { type Extension, readExtensions } from '../certificate-fields.ts';
import { NONCE } from './request.ts';
import { isSigned } from './signature.ts';

export interface OcspAnswer {
  status: 'good' | 'revoked' | 'unknown';
  /** Until when it may be used again; undefined where the responder always has something newer. */
  nextUpdate: Date | undefined;
}

/** How far clocks may be apart, as for tickets and tokens. */
const CLOCK_ALLOWANCE_MS = 5 * 60_000;
/** Responders send their own certificate, and perhaps some of those above. */
const MAX_CERTIFICATES = 8;

const BASIC_RESPONSE = '1.3.6.1.5.5.7.48.1.1';
const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9';
/** OCSPResponseStatus, section 4.2.1. */
const RESPONSE_STATUS = ['successful', 'malformedRequest', 'internalError', 'tryLater', '', 'sigRequired', 'unauthorized'];
const GENERALIZED_TIME = 0x18;
const CONTEXT = { zero: 0xa0, one: 0xa1, two: 0xa2 } as const;
/** CertStatus: `good` and `unknown` are NULL and `revoked` a sequence, with tags of their own. */
const STATUS: Readonly<Record<number, OcspAnswer['status']>> = { 128: 'good', 161: 'revoked', 130: 'unknown' };

/**
 * @param asked `id` is the certificate's CertID and `issuer` has issued it; the answer must have no other nonce than `nonce`, and may have none,
 *   as many are made before anybody asks
 * @throws Error that says what is wrong with it
 */
export function believedAnswer(bytes: Buffer, asked: { id: Buffer; issuer: X509Certificate; nonce: Buffer; now: Date }): OcspAnswer {
  const { responseData, algorithm, signature, certificates } = readBasicResponse(bytes);
  const keys = [asked.issuer, ...certificates.filter((certificate) => mayAnswerFor(asked.issuer, certificate, asked.now))];
  if (!keys.some(({ publicKey }) => isSigned(responseData, { algorithm, signature, publicKey }))) {
    throw new Error('it is signed neither by the authority nor by a responder that the authority has appointed');
  }
  const { single, extensions } = readResponseData(responseData, asked.id);
  assertKnown([...extensions, ...single.extensions]);
  const nonces = extensions.filter(({ type }) => type === NONCE);
  if (nonces.some(({ value }) => !readerOf(value).readBytes().equals(asked.nonce))) throw new Error('it answers another request (nonce)');
  assertRecent(single, asked.now);
  return { status: single.status, nextUpdate: single.nextUpdate };
}

interface SingleResponse extends OcspAnswer {
  thisUpdate: Date;
  extensions: Extension[];
}

function readBasicResponse(bytes: Buffer) {
  const response = readerOf(bytes).enter(TAG.sequence);
  const status = response.readInteger(TAG.enumerated);
  if (status !== 0) throw new Error(`the responder did not tell: ${RESPONSE_STATUS[status] || `status ${status}`}`);
  const responseBytes = response.enter(CONTEXT.zero).enter(TAG.sequence);
  if (responseBytes.readOid() !== BASIC_RESPONSE) throw new Error('it is of a kind that nobody here knows');
  const basic = readerOf(responseBytes.readBytes()).enter(TAG.sequence);
  const responseData = basic.readElement();
  const algorithm = basic.readElement();
  const signature = basic.readBits();
  const list = basic.enterIf(CONTEXT.zero)?.enter(TAG.sequence);
  const certificates: X509Certificate[] = [];
  while (list !== undefined && !list.atEnd && certificates.length < MAX_CERTIFICATES) {
    certificates.push(new X509Certificate(list.readElement()));
  }
  return { responseData, algorithm, signature, certificates };
}

/**
 * Section 4.2.2.2: whom the authority itself has appointed. Whether that certificate was revoked is not asked: most say that it need not be
 * (id-pkix-ocsp-nocheck), and there would be nobody to ask but the same responder.
 */
function mayAnswerFor(issuer: X509Certificate, responder: X509Certificate, now: Date): boolean {
  return (
    // Node gives the extended key usages by this name.
    responder.keyUsage?.includes(OCSP_SIGNING) === true &&
    responder.validFromDate <= now &&
    now < responder.validToDate &&
    responder.checkIssued(issuer) &&
    responder.verify(issuer.publicKey)
  );
}

function readResponseData(responseData: Buffer, id: Buffer): { single: SingleResponse; extensions: Extension[] } {
  const content = readerOf(responseData).enter(TAG.sequence);
  content.enterIf(CONTEXT.zero);
  // ResponderID, by name or by key: who it was has been proved by the signature.
  content.readAny();
  content.readBytes(GENERALIZED_TIME);
  const list = content.enter(TAG.sequence);
  let single: SingleResponse | undefined;
  while (!list.atEnd && single === undefined) {
    const response = list.enter(TAG.sequence);
    if (isSameCertificate(response.readElement(), id)) single = readSingleResponse(response);
  }
  if (single === undefined) throw new Error('it is about another certificate');
  const extensions = content.enterIf(CONTEXT.one)?.enter(TAG.sequence);
  return { single, extensions: extensions === undefined ? [] : readExtensions(extensions) };
}

/** The parameters of the hash may be missing or NULL, and mean nothing; everything else must be the same. */
function isSameCertificate(answered: Buffer, asked: Buffer): boolean {
  const [one, other] = [answered, asked].map((bytes) => {
    const id = readerOf(bytes).enter(TAG.sequence);
    const hash = id.enter(TAG.sequence).readOid();
    return [hash, ...[id.readBytes(), id.readBytes(), id.readBytes(TAG.integer)].map((part) => part.toString('hex'))].join();
  });
  return one === other;
}

function readSingleResponse(response: BerReader): SingleResponse {
  const { tag } = response.readAny();
  const status = STATUS[tag];
  if (status === undefined) throw new Error(`it gives a status that there is not (0x${tag.toString(16)})`);
  const thisUpdate = readTime(response);
  const next = response.enterIf(CONTEXT.zero);
  const extensions = response.enterIf(CONTEXT.one)?.enter(TAG.sequence);
  return {
    status,
    thisUpdate,
    nextUpdate: next === undefined ? undefined : readTime(next),
    extensions: extensions === undefined ? [] : readExtensions(extensions),
  };
}

function readTime(reader: BerReader): Date {
  const time = parseGeneralizedTime(reader.readText(GENERALIZED_TIME));
  if (time === undefined) throw new Error('it has a time that is none');
  return time;
}

function assertKnown(extensions: readonly Extension[]): void {
  const unknown = extensions.find(({ type, isCritical }) => isCritical && type !== NONCE);
  if (unknown !== undefined) throw new Error(`it has a condition that nobody here knows (${unknown.type})`);
}

/** Section 4.2.2.1. What does not say how long it holds is as old as the clocks may differ, at most: it could be shown again for ever. */
function assertRecent({ thisUpdate, nextUpdate }: SingleResponse, now: Date): void {
  if (thisUpdate.getTime() > now.getTime() + CLOCK_ALLOWANCE_MS) throw new Error(`it is of the future (${thisUpdate.toISOString()})`);
  const end = (nextUpdate ?? thisUpdate).getTime() + CLOCK_ALLOWANCE_MS;
  if (end < now.getTime()) throw new Error(`it is too old (${(nextUpdate ?? thisUpdate).toISOString()})`);
}

function readerOf(bytes: Buffer): BerReader {
  return new BerReader(bytes, (what) => new Error(`it is no OCSP response: ${what}`));
}
