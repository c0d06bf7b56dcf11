/** The one cookie of the front channel: how it is named, set, read and taken back. */

/** With this prefix browsers take it only by HTTPS, from this very host: a neighbour cannot plant one (RFC 6265bis, section 4.1.3.2). */
const SECURE_NAME = '__Host-landbridge';
const PLAIN_NAME = 'landbridge';

/** @param maxAgeSeconds 0: forgotten at once */
export function sessionCookie(value: string, secure: boolean, maxAgeSeconds: number): string {
  const parts = [`${nameOf(secure)}=${value}`, 'Path=/', 'HttpOnly', `Max-Age=${maxAgeSeconds}`];
  // Lax, not Strict: people come here from the hub's pages.
  return [...parts, 'SameSite=Lax', ...(secure ? ['Secure'] : [])].join('; ');
}

export function sessionOf(header: string | undefined, secure: boolean): string | undefined {
  const prefix = `${nameOf(secure)}=`;
  const found = (header ?? '').split(/; ?/).filter((part) => part.startsWith(prefix));
  // Of two, one was planted.
  return found.length === 1 ? found[0]?.slice(prefix.length) : undefined;
}

function nameOf(secure: boolean): string {
  return secure ? SECURE_NAME : PLAIN_NAME;
}
