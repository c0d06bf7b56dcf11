/** OCSP requests (RFC 6960, section 4.1). */
import { createHash, type X509Certificate } from 'node:crypto';
import { encodeBer, TAG } from '../../../asn1/ber-writer.ts';
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
  return encodeBer((writer) => {
    writer.startSequence();
    writer.startSequence();
    writer.writeOid(SHA1);
    writer.writeBuffer(Buffer.alloc(0), TAG.null);
    writer.endSequence();
    writer.writeBuffer(sha1(issuerName));
    writer.writeBuffer(sha1(fieldsOf(issuer).publicKey));
    writer.writeBuffer(serialNumber, TAG.integer);
    writer.endSequence();
  });
}

/** @param nonce returned in a response to this very request (RFC 9654) */
export function statusRequest(id: Buffer, nonce: Buffer): Buffer {
  return encodeBer((writer) => {
    writer.startSequence();
    writer.startSequence();
    writer.startSequence();
    writer.startSequence();
    writer.writeRaw(id);
    writer.endSequence();
    writer.endSequence();
    writer.startSequence(REQUEST_EXTENSIONS);
    writer.startSequence();
    writer.startSequence();
    writer.writeOid(NONCE);
    writer.writeBuffer(encodeBer((inner) => inner.writeBuffer(nonce)));
    writer.endSequence();
    writer.endSequence();
    writer.endSequence();
    writer.endSequence();
    writer.endSequence();
  });
}
