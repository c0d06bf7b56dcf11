/**
 * Creates a self-signed X.509 certificate (RFC 5280, section 4.1). Node can read but not create one, and a certificate library would be two
 * dozen packages to trust for one certificate per installation.
 */
import { createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto';
import { TAG } from '../asn1/ber-writer.ts';
import { element, objectIdentifier, sequence } from '../asn1/der.ts';

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

const ALGORITHM = sequence(objectIdentifier(SHA256_WITH_RSA), element(TAG.null));
/** Context tags of a certificate's explicit fields. */
const VERSION = 0xa0;
const EXTENSIONS = 0xa3;

/** @returns the certificate in DER, signed with RSA and SHA-256 */
export function selfSignedCertificate(privateKey: KeyObject, content: CertificateContent): Buffer {
  const serial = randomBytes(16);
  // Positive and without a leading zero, as DER requires (section 4.1.2.2).
  serial[0] = ((serial[0] ?? 0) & 0x3f) | 0x40;
  const name = sequence(namePart(COMMON_NAME, content.commonName), namePart(ORGANIZATIONAL_UNIT, content.organizationalUnit));
  const toBeSigned = sequence(
    // Version 3, counted from 0. Strict parsers accept no other.
    element(VERSION, element(TAG.integer, Buffer.of(2))),
    element(TAG.integer, serial),
    ALGORITHM,
    name,
    sequence(utcTime(content.notBefore), utcTime(content.notAfter)),
    name,
    createPublicKey(privateKey).export({ type: 'spki', format: 'der' }),
    element(EXTENSIONS, sequence(criticalExtension(BASIC_CONSTRAINTS, NO_AUTHORITY), criticalExtension(KEY_USAGE, DIGITAL_SIGNATURE))),
  );
  // The leading zero: no unused bits.
  return sequence(toBeSigned, ALGORITHM, element(TAG.bitString, Buffer.of(0), sign('sha256', toBeSigned, privateKey)));
}

function namePart(type: string, value: string): Buffer {
  return element(TAG.set, sequence(objectIdentifier(type), element(TAG.utf8String, Buffer.from(value))));
}

function criticalExtension(type: string, value: Buffer): Buffer {
  return sequence(objectIdentifier(type), element(TAG.boolean, Buffer.of(0xff)), element(TAG.octetString, value));
}

/** YYMMDDHHMMSSZ */
function utcTime(date: Date): Buffer {
  return element(TAG.utcTime, Buffer.from(`${date.toISOString().slice(2, 19).replaceAll(/[-:T]/g, '')}Z`));
}
