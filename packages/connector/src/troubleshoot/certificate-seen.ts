/** A TLS handshake that looks at what the other side shows and goes on whatever it is, to say what is wrong with it. */
import { X509Certificate } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import { connect } from 'node:tls';
import { trustedCertificates } from '../network/trust.ts';

export interface SeenCertificate {
  subject: string;
  /** Of the last certificate that was shown: the authority, or the nearest to it. */
  issuer: string;
  validTo: Date;
  /** A code of OpenSSL or Node where the certificate is not accepted: `CERT_HAS_EXPIRED`. */
  refusedBecause: string | undefined;
  /** It is accepted only because of CA_CERT, SSL_CA_FILE or SSL_CA_PATH. */
  byOwnAuthority: boolean;
  chainLength: number;
}

/** A certificate that ends sooner is worth a word. */
const SOON_DAYS = 30;
const DAY_MS = 86_400_000;
/** As the system names it. */
const HUNG_UP = 'ECONNRESET';
/** Chains are three or four long. */
const MAX_CHAIN = 10;

/**
 * Makes the handshake over a connected socket, which is destroyed afterwards.
 *
 * @param options.host whose name must be in the certificate
 * @param options.configured PEM texts of further authorities
 * @throws why there was no handshake at all
 */
export async function seeCertificate(
  socket: Socket,
  options: { host: string; configured: readonly string[]; signal: AbortSignal },
): Promise<SeenCertificate> {
  const { host, configured, signal } = options;
  const secure = connect({
    socket,
    host,
    ...(isIP(host) ? {} : { servername: host }),
    ca: trustedCertificates(configured),
    // Nothing is sent over it.
    rejectUnauthorized: false,
    minVersion: 'TLSv1.2',
  });
  const end = () => secure.destroy(new Error('nobody waits for the handshake any more'));
  signal.addEventListener('abort', end, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      secure.once('secureConnect', resolve);
      secure.once('error', reject);
      secure.once('close', () => reject(Object.assign(new Error('the other side hung up'), { code: HUNG_UP })));
    });
    const leaf = secure.getPeerX509Certificate();
    if (leaf === undefined) throw new Error('no certificate was shown');
    const chain = chainOf(leaf);
    const last = chain.at(-1) ?? leaf;
    return {
      subject: nameOf(leaf.subject),
      issuer: nameOf(last.issuer),
      validTo: new Date(leaf.validTo),
      refusedBecause: secure.authorized ? undefined : String(secure.authorizationError),
      byOwnAuthority: secure.authorized && configured.some((pem) => isIssuedBy(last, pem)),
      chainLength: chain.length,
    };
  } finally {
    signal.removeEventListener('abort', end);
    secure.on('error', () => {});
    secure.destroy();
  }
}

/** One sentence: `CN=dc1, issued by CN=Fabrikam CA, valid until 2027-01-01`. */
export function describeCertificate({ subject, issuer, validTo }: SeenCertificate): string {
  return `${subject}, issued by ${issuer}, valid until ${validTo.toISOString().slice(0, 10)}`;
}

/** @returns how many days it is still valid, where they are few */
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

/** A name has a line for each part; here it is one. */
function nameOf(text: string): string {
  return text.split('\n').filter(Boolean).reverse().join(', ') || '(no name)';
}
