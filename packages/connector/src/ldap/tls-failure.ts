/** Why TLS with a directory server failed: a reason and an action for each way in which it can. */
import { LdapError } from './errors.ts';

interface Reason {
  reason: string;
  action: string;
}

const TRUST = "Add the issuing authority's certificate to CA_CERT, SSL_CA_FILE or the system's store";
const UNKNOWN_ISSUER: Reason = { reason: 'its certificate was issued by an unknown authority', action: TRUST };
const NOT_TLS: Reason = {
  reason: 'the port answers, but not with TLS',
  action: 'Use the port of LDAPS (636), or ldap:// with StartTLS',
};
const TOO_OLD: Reason = { reason: 'it does not support TLS 1.2', action: 'Enable TLS 1.2 or newer on the server' };
const TOO_WEAK: Reason = {
  reason: 'its certificate, or one in its chain, has a weak key or signature',
  action: 'Give the server a certificate with RSA of 2048 bits or more, or an elliptic curve, signed with SHA-256 or better',
};
const NO_COMMON: Reason = {
  reason: 'it shares no cipher suite with this machine',
  action: 'Check the TLS settings of the server, and that it has a certificate with its key',
};
const HUNG_UP: Reason = {
  reason: 'it hung up during the handshake',
  action: 'Check that the server has a certificate (a domain controller without one hangs up), and that this port speaks TLS',
};
const OTHER: Reason = {
  reason: 'the handshake failed',
  action: 'Check that this port speaks TLS (ldaps://), or use ldap:// with StartTLS',
};

/** Codes of OpenSSL's verification (X509_V_ERR_*), of its handshake (ERR_SSL_*), and of Node's tls module. */
const REASONS: Readonly<Record<string, Reason>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_ISSUER,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_ISSUER,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_ISSUER,
  SELF_SIGNED_CERT_IN_CHAIN: { reason: 'its chain ends in an untrusted authority', action: TRUST },
  CERT_SIGNATURE_FAILURE: {
    reason: 'its certificate was not issued by the trusted authority of that name, which may have a new key',
    action: TRUST,
  },
  DEPTH_ZERO_SELF_SIGNED_CERT: {
    reason: 'its certificate is self-signed',
    action: "Add this certificate to CA_CERT, or give the server one of your company's authority",
  },
  CERT_HAS_EXPIRED: {
    reason: 'its certificate, or one in its chain, has expired',
    action: "Renew the server's certificate, and check this machine's clock",
  },
  CERT_NOT_YET_VALID: {
    reason: 'its certificate, or one in its chain, is not valid yet',
    action: "Check this machine's clock and the clock of the issuing authority",
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    reason: 'its certificate is for another host name',
    action: 'Use a name from the certificate in LDAP_URL',
  },
  INVALID_PURPOSE: {
    reason: 'its certificate is not meant for servers',
    action: 'Give the server a certificate for server authentication',
  },
  EE_KEY_TOO_SMALL: TOO_WEAK,
  CA_KEY_TOO_SMALL: TOO_WEAK,
  CA_MD_TOO_WEAK: TOO_WEAK,
  ERR_SSL_WRONG_VERSION_NUMBER: NOT_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NOT_TLS,
  ERR_SSL_RECORD_LAYER_FAILURE: NOT_TLS,
  ERR_SSL_UNSUPPORTED_PROTOCOL: TOO_OLD,
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: TOO_OLD,
  'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE': NO_COMMON,
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: NO_COMMON,
  ERR_SSL_DH_KEY_TOO_SMALL: NO_COMMON,
  ECONNRESET: HUNG_UP,
  EPIPE: HUNG_UP,
};

/** @param url of the server */
export function tlsFailed(url: string, cause: unknown): LdapError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const { reason, action } = REASONS[code] ?? OTHER;
  return new LdapError('LDAP_TLS_FAILED', `TLS with ${url} failed: ${reason}`, { cause, action });
}
