/**
 * Which user a client certificate stands for. OpenSSL has checked chain, validity, purpose (client authentication) and revocation lists at the
 * handshake. If the certificate is rejected the user gets the password form; the reason is for the log.
 */
import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { errorText } from '@landbridge/runtime';
import { LRUCache } from 'lru-cache';
import { anyOf, parseFilter, withValue } from '../../ldap/filter.ts';
import type { VerifiedIdentity } from '../../users/sign-in-verified.ts';
import { mappingOf } from './mapping.ts';
import { type CertificateUser, nameIn } from './names.ts';
import type { CheckStatus } from './ocsp/ocsp.ts';
import { isIssuer } from './trust-anchors.ts';

/** Undefined if the client sent no certificate. */
export type CertificateVerdict = VerifiedIdentity | { refused: string; subject: string } | undefined;

type User = Pick<VerifiedIdentity, 'name' | 'filter'>;

const BY_MAIL = parseFilter('(mail={0})');

/** An attacker's certificate may have a long subject to flood the log. */
const MAX_SUBJECT = 300;
/** No real chain is longer. */
const MAX_CHAIN = 10;
/** Certificates whose chain and user are cached, since building them dominates the cost of a check. */
const MAX_KNOWN = 1000;

/**
 * @param options.authorities PEM: only certificates issued below these are accepted
 * @param options.by CLIENT_CERT_USER
 * @param options.checkStatus asks OCSP responders; undefined: no OCSP
 * @returns takes the certificates that the client sent on that socket, its own first
 */
export function createCertificateCheck(options: {
  authorities: readonly string[];
  by: CertificateUser;
  checkStatus: CheckStatus | undefined;
  now: () => Date;
}): (socket: TLSSocket, shown: readonly X509Certificate[]) => Promise<CertificateVerdict> {
  const { by, checkStatus, now } = options;
  const authorities = options.authorities.map((pem) => new X509Certificate(pem));
  const accepted = new Set(authorities.map(({ fingerprint256 }) => fingerprint256));
  /** By fingerprint; only certificates of a configured authority that name a user. */
  const known = new LRUCache<string, { chain: X509Certificate[]; user: User }>({ max: MAX_KNOWN });

  /**
   * OpenSSL also trusts the authorities in the PFX of the server's own certificate, which may issue certificates to anyone. So a chain has to
   * reach a configured authority.
   *
   * @param sent any certificates, until they prove to be issuers
   * @returns the certificate and its issuers, up to the last configured one; undefined if none is configured
   */
  function chainOfOurs(certificate: X509Certificate, sent: readonly X509Certificate[]): X509Certificate[] | undefined {
    const chain = [certificate];
    let isOurs = false;
    for (let current = certificate; chain.length < MAX_CHAIN; ) {
      const isAbove = (authority: X509Certificate) => isIssuer(authority, current);
      const above = authorities.find(isAbove) ?? (isOurs ? undefined : sent.find(isAbove));
      // A root is its own issuer.
      if (above === undefined || above.fingerprint256 === current.fingerprint256) break;
      isOurs ||= accepted.has(above.fingerprint256);
      chain.push(above);
      current = above;
    }
    return isOurs ? chain : undefined;
  }

  return async (socket, [certificate, ...sent]) => {
    if (certificate === undefined) return undefined;
    const subject = certificate.subject?.replaceAll('\n', ', ').slice(0, MAX_SUBJECT) ?? '';
    const refused = (reason: string): CertificateVerdict => ({ refused: reason, subject });
    if (!socket.authorized) return refused(reasonOf(socket.authorizationError));
    // The connection may have been open for a while.
    if (certificate.validToDate <= now()) return refused('expired since the connection was opened');
    try {
      const { fingerprint256 } = certificate;
      const chain = known.get(fingerprint256)?.chain ?? chainOfOurs(certificate, sent);
      if (chain === undefined) return refused('not issued by a configured authority (CLIENT_CERT_CA)');
      const user = known.get(fingerprint256)?.user ?? (by === 'directory' ? userByMapping(certificate) : userByName(certificate, by));
      if (user === undefined) return refused(`it does not have exactly one name of the kind in CLIENT_CERT_USER (${by})`);
      known.set(fingerprint256, { chain, user });
      const reason = await checkStatus?.(chain);
      return reason === undefined ? { ...user, method: 'certificate', principal: subject } : refused(reason);
    } catch (error) {
      return refused(`unreadable: ${errorText(error)}`);
    }
  };
}

function userByName(certificate: X509Certificate, by: 'cn' | 'upn' | 'mail'): User | undefined {
  const name = nameIn(certificate, by);
  if (name === undefined) return undefined;
  return by === 'mail' ? { name, filter: withValue(BY_MAIL, name) } : { name };
}

function userByMapping(certificate: X509Certificate): User {
  const { name, filters } = mappingOf(certificate);
  return { name, filter: anyOf(filters) };
}

/** OpenSSL's verification errors as sentences. */
function reasonOf(error: Error | string | undefined): string {
  const code = error instanceof Error ? ((error as NodeJS.ErrnoException).code ?? error.message) : String(error);
  return REASONS[code] ?? `OpenSSL error ${code}`;
}

const NOT_CONFIGURED = 'its issuer is not in CLIENT_CERT_CA';
const REASONS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'expired',
  CERT_NOT_YET_VALID: 'not valid yet',
  CERT_REVOKED: 'it was revoked',
  CERT_SIGNATURE_FAILURE: `${NOT_CONFIGURED}, only one of the same name`,
  CRL_HAS_EXPIRED: 'the revocation list of its issuer has expired (CLIENT_CERT_CRL)',
  UNABLE_TO_GET_CRL: 'the revocation list of an authority in its chain is missing (CLIENT_CERT_CRL)',
  CRL_SIGNATURE_FAILURE:
    'a revocation list is not signed by the authority that it names, or the certificate above that authority is missing (CLIENT_CERT_CRL)',
  INVALID_PURPOSE: 'not a client certificate',
  UNABLE_TO_GET_ISSUER_CERT: 'its chain does not reach a root, as revocation lists require (CLIENT_CERT_CRL)',
  UNABLE_TO_GET_CRL_ISSUER: 'the certificate that signed a revocation list is missing (CLIENT_CERT_CRL)',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: NOT_CONFIGURED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: NOT_CONFIGURED,
  SELF_SIGNED_CERT_IN_CHAIN: NOT_CONFIGURED,
  DEPTH_ZERO_SELF_SIGNED_CERT: 'self-signed',
};
