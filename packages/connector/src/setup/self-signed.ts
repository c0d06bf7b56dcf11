/**
 * A self-signed X.509 certificate (RFC 5280, section 4.1), which Node can read but not make. Written with the BER writer that the LDAP
 * codec brings: a certificate library would be two dozen packages to trust, for one certificate in an installation's life.
 */
import { createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto';
import { BerWriter } from 'ldapts';

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
/** An empty sequence: `cA` is false where it is left out (section 4.2.1.9). */
const NO_AUTHORITY = Buffer.of(0x30, 0);
/** The first bit of a bit string whose other seven are unused (section 4.2.1.3). */
const DIGITAL_SIGNATURE = Buffer.of(0x03, 2, 7, 0x80);

const TAG = {
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  utf8String: 0x0c,
  utcTime: 0x17,
  set: 0x31,
  version: 0xa0,
  extensions: 0xa3,
} as const;

/** @returns the certificate in DER, signed with RSA and SHA-256 */
export function selfSignedCertificate(privateKey: KeyObject, content: CertificateContent): Buffer {
  const toBeSigned = new BerWriter();
  toBeSigned.startSequence();
  // Version 3, counted from 0: strict readers take no other.
  toBeSigned.startSequence(TAG.version);
  toBeSigned.writeInt(2);
  toBeSigned.endSequence();
  const serial = randomBytes(16);
  // Positive and without a leading zero, as DER wants it (section 4.1.2.2).
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  toBeSigned.writeBuffer(serial, TAG.integer);
  writeAlgorithm(toBeSigned);
  writeName(toBeSigned, content);
  toBeSigned.startSequence();
  toBeSigned.writeString(utcTime(content.notBefore), TAG.utcTime);
  toBeSigned.writeString(utcTime(content.notAfter), TAG.utcTime);
  toBeSigned.endSequence();
  writeName(toBeSigned, content);
  writeRaw(toBeSigned, createPublicKey(privateKey).export({ type: 'spki', format: 'der' }));
  toBeSigned.startSequence(TAG.extensions);
  toBeSigned.startSequence();
  writeCriticalExtension(toBeSigned, BASIC_CONSTRAINTS, NO_AUTHORITY);
  writeCriticalExtension(toBeSigned, KEY_USAGE, DIGITAL_SIGNATURE);
  toBeSigned.endSequence();
  toBeSigned.endSequence();
  toBeSigned.endSequence();

  const certificate = new BerWriter();
  certificate.startSequence();
  writeRaw(certificate, toBeSigned.buffer);
  writeAlgorithm(certificate);
  // The leading zero: no unused bits.
  certificate.writeBuffer(Buffer.concat([Buffer.of(0), sign('sha256', toBeSigned.buffer, privateKey)]), TAG.bitString);
  certificate.endSequence();
  return certificate.buffer;
}

function writeAlgorithm(writer: BerWriter): void {
  writer.startSequence();
  writer.writeOID(SHA256_WITH_RSA);
  writer.writeNull();
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
    writer.writeOID(type);
    writer.writeString(value, TAG.utf8String);
    writer.endSequence();
    writer.endSequence();
  }
  writer.endSequence();
}

function writeCriticalExtension(writer: BerWriter, type: string, value: Buffer): void {
  writer.startSequence();
  writer.writeOID(type);
  writer.writeBoolean(true);
  writer.writeBuffer(value, TAG.octetString);
  writer.endSequence();
}

/** What is DER already. */
function writeRaw(writer: BerWriter, der: Buffer): void {
  for (const byte of der) writer.writeByte(byte);
}

/** YYMMDDHHMMSSZ */
function utcTime(date: Date): string {
  return `${date.toISOString().slice(2, 19).replaceAll(/[-:T]/g, '')}Z`;
}
