/** OCSP requests (RFC 6960, section 4.1). */
import { createHash, type X509Certificate } from 'node:crypto';
import { TAG } from '../../../asn1/ber-writer.ts';
import { element, objectIdentifier, sequence } from '../../../asn1/der.ts';
import { fieldsOf } from '../certificate-fields.ts';

export const NONCE = '1.3.6.1.5.5.7.48.1.2';
/** SHA-1 only distinguishes authorities here, without security relevance. Responders need not support others (RFC 5019, section 2.1.1). */
const SHA1 = '1.3.14.3.2.26';

const REQUEST_EXTENSIONS = 0xa2;

/**
 * @param issuer its verified issuer
 * @returns the CertID, which identifies the certificate in a response
 * @throws Error if one of them cannot be parsed
 */
export function certificateId(certificate: X509Certificate, issuer: X509Certificate): Buffer {
  const { issuer: issuerName, serialNumber } = fieldsOf(certificate);
  return idOf({ issuerName, issuer, serialNumber });
}

/** For a serial number that may not exist. @param serialNumber the content of an INTEGER */
export function idOfSerialNumber(serialNumber: Buffer, issuer: X509Certificate): Buffer {
  return idOf({ issuerName: fieldsOf(issuer).subject, issuer, serialNumber });
}

function idOf({ issuerName, issuer, serialNumber }: { issuerName: Buffer; issuer: X509Certificate; serialNumber: Buffer }): Buffer {
  const sha1 = (bytes: Buffer) => createHash('sha1').update(bytes).digest();
  return sequence(
    sequence(objectIdentifier(SHA1), element(TAG.null)),
    element(TAG.octetString, sha1(issuerName)),
    element(TAG.octetString, sha1(fieldsOf(issuer).publicKey)),
    element(TAG.integer, serialNumber),
  );
}

/** @param nonce returned in a response to this very request (RFC 9654) */
export function statusRequest(id: Buffer, nonce: Buffer): Buffer {
  const extension = sequence(objectIdentifier(NONCE), element(TAG.octetString, element(TAG.octetString, nonce)));
  const requests = sequence(sequence(id));
  return sequence(sequence(requests, element(REQUEST_EXTENSIONS, sequence(extension))));
}
