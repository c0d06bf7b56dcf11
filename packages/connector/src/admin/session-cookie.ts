/** The cookies of the console: the session's, and a random one that binds the sign-in form to the browser before there is a session. */
import { createHash, randomBytes } from 'node:crypto';
import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';

export interface SessionCookie {
  read(c: Context): string | undefined;
  write(c: Context, value: string): void;
  clear(c: Context): void;
  /** @returns a token for a form of somebody who is not signed in, the same for one browser */
  formToken(c: Context): string;
}

const SESSION = 'landbridge-console';
const VISITOR = 'landbridge-console-visitor';
/** Strict: nobody links to a console. Without TLS there is no `Secure`, which browsers would not send back. */
const ATTRIBUTES = { path: '/', httpOnly: true, sameSite: 'Strict' } as const;

export function createCookie(): SessionCookie {
  return {
    read: (c) => getCookie(c, SESSION),
    write: (c, value) => setCookie(c, SESSION, value, ATTRIBUTES),
    clear: (c) => setCookie(c, SESSION, '', { ...ATTRIBUTES, maxAge: 0 }),
    formToken(c) {
      let value = getCookie(c, VISITOR);
      if (value === undefined) {
        value = randomBytes(20).toString('base64url');
        setCookie(c, VISITOR, value, ATTRIBUTES);
      }
      return createHash('sha256').update(`form ${value}`).digest('base64url');
    },
  };
}
