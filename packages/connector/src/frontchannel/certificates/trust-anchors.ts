/**
 * The configured authorities as OpenSSL needs them: it follows chains up to a root, but an administrator may configure only the intermediate
 * authority that issues user certificates.
 */
import { X509Certificate } from 'node:crypto';
import { objectIdentifier, sequence } from '../../asn1/der.ts';

const CLIENT_AUTHENTICATION = '1.3.6.1.5.5.7.3.2';

/**
 * For use without revocation lists: marks authorities whose issuer is not configured as trusted themselves.
 *
 * @param certificates PEM, without duplicates
 */
export function trustedByThemselves(certificates: readonly string[]): string[] {
  const all = certificates.map((pem) => new X509Certificate(pem));
  return all.map((one) => (one.ca && !all.some((other) => isIssuer(other, one)) ? trusted(one) : one.toString()));
}

/**
 * For use with revocation lists: OpenSSL then also checks whether the last authority of a chain was revoked, for which it needs its issuer.
 * Issuers can be placed next to the lists; other certificates that they issued are rejected (`client-certificate.ts`).
 *
 * @param certificates PEM, without duplicates
 * @param beside PEM of the certificates next to the lists
 * @returns `rootless`: names of authorities whose issuer is missing
 */
export function upToTheRoots(certificates: readonly string[], beside: readonly string[]): { anchors: string[]; rootless: string[] } {
  const used = new Set(certificates.map((pem) => new X509Certificate(pem)));
  const known = [...used, ...beside.map((pem) => new X509Certificate(pem))];
  const rootless: string[] = [];
  // Iteration includes elements that are added meanwhile, each once.
  for (const one of used) {
    const issuers = known.filter((other) => isIssuer(other, one));
    if (one.ca && issuers.length === 0) rootless.push(one.subject.replaceAll('\n', ', '));
    for (const issuer of issuers) used.add(issuer);
  }
  return { anchors: [...new Set([...used].map(String))], rootless };
}

/** Whether an authority issued a certificate: by name, key identifier and signature. */
export function isIssuer(authority: X509Certificate, certificate: X509Certificate): boolean {
  return authority.ca && certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

/**
 * OpenSSL's format for a certificate that is trusted for a purpose regardless of its issuer (openssl-x509(1), "Trust Options"): a CertAux follows the
 * certificate, and its first part lists the purposes. Node's `allowPartialTrustChain` would apply to all certificates, including those in the
 * server's PFX, and servers do not support it.
 */
function trusted({ raw }: X509Certificate): string {
  const purposes = sequence(sequence(objectIdentifier(CLIENT_AUTHENTICATION)));
  const base64 = Buffer.concat([raw, purposes])
    .toString('base64')
    .replace(/.{1,64}/g, '$&\n');
  return `-----BEGIN TRUSTED CERTIFICATE-----\n${base64}-----END TRUSTED CERTIFICATE-----\n`;
}
