/** Validates OCSP responses (RFC 6960, section 4.2): about this certificate, signed by an authorised responder, and recent. */
import { X509Certificate } from 'node:crypto';
import { BerReader } from '../../../asn1/ber-reader.ts';
import { TAG } from '../../../asn1/ber-writer.ts';
import { parseGeneralizedTime } from '../../../asn1/generalized-time.ts';
import { type Extension, readExtensions } from '../certificate-fields.ts';
import { NONCE } from './request.ts';
import { isSigned } from './signature.ts';

export interface OcspAnswer {
  status: 'good' | 'revoked' | 'unknown';
  /** Until when it may be reused; undefined if the responder always has newer information. */
  nextUpdate: Date | undefined;
}

/** How far clocks may differ, as for tickets and tokens. */
const CLOCK_ALLOWANCE_MS = 5 * 60_000;
/** The responder's certificate and perhaps its chain. */
const MAX_CERTIFICATES = 8;

const BASIC_RESPONSE = '1.3.6.1.5.5.7.48.1.1';
const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9';
/** OCSPResponseStatus, section 4.2.1. */
const RESPONSE_STATUS = ['successful', 'malformedRequest', 'internalError', 'tryLater', '', 'sigRequired', 'unauthorized'];
const GENERALIZED_TIME = 0x18;
const CONTEXT = { zero: 0xa0, one: 0xa1, two: 0xa2 } as const;
/** The tags of CertStatus. */
const STATUS: Readonly<Record<number, OcspAnswer['status']>> = { 128: 'good', 161: 'revoked', 130: 'unknown' };

/**
 * @param asked.id the certificate's CertID
 * @param asked.issuer of the certificate
 * @param asked.nonce the only allowed nonce; responses without one are accepted, because many are produced in advance
 * @throws Error with the reason for rejecting it
 */
export function validateResponse(bytes: Buffer, asked: { id: Buffer; issuer: X509Certificate; nonce: Buffer; now: Date }): OcspAnswer {
  const { responseData, algorithm, signature, certificates } = readBasicResponse(bytes);
  const keys = [asked.issuer, ...certificates.filter((certificate) => mayAnswerFor(asked.issuer, certificate, asked.now))];
  if (!keys.some(({ publicKey }) => isSigned(responseData, { algorithm, signature, publicKey }))) {
    throw new Error('signed neither by the authority nor by a responder that it authorised');
  }
  const { single, extensions } = readResponseData(responseData, asked.id);
  assertKnown([...extensions, ...single.extensions]);
  const nonces = extensions.filter(({ type }) => type === NONCE);
  if (nonces.some(({ value }) => !readerOf(value).readBytes().equals(asked.nonce)))
    throw new Error('it answers another request (wrong nonce)');
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
  if (status !== 0) throw new Error(`the responder reported ${RESPONSE_STATUS[status] || `status ${status}`}`);
  const responseBytes = response.enter(CONTEXT.zero).enter(TAG.sequence);
  if (responseBytes.readOid() !== BASIC_RESPONSE) throw new Error('unknown response type');
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
 * Section 4.2.2.2: responders that the authority itself authorised. The revocation of their certificates is not checked: most are exempt
 * (id-pkix-ocsp-nocheck), and only the same responder could be asked.
 */
function mayAnswerFor(issuer: X509Certificate, responder: X509Certificate, now: Date): boolean {
  return (
    // `keyUsage` is Node's name for the extended key usage.
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
  // ResponderID: the signature has already identified the responder.
  content.readAny();
  content.readBytes(GENERALIZED_TIME);
  const list = content.enter(TAG.sequence);
  let single: SingleResponse | undefined;
  while (!list.atEnd && single === undefined) {
    const response = list.enter(TAG.sequence);
    if (isSameCertificate(response.readElement(), id)) single = readSingleResponse(response);
  }
  if (single === undefined) throw new Error('it is about another certificate');
  return { single, extensions: readExtensions(content.enterIf(CONTEXT.one)) };
}

/** The hash parameters may be missing or NULL; everything else must be equal. */
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
  if (status === undefined) throw new Error(`unknown status 0x${tag.toString(16)}`);
  const thisUpdate = readTime(response);
  const next = response.enterIf(CONTEXT.zero);
  const extensions = readExtensions(response.enterIf(CONTEXT.one));
  return { status, thisUpdate, nextUpdate: next && readTime(next), extensions };
}

function readTime(reader: BerReader): Date {
  const time = parseGeneralizedTime(reader.readText(GENERALIZED_TIME));
  if (time === undefined) throw new Error('invalid time');
  return time;
}

function assertKnown(extensions: readonly Extension[]): void {
  const unknown = extensions.find(({ type, isCritical }) => isCritical && type !== NONCE);
  if (unknown !== undefined) throw new Error(`unknown critical extension ${unknown.type}`);
}

/** Section 4.2.2.1. A response without nextUpdate may only be as old as clocks may differ, or it could be replayed indefinitely. */
function assertRecent({ thisUpdate, nextUpdate }: SingleResponse, now: Date): void {
  if (thisUpdate.getTime() > now.getTime() + CLOCK_ALLOWANCE_MS) throw new Error(`its time is in the future (${thisUpdate.toISOString()})`);
  const end = (nextUpdate ?? thisUpdate).getTime() + CLOCK_ALLOWANCE_MS;
  if (end < now.getTime()) throw new Error(`too old (${(nextUpdate ?? thisUpdate).toISOString()})`);
}

function readerOf(bytes: Buffer): BerReader {
  return new BerReader(bytes, (what) => new Error(`not an OCSP response: ${what}`));
}
