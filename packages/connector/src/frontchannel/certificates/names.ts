/** The names in a client certificate by which its person is found in the directory. */
import type { X509Certificate } from 'node:crypto';

export type CertificateUser = 'cn' | 'upn' | 'mail' | 'directory';

/**
 * @param wanted CLIENT_CERT_USER
 * @returns the one name of this kind; undefined where there is none, or several, of which none would be better than another
 */
export function nameIn(certificate: X509Certificate, wanted: 'cn' | 'upn' | 'mail'): string | undefined {
  const names = wanted === 'cn' ? commonNames(certificate) : alternativeNames(certificate, wanted === 'upn' ? 'othername:UPN' : 'email');
  const [only, ...others] = new Set(names);
  return others.length === 0 && only?.trim() !== '' ? only : undefined;
}

function commonNames(certificate: X509Certificate): string[] {
  const cn: unknown = certificate.toLegacyObject().subject.CN;
  return (Array.isArray(cn) ? cn : [cn]).filter((name) => typeof name === 'string');
}

/**
 * Node writes these names so that they cannot be taken for each other: separated by `, `, and as a JSON string where a name holds a
 * separator or a quote (https://nodejs.org/api/crypto.html, `x509.subjectAltName`). The kind is inside that string.
 *
 * @param kind `email`, or `othername:UPN` for the User Principal Name (1.3.6.1.4.1.311.20.2.3)
 */
function alternativeNames({ subjectAltName }: X509Certificate, kind: string): string[] {
  const found: string[] = [];
  const [type = '', inner] = kind.split(':');
  for (const [, entryType, quoted, plain] of (subjectAltName ?? '').matchAll(
    /(?:^|, )([^:"]+):(?:("(?:[^"\\]|\\.)*")|([^",]*))(?=, |$)/g,
  )) {
    if (entryType?.toLowerCase() !== type) continue;
    const value = quoted === undefined ? (plain ?? '') : unquoted(quoted);
    if (inner === undefined) found.push(value);
    // A colon may be doubled, from one version of Node to another.
    else if (value.startsWith(`${inner}:`)) found.push(value.slice(inner.length + 1).replace(/^:/, ''));
  }
  return found;
}

function unquoted(text: string): string {
  const value: unknown = JSON.parse(text);
  return typeof value === 'string' ? value : '';
}
