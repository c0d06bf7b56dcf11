/**
 * The authorities of the settings as OpenSSL needs them: it follows a chain up to a root, and an administrator may have named only the
 * authority below, which issues people's certificates.
 */
import { X509Certificate } from 'node:crypto';
import { encodeBer } from '../../asn1/ber-writer.ts';
import { isIssuer } from './issuer.ts';

const CLIENT_AUTHENTICATION = '1.3.6.1.5.5.7.3.2';

/**
 * Without revocation lists: an authority whose issuer is not among them is marked as trusted by itself.
 *
 * @param certificates PEM, each once
 */
export function trustedByThemselves(certificates: readonly string[]): string[] {
  const all = certificates.map((pem) => new X509Certificate(pem));
  return all.map((one) => (one.ca && !all.some((other) => isIssuer(other, one)) ? trusted(one) : one.toString()));
}

/**
 * With revocation lists OpenSSL also asks whether the last authority of a chain was revoked, which it can only where it knows who has
 * issued it. Those certificates may stand beside the lists, and whom else they have issued certificates for is not taken
 * (`client-certificate.ts`).
 *
 * @param certificates PEM, each once
 * @param beside PEM of certificates that stand beside the lists
 * @returns `rootless`: names of those above which one is missing
 */
export function upToTheRoots(certificates: readonly string[], beside: readonly string[]): { anchors: string[]; rootless: string[] } {
  const used = new Set(certificates.map((pem) => new X509Certificate(pem)));
  const known = [...used, ...beside.map((pem) => new X509Certificate(pem))];
  const rootless: string[] = [];
  // What is added while a set is walked is walked as well, and each once.
  for (const one of used) {
    const issuers = known.filter((other) => isIssuer(other, one));
    if (one.ca && issuers.length === 0) rootless.push(one.subject.replaceAll('\n', ', '));
    for (const issuer of issuers) used.add(issuer);
  }
  return { anchors: [...new Set([...used].map(String))], rootless };
}

/**
 * OpenSSL's own form of a certificate that is trusted for a purpose, whoever has issued it (openssl-x509(1), "Trust Options"): behind the
 * certificate stands a CertAux, whose first part is the list of purposes. `allowPartialTrustChain` of Node would do it for all certificates,
 * those of the server's PFX among them, and Node's servers do not know it.
 */
function trusted({ raw }: X509Certificate): string {
  const purposes = encodeBer((writer) => {
    writer.startSequence();
    writer.startSequence();
    writer.writeOid(CLIENT_AUTHENTICATION);
    writer.endSequence();
    writer.endSequence();
  });
  const base64 = Buffer.concat([raw, purposes])
    .toString('base64')
    .replace(/.{1,64}/g, '$&\n');
  return `-----BEGIN TRUSTED CERTIFICATE-----\n${base64}-----END TRUSTED CERTIFICATE-----\n`;
}
