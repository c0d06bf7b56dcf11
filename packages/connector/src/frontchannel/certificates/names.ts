/** The names in a client certificate that identify a user in the directory. */
import type { X509Certificate } from 'node:crypto';

export type CertificateUser = 'cn' | 'upn' | 'mail' | 'directory';

/**
 * @param kind CLIENT_CERT_USER
 * @returns the name of this kind; undefined if there is not exactly one
 */
export function nameIn(certificate: X509Certificate, kind: 'cn' | 'upn' | 'mail'): string | undefined {
  const names = kind === 'cn' ? commonNames(certificate) : alternativeNames(certificate, kind === 'upn' ? 'othername:UPN' : 'email');
  const [only, ...others] = new Set(names);
  return others.length === 0 && only?.trim() !== '' ? only : undefined;
}

function commonNames(certificate: X509Certificate): string[] {
  const cn: unknown = certificate.toLegacyObject().subject.CN;
  return (Array.isArray(cn) ? cn : [cn]).filter((name) => typeof name === 'string');
}

/**
 * Node's text is unambiguous: names are separated by `, `, and those with a separator or quote are JSON strings
 * (https://nodejs.org/api/crypto.html, `x509.subjectAltName`). The kind is inside the string.
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
    // Some versions of Node write the colon twice.
    else if (value.startsWith(`${inner}:`)) found.push(value.slice(inner.length + 1).replace(/^:/, ''));
  }
  return found;
}

function unquoted(text: string): string {
  const value: unknown = JSON.parse(text);
  return typeof value === 'string' ? value : '';
}
