/** Fields of a certificate that Node does not expose, or only as text: names and numbers as encoded (RFC 5280, section 4.1). */
import type { X509Certificate } from 'node:crypto';
import { BerReader } from '../../asn1/ber-reader.ts';
import { TAG } from '../../asn1/ber-writer.ts';

export interface CertificateFields {
  /** The content of the INTEGER. */
  serialNumber: Buffer;
  /** Like `subject`, with tag and length. */
  issuer: Buffer;
  subject: Buffer;
  /** Without its algorithm. */
  publicKey: Buffer;
  /** By object identifier. */
  extensions: ReadonlyMap<string, Buffer>;
}

export interface Extension {
  type: string;
  /** A reader that does not know it must reject the certificate. */
  isCritical: boolean;
  value: Buffer;
}

export const SUBJECT_KEY_IDENTIFIER = '2.5.29.14';
const AUTHORITY_INFORMATION_ACCESS = '1.3.6.1.5.5.7.1.1';
const OCSP = '1.3.6.1.5.5.7.48.1';

const VERSION = 0xa0;
const UNIQUE_IDENTIFIERS = [0x81, 0x82];
const EXTENSIONS = 0xa3;
/** `uniformResourceIdentifier` of a GeneralName. */
const URI = 0x86;

/** @throws Error for encodings that OpenSSL accepts and DER does not allow */
export function fieldsOf({ raw }: X509Certificate): CertificateFields {
  const content = readerOf(raw).enter(TAG.sequence).enter(TAG.sequence);
  content.enterIf(VERSION);
  const serialNumber = content.readBytes(TAG.integer);
  content.enter(TAG.sequence);
  const issuer = content.readElement();
  content.enter(TAG.sequence);
  const subject = content.readElement();
  const keyInfo = content.enter(TAG.sequence);
  keyInfo.enter(TAG.sequence);
  const publicKey = keyInfo.readBits();
  for (const tag of UNIQUE_IDENTIFIERS) content.enterIf(tag);
  const extensions = readExtensions(content.enterIf(EXTENSIONS));
  return { serialNumber, issuer, subject, publicKey, extensions: new Map(extensions.map(({ type, value }) => [type, value])) };
}

/** @param extensions the field of a certificate or an OCSP response; undefined: it has none */
export function readExtensions(extensions: BerReader | undefined): Extension[] {
  const list = extensions?.enter(TAG.sequence).readAll((reader) => {
    const extension = reader.enter(TAG.sequence);
    const type = extension.readOid();
    const isCritical = extension.peekTag() === TAG.boolean && extension.readBoolean();
    return { type, isCritical, value: extension.readBytes() };
  });
  return list ?? [];
}

/** @returns the OCSP responders that it names, in order, if they have an HTTP address (RFC 6960, section 3.1) */
export function respondersOf({ extensions }: CertificateFields): URL[] {
  const access = extensions.get(AUTHORITY_INFORMATION_ACCESS);
  if (access === undefined) return [];
  const found: URL[] = [];
  const list = readerOf(access).enter(TAG.sequence);
  while (!list.atEnd) {
    const description = list.enter(TAG.sequence);
    const method = description.readOid();
    const { tag, bytes } = description.readAny();
    const url = method === OCSP && tag === URI ? URL.parse(bytes.toString('latin1')) : null;
    if (url !== null && (url.protocol === 'http:' || url.protocol === 'https:')) found.push(url);
  }
  return found;
}

function readerOf(bytes: Buffer): BerReader {
  return new BerReader(bytes, (what) => new Error(`the certificate has ${what}`));
}
