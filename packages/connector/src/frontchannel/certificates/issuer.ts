/** Whether an authority issued a certificate: by name, key identifier and signature. */
import type { X509Certificate } from 'node:crypto';

export function isIssuer(authority: X509Certificate, certificate: X509Certificate): boolean {
  return authority.ca && certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}
