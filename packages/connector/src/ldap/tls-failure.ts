/** Why TLS with a directory server failed: a reason and an action for each way in which it can. */
import { LdapError } from './errors.ts';

interface Reason {
  reason: string;
  action: string;
}

const TRUST =
  "Add the issuing authority's certificate to CA_CERT, SSL_CA_FILE or the system's store. The console's Troubleshooting shows it and can trust it";
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
const SILENT: Reason = {
  reason: 'it did not answer the handshake in time',
  action: 'Check that this port speaks TLS (ldaps://), or use ldap:// with StartTLS; a firewall in between may also hold TLS back',
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
    action:
      "Add this certificate to CA_CERT, or give the server one of your company's authority. The console's Troubleshooting shows it and can trust it",
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
  ETIMEDOUT: SILENT,
  ECONNRESET: HUNG_UP,
  EPIPE: HUNG_UP,
};

const GIVE_ONE = 'Set LDAP_CLIENT_CERT and LDAP_CLIENT_KEY (Google Secure LDAP: the certificate of its LDAP client)';
const REPLACE_IT =
  'Check that LDAP_CLIENT_CERT is current and from an authority that the server trusts, with its intermediate certificates';
/** What the server says of our certificate: alerts of RFC 8446, section 6.2, in the spellings of OpenSSL. */
const ALERTS: Readonly<Record<string, string>> = {
  BAD_CERTIFICATE: 'the server refused the client certificate as damaged or not acceptable',
  UNSUPPORTED_CERTIFICATE: 'the server does not support this type of client certificate',
  CERTIFICATE_REVOKED: 'the server refused the client certificate because it was revoked',
  CERTIFICATE_EXPIRED: 'the server refused the client certificate because it has expired',
  CERTIFICATE_UNKNOWN: 'the server refused the client certificate',
  UNKNOWN_CA: 'the server does not trust the authority that issued the client certificate',
  ACCESS_DENIED: 'the server does not admit the client certificate',
  DECRYPT_ERROR: 'the server could not verify the signature made with the key of the client certificate',
};

/** @returns what an alert says of our certificate; undefined if it says nothing of it */
function aboutOurCertificate(code: string, presented: boolean): Reason | undefined {
  const alert = /^ERR_SSL_(?:SSL\/TLS|SSLV3|TLSV1|TLSV13)_ALERT_(.+)$/.exec(code)?.[1] ?? '';
  const refused = ALERTS[alert];
  if (alert === 'CERTIFICATE_REQUIRED' || (refused !== undefined && !presented)) {
    const reason = 'the server demands a client certificate';
    return presented ? { reason: `${reason} and did not accept ours`, action: REPLACE_IT } : { reason, action: GIVE_ONE };
  }
  return refused === undefined ? undefined : { reason: refused, action: REPLACE_IT };
}

/**
 * @param url of the server
 * @param presented whether we had a certificate to present
 */
export function tlsFailed(url: string, cause: unknown, presented = false): LdapError {
  const code = codeOf(cause);
  const { reason, action } = aboutOurCertificate(code, presented) ?? withHint(REASONS[code] ?? OTHER, presented);
  return new LdapError('LDAP_TLS_FAILED', `TLS with ${url} failed: ${reason}`, { cause, action });
}

/** Servers without alerts of their own (GnuTLS, old OpenSSL) do the same to a client without a certificate as to one without a cipher. */
function withHint(known: Reason, presented: boolean): Reason {
  if (known !== NO_COMMON && known !== HUNG_UP) return known;
  const hint = presented
    ? `or it did not accept the client certificate. ${REPLACE_IT}`
    : `or the server demands a client certificate. ${GIVE_ONE}`;
  return { reason: known.reason, action: `${known.action}; ${hint}` };
}

/**
 * The server ended a connection after the handshake and before its first answer.
 *
 * @returns undefined if the cause has nothing to do with certificates
 */
export function refusedAfterHandshake(url: string, cause: unknown, presented: boolean): LdapError | undefined {
  const code = codeOf(cause);
  const known = aboutOurCertificate(code, presented);
  if (known === undefined && code !== '' && code !== 'ECONNRESET' && code !== 'EPIPE' && !code.includes('_ALERT_')) return undefined;
  const { reason, action } = known ?? {
    reason: presented
      ? 'the server hung up right after the handshake, as servers do that refuse the client certificate'
      : 'the server hung up right after the handshake, as servers do that demand a client certificate',
    action: presented ? REPLACE_IT : GIVE_ONE,
  };
  return new LdapError('LDAP_TLS_FAILED', `TLS with ${url} failed: ${reason}`, { cause, action, mayHaveBeenSent: true });
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? String(cause.code) : '';
}
