/** A TLS handshake that accepts any certificate, to say what is wrong with it. */
import { X509Certificate } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import { connect } from 'node:tls';
import type { TlsKeyPair } from '../config/key-pair.ts';
import { trustedCertificates, UNKNOWN_ISSUER_CODES } from './trust.ts';

export interface SeenCertificate {
  subject: string;
  /** Of the last certificate in the chain: the root, or the certificate closest to it. */
  issuer: string;
  validTo: Date;
  /** OpenSSL's or Node's code if the certificate is not accepted, such as `CERT_HAS_EXPIRED`. */
  refusedBecause: string | undefined;
  /** Accepted only because of CA_CERT, SSL_CA_FILE or SSL_CA_PATH. */
  byOwnAuthority: boolean;
  chainLength: number;
  /** Only if the issuer is unknown. */
  offered: OfferedCertificate | undefined;
}

/** The certificate of an unknown issuer, which an administrator may trust: CA_CERT with its PEM text accepts the server. */
export interface OfferedCertificate {
  pem: string;
  subject: string;
  issuer: string;
  /** SHA-256, in pairs of hexadecimal digits. */
  fingerprint: string;
  validFrom: Date;
  validTo: Date;
  /** False: the server's own certificate, because the server did not send its authority's. */
  isAuthority: boolean;
  /** Whether the server's certificate has its name: if not, the server is refused even if this certificate is trusted. */
  isForHost: boolean;
}

/** A certificate that expires sooner is a warning. */
const SOON_DAYS = 30;
const DAY_MS = 86_400_000;
const HUNG_UP = 'ECONNRESET';
/** Chains are three or four long. */
const MAX_CHAIN = 10;

/**
 * Handshakes over a connected socket and then destroys it.
 *
 * @param options.host must be named in the certificate
 * @param options.configured PEM texts of additional authorities
 * @throws if the handshake failed
 */
export async function seeCertificate(
  socket: Socket,
  options: { host: string; configured: readonly string[]; clientCertificate?: TlsKeyPair | undefined; signal: AbortSignal },
): Promise<SeenCertificate> {
  const { host, configured, clientCertificate, signal } = options;
  const secure = connect({
    socket,
    host,
    ...(isIP(host) ? {} : { servername: host }),
    ca: trustedCertificates(configured),
    allowPartialTrustChain: true,
    ...clientCertificate,
    // No data is sent.
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
  });
  const end = () => secure.destroy(new Error('the check ended before the handshake'));
  signal.addEventListener('abort', end, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      secure.once('secureConnect', resolve);
      secure.once('error', reject);
      secure.once('close', () => reject(Object.assign(new Error('the server closed the connection'), { code: HUNG_UP })));
    });
    const leaf = secure.getPeerX509Certificate();
    if (leaf === undefined) throw new Error('the server sent no certificate');
    const chain = chainOf(leaf);
    const last = chain.at(-1) ?? leaf;
    const refusedBecause = secure.authorized ? undefined : String(secure.authorizationError);
    return {
      subject: nameOf(leaf.subject),
      issuer: nameOf(last.issuer),
      validTo: leaf.validToDate,
      refusedBecause,
      byOwnAuthority: secure.authorized && configured.some((pem) => isIssuedBy(last, pem)),
      chainLength: chain.length,
      offered: refusedBecause !== undefined && UNKNOWN_ISSUER_CODES.has(refusedBecause) ? offer(leaf, last, host) : undefined,
    };
  } finally {
    signal.removeEventListener('abort', end);
    secure.on('error', () => {});
    secure.destroy();
  }
}

/** @param last the certificate in the chain that is closest to the root */
function offer(leaf: X509Certificate, last: X509Certificate, host: string): OfferedCertificate {
  const certificate = last.ca ? last : leaf;
  return {
    pem: certificate.toString(),
    subject: nameOf(certificate.subject),
    issuer: nameOf(certificate.issuer),
    fingerprint: certificate.fingerprint256,
    validFrom: certificate.validFromDate,
    validTo: certificate.validToDate,
    isAuthority: certificate.ca,
    isForHost: (isIP(host) === 0 ? leaf.checkHost(host, { subject: 'default' }) : leaf.checkIP(host)) !== undefined,
  };
}

/** `CN=dc1, issued by CN=Fabrikam CA, valid until 2027-01-01` */
export function describeCertificate({ subject, issuer, validTo }: SeenCertificate): string {
  return `${subject}, issued by ${issuer}, valid until ${day(validTo)}`;
}

export function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}

/** @returns the remaining days, if they are few */
export function endsSoon(validTo: Date): number | undefined {
  const days = Math.floor((validTo.getTime() - Date.now()) / DAY_MS);
  return days < SOON_DAYS ? days : undefined;
}

function chainOf(leaf: X509Certificate): X509Certificate[] {
  const chain = [leaf];
  for (let next = leaf.issuerCertificate; next !== undefined && chain.length < MAX_CHAIN; next = next.issuerCertificate) {
    if (next.raw.equals(chain.at(-1)?.raw ?? Buffer.alloc(0))) break;
    chain.push(next);
  }
  return chain;
}

function isIssuedBy(certificate: X509Certificate, pem: string): boolean {
  const authority = new X509Certificate(pem);
  return authority.raw.equals(certificate.raw) || certificate.checkIssued(authority);
}

/** Node puts each part of a name on its own line. */
function nameOf(text: string): string {
  return text.split('\n').filter(Boolean).reverse().join(', ') || '(no name)';
}
