/** The cookies of the dashboard: the session's, and a random one that binds the sign-in form to the browser before there is a session. */
import { hashOfToken, newSecretToken } from '@landbridge/web';
import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';

export interface SessionCookie {
  read(c: Context): string | undefined;
  write(c: Context, value: string): void;
  clear(c: Context): void;
  /** @returns a token for a form of somebody who is not signed in, the same for one browser */
  formToken(c: Context): string;
}

export function createCookie(publicUrl: () => string): SessionCookie {
  // The prefix keeps others of the same domain from setting it; browsers take it over TLS only (RFC 6265bis, section 4.1.3).
  const isSecure = () => publicUrl().startsWith('https:');
  const nameOf = (what: string) => (isSecure() ? `__Host-landbridge-${what}` : `landbridge-${what}`);
  // Lax: a link to the dashboard in a chat should find its reader signed in. Forms are bound by token and origin.
  const attributes = () => ({ path: '/', httpOnly: true, sameSite: 'Lax', secure: isSecure() }) as const;
  return {
    read: (c) => getCookie(c, nameOf('session')),
    write: (c, value) => setCookie(c, nameOf('session'), value, attributes()),
    clear: (c) => setCookie(c, nameOf('session'), '', { ...attributes(), maxAge: 0 }),
    formToken(c) {
      let value = getCookie(c, nameOf('visitor'));
      if (value === undefined) {
        value = newSecretToken().token;
        setCookie(c, nameOf('visitor'), value, attributes());
      }
      return hashOfToken(`form ${value}`);
    },
  };
}
