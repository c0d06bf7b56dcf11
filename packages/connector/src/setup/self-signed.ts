/**
 * Creates a self-signed X.509 certificate (RFC 5280, section 4.1). Node can read but not create one, and a certificate library would be two
 * dozen packages to trust for one certificate per installation.
 */
import { createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto';
import { type BerWriter, encodeBer, TAG } from '../asn1/ber-writer.ts';

export interface CertificateContent {
  commonName: string;
  organizationalUnit: string;
  notBefore: Date;
  /** Before 2050, where the encoding of times changes (section 4.1.2.5). */
  notAfter: Date;
}

const SHA256_WITH_RSA = '1.2.840.113549.1.1.11';
const COMMON_NAME = '2.5.4.3';
const ORGANIZATIONAL_UNIT = '2.5.4.11';
const BASIC_CONSTRAINTS = '2.5.29.19';
const KEY_USAGE = '2.5.29.15';
/** An empty sequence: a missing `cA` means false (section 4.2.1.9). */
const NO_AUTHORITY = Buffer.of(0x30, 0);
/** The first bit of a bit string whose other seven are unused (section 4.2.1.3). */
const DIGITAL_SIGNATURE = Buffer.of(0x03, 2, 7, 0x80);

const NULL = Buffer.of(TAG.null, 0);
/** Context tags of a certificate's explicit fields. */
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;

/** @returns the certificate in DER, signed with RSA and SHA-256 */
export function selfSignedCertificate(privateKey: KeyObject, content: CertificateContent): Buffer {
  const toBeSigned = encodeBer((writer) => {
    writer.startSequence();
    // Version 3, counted from 0. Strict parsers accept no other.
    writer.startSequence(VERSION);
    writer.writeInt(2);
    writer.endSequence();
    const serial = randomBytes(16);
    // Positive and without a leading zero, as DER requires (section 4.1.2.2).
    serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
    writer.writeBuffer(serial, TAG.integer);
    writeAlgorithm(writer);
    writeName(writer, content);
    writer.startSequence();
    writer.writeString(utcTime(content.notBefore), TAG.utcTime);
    writer.writeString(utcTime(content.notAfter), TAG.utcTime);
    writer.endSequence();
    writeName(writer, content);
    writer.writeRaw(createPublicKey(privateKey).export({ type: 'spki', format: 'der' }));
    writer.startSequence(EXTENSIONS);
    writer.startSequence();
    writeCriticalExtension(writer, BASIC_CONSTRAINTS, NO_AUTHORITY);
    writeCriticalExtension(writer, KEY_USAGE, DIGITAL_SIGNATURE);
    writer.endSequence();
    writer.endSequence();
    writer.endSequence();
  });
  return encodeBer((writer) => {
    writer.startSequence();
    writer.writeRaw(toBeSigned);
    writeAlgorithm(writer);
    // The leading zero: no unused bits.
    writer.writeBuffer(Buffer.concat([Buffer.of(0), sign('sha256', toBeSigned, privateKey)]), TAG.bitString);
    writer.endSequence();
  });
}

function writeAlgorithm(writer: BerWriter): void {
  writer.startSequence();
  writer.writeOid(SHA256_WITH_RSA);
  writer.writeRaw(NULL);
  writer.endSequence();
}

function writeName(writer: BerWriter, { commonName, organizationalUnit }: CertificateContent): void {
  writer.startSequence();
  for (const [type, value] of [
    [COMMON_NAME, commonName],
    [ORGANIZATIONAL_UNIT, organizationalUnit],
  ] as const) {
    writer.startSequence(TAG.set);
    writer.startSequence();
    writer.writeOid(type);
    writer.writeString(value, TAG.utf8String);
    writer.endSequence();
    writer.endSequence();
  }
  writer.endSequence();
}

function writeCriticalExtension(writer: BerWriter, type: string, value: Buffer): void {
  writer.startSequence();
  writer.writeOid(type);
  writer.writeBoolean(true);
  writer.writeBuffer(value);
  writer.endSequence();
}

/** YYMMDDHHMMSSZ */
function utcTime(date: Date): string {
  return `${date.toISOString().slice(2, 19).replaceAll(/[-:T]/g, '')}Z`;
}
