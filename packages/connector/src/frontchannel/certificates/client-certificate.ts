/**
 * Who a client certificate stands for. OpenSSL checks it at the handshake: chain, validity, purpose (a client's), revocation lists. What is
 * found here decides nothing but the way to the form, and the reason is for the log.
 */
import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { anyOf, parseFilter, withValue } from '../../ldap/filter.ts';
import type { KnownPerson } from '../../users/known-person.ts';
import type { Identity } from '../identity.ts';
import { type CertificateUser, nameIn } from './names.ts';

export type CertificateVerdict =
  | { kind: 'none' }
  | { kind: 'refused'; reason: string; subject: string }
  | { kind: 'accepted'; identity: Identity };

const BY_MAIL = parseFilter('(mail={0})');
const BY_MAPPING = parseFilter('(altSecurityIdentities={0})');
const BY_CERTIFICATE = parseFilter('(userCertificate={0})');

/** Of an attacker's certificate, or of a broken one: more would only fill the log. */
const MAX_SUBJECT = 300;
/** Longer chains are made by nobody. */
const MAX_CHAIN = 10;

/**
 * @param authorities PEM of those whose certificates are taken
 * @param by CLIENT_CERT_USER
 */
export function createCertificateCheck(options: {
  authorities: readonly string[];
  by: CertificateUser;
  now: () => Date;
}): (socket: TLSSocket) => CertificateVerdict {
  const { by, now } = options;
  const authorities = options.authorities.map((pem) => new X509Certificate(pem));
  const accepted = new Set(authorities.map(({ fingerprint256 }) => fingerprint256));

  /**
   * OpenSSL trusts also the authorities that come with the server's own certificate in a PFX; those issue certificates for servers, and
   * perhaps to anybody. So a chain has to end at an authority of the settings.
   */
  function isOfOurs(certificate: X509Certificate): boolean {
    let current = certificate;
    for (let depth = 0; depth < MAX_CHAIN; depth++) {
      const above: X509Certificate | undefined =
        authorities.find((authority) => isIssuer(authority, current)) ??
        (current.issuerCertificate !== undefined && isIssuer(current.issuerCertificate, current) ? current.issuerCertificate : undefined);
      if (above === undefined) return false;
      if (accepted.has(above.fingerprint256)) return true;
      current = above;
    }
    return false;
  }

  return (socket) => {
    const certificate = socket.getPeerX509Certificate();
    if (certificate === undefined) return { kind: 'none' };
    const subject = certificate.subject?.replaceAll('\n', ', ').slice(0, MAX_SUBJECT) ?? '';
    const refused = (reason: string): CertificateVerdict => ({ kind: 'refused', reason, subject });
    if (!socket.authorized) return refused(reasonOf(socket.authorizationError));
    // The handshake may have been a while ago.
    if (certificate.validToDate <= now()) return refused('it has expired since the connection was made');
    if (!isOfOurs(certificate)) return refused('it is not by an authority of the settings');
    const person = by === 'directory' ? personByMapping(certificate) : personByName(certificate, by);
    if (person === undefined) return refused(`it has not exactly one name of the kind that CLIENT_CERT_USER wants (${by})`);
    return { kind: 'accepted', identity: { how: 'certificate', person, principal: subject } };
  };
}

function isIssuer(authority: X509Certificate, certificate: X509Certificate): boolean {
  return authority.ca && certificate.checkIssued(authority) && certificate.verify(authority.publicKey);
}

function personByName(certificate: X509Certificate, by: 'cn' | 'upn' | 'mail'): KnownPerson | undefined {
  const name = nameIn(certificate, by);
  if (name === undefined) return undefined;
  return by === 'mail' ? { name, filter: withValue(BY_MAIL, name) } : { name };
}

/**
 * The certificate as an entry of the directory names it: in Active Directory by issuer and serial number in `altSecurityIdentities` (one
 * of the mappings that Microsoft calls strong, KB5014754; the others are not looked at) or as a whole in `userCertificate`; elsewhere by
 * the certificateExactMatch of RFC 4523, section 2.1. What a directory does not know matches nobody.
 */
function personByMapping(certificate: X509Certificate): KnownPerson | undefined {
  const issuer = certificate.issuer?.split('\n') ?? [];
  if (issuer.length === 0) return undefined;
  const serial = certificate.serialNumber.toLowerCase();
  const reversed = Buffer.from(serial, 'hex').reverse().toString('hex');
  const exact = `{ serialNumber ${BigInt(`0x${serial}`)}, issuer rdnSequence:"${issuer.toReversed().join(',').replaceAll('"', '""')}" }`;
  return {
    name: serial,
    filter: anyOf([
      withValue(BY_MAPPING, `X509:<I>${issuer.join(',')}<SR>${reversed}`),
      withValue(BY_CERTIFICATE, certificate.raw),
      withValue(BY_CERTIFICATE, exact),
    ]),
  };
}

/** OpenSSL's names of what is wrong, for people. */
function reasonOf(error: Error | string | undefined): string {
  const code = error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error);
  return REASONS[code] ?? `OpenSSL says ${code}`;
}

const REASONS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'it has expired',
  CERT_NOT_YET_VALID: 'it is not valid yet',
  CERT_REVOKED: 'it was revoked',
  CERT_SIGNATURE_FAILURE: 'its authority is none of the settings, though one of the same name is',
  CRL_HAS_EXPIRED: 'the revocation list of its authority is too old (CLIENT_CERT_CRL)',
  UNABLE_TO_GET_CRL: 'there is no revocation list of an authority in its chain (CLIENT_CERT_CRL)',
  INVALID_PURPOSE: 'it is not a certificate for clients',
  UNABLE_TO_GET_ISSUER_CERT: 'its authority is none of the settings',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its authority is none of the settings',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its authority is none of the settings',
  SELF_SIGNED_CERT_IN_CHAIN: 'its authority is none of the settings',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'nobody has signed it',
};
