/** Cookies: one that only our own server can set and read, and the two that an administrator's browser carries. */
import type { Context } from 'hono';
import { setCookie } from 'hono/cookie';
import { hashOfToken, newSecretToken } from './secret-token.ts';

export interface CookiePolicy {
  name: string;
  /** `Lax`: links from other sites find their reader signed in. */
  sameSite: 'Strict' | 'Lax';
  /** Whether browsers reach us by HTTPS. Without it they would not return a `Secure` cookie. */
  isSecure(c: Context): boolean;
  /** Until the browser closes, by default. */
  maxAgeSeconds?: number;
}

export interface Cookie {
  read(c: Context): string | undefined;
  write(c: Context, value: string): void;
  clear(c: Context): void;
}

export function createCookie({ name, sameSite, isSecure, maxAgeSeconds }: CookiePolicy): Cookie {
  // With the prefix, browsers accept it over HTTPS and from this very host only: a neighbour cannot plant one (RFC 6265bis, section 4.1.3.2).
  const nameFor = (c: Context) => (isSecure(c) ? `__Host-${name}` : name);
  const write = (c: Context, value: string, maxAge: number | undefined) =>
    setCookie(c, nameFor(c), value, {
      path: '/',
      httpOnly: true,
      secure: isSecure(c),
      sameSite,
      ...(maxAge === undefined ? {} : { maxAge }),
    });
  return {
    read(c) {
      const prefix = `${nameFor(c)}=`;
      const found = (c.req.header('Cookie') ?? '').split(/; ?/).filter((part) => part.startsWith(prefix));
      // Of two, one was planted.
      return found.length === 1 ? found[0]?.slice(prefix.length) : undefined;
    },
    write: (c, value) => write(c, value, maxAgeSeconds),
    clear: (c) => write(c, '', 0),
  };
}

export interface SessionCookie extends Cookie {
  /** @returns the token for a form before there is a session, bound to this browser by a random cookie */
  formToken(c: Context): string;
}

export function createSessionCookie(policy: { session: CookiePolicy; visitor: CookiePolicy }): SessionCookie {
  const visitor = createCookie(policy.visitor);
  return {
    ...createCookie(policy.session),
    formToken(c) {
      let value = visitor.read(c);
      if (value === undefined) {
        value = newSecretToken().token;
        visitor.write(c, value);
      }
      return hashOfToken(`form ${value}`);
    },
  };
}
