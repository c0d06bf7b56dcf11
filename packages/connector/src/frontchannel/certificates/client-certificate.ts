/**
 * Who a client certificate stands for. OpenSSL checks it at the handshake: chain, validity, purpose (a client's), revocation lists. What is
 * found here decides nothing but the way to the form, and the reason is for the log.
 */
import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { errorText } from '@landbridge/runtime';
import { LRUCache } from 'lru-cache';
import { anyOf, parseFilter, withValue } from '../../ldap/filter.ts';
import type { KnownPerson } from '../../users/known-person.ts';
import type { Identity } from '../identity.ts';
import { isIssuer } from './issuer.ts';
import { mappingOf } from './mapping.ts';
import { type CertificateUser, nameIn } from './names.ts';
import type { CheckStatus } from './ocsp/ocsp.ts';

export type CertificateVerdict =
  | { kind: 'none' }
  | { kind: 'refused'; reason: string; subject: string }
  | { kind: 'accepted'; identity: Identity };

const BY_MAIL = parseFilter('(mail={0})');

/** Of an attacker's certificate, or of a broken one: more would only fill the log. */
const MAX_SUBJECT = 300;
/** Longer chains are made by nobody. */
const MAX_CHAIN = 10;
/** Certificates whose chain and name are remembered: finding them takes longer than all the rest that is done with them. */
const MAX_KNOWN = 1000;

/**
 * @param authorities PEM of those whose certificates are taken
 * @param by CLIENT_CERT_USER
 * @param checkStatus undefined: nobody is asked whether certificates are still good
 * @returns takes what the client showed on that socket, its own certificate first
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
  /** By fingerprint, of those only that are by an authority of the settings and name somebody. */
  const known = new LRUCache<string, { chain: X509Certificate[]; person: KnownPerson }>({ max: MAX_KNOWN });

  /**
   * OpenSSL trusts also the authorities that come with the server's own certificate in a PFX; those issue certificates for servers, and
   * perhaps to anybody. So a chain has to end at an authority of the settings.
   *
   * @param sent by the client along with it: any certificates, until they are shown to be issuers
   * @returns the certificate and those above it, as far up as the settings have any; undefined where none is of the settings
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
    if (certificate === undefined) return { kind: 'none' };
    const subject = certificate.subject?.replaceAll('\n', ', ').slice(0, MAX_SUBJECT) ?? '';
    const refused = (reason: string): CertificateVerdict => ({ kind: 'refused', reason, subject });
    if (!socket.authorized) return refused(reasonOf(socket.authorizationError));
    // The handshake may have been a while ago.
    if (certificate.validToDate <= now()) return refused('it has expired since the connection was made');
    try {
      const { fingerprint256 } = certificate;
      const chain = known.get(fingerprint256)?.chain ?? chainOfOurs(certificate, sent);
      if (chain === undefined) return refused('it is not by an authority of the settings');
      const person =
        known.get(fingerprint256)?.person ?? (by === 'directory' ? personByMapping(certificate) : personByName(certificate, by));
      if (person === undefined) return refused(`it has not exactly one name of the kind that CLIENT_CERT_USER wants (${by})`);
      known.set(fingerprint256, { chain, person });
      const reason = await checkStatus?.(chain);
      return reason === undefined ? { kind: 'accepted', identity: { how: 'certificate', person, principal: subject } } : refused(reason);
    } catch (error) {
      return refused(`it cannot be read: ${errorText(error)}`);
    }
  };
}

function personByName(certificate: X509Certificate, by: 'cn' | 'upn' | 'mail'): KnownPerson | undefined {
  const name = nameIn(certificate, by);
  if (name === undefined) return undefined;
  return by === 'mail' ? { name, filter: withValue(BY_MAIL, name) } : { name };
}

function personByMapping(certificate: X509Certificate): KnownPerson {
  const { name, filters } = mappingOf(certificate);
  return { name, filter: anyOf(filters) };
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
  CRL_SIGNATURE_FAILURE:
    'a revocation list is not signed by the authority of its name, or the certificate above that authority is missing (CLIENT_CERT_CRL)',
  INVALID_PURPOSE: 'it is not a certificate for clients',
  UNABLE_TO_GET_ISSUER_CERT: 'its chain does not end at a root, which it has to where revocation lists are used (CLIENT_CERT_CRL)',
  UNABLE_TO_GET_CRL_ISSUER: 'the certificate of who signed a revocation list is missing (CLIENT_CERT_CRL)',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its authority is none of the settings',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its authority is none of the settings',
  SELF_SIGNED_CERT_IN_CHAIN: 'its authority is none of the settings',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'nobody has signed it',
};
