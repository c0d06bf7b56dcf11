/**
 * Leads a browser from a form to an address that may be another site's. After a form, Chromium follows redirects only to addresses that the
 * page's `form-action` lists, and we cannot know where an application redirects next. So the form is answered with a redirect to a page of our
 * own, and this page continues. It leaves no form in the browser's history, and no address with a code in a URL of ours.
 */
import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { openedValue, sealedValue } from './sealed-value.ts';

export const ONWARD_PATH = '/login/onward';
const COOKIE = 'landbridge_onward';
const LIFETIME_SECONDS = 120;
/** Browsers accept cookies of 4096 bytes with name and attributes (RFC 6265, section 6.1). */
const MAX_COOKIE_LENGTH = 3800;
const ID = /^[\w-]{16}$/;
const content = z.object({ to: z.string(), untilMs: z.number() });

export interface Onward {
  /** The path to redirect to. */
  path: string;
  cookie: string;
}

interface OnwardPolicy {
  keys: readonly string[];
  secure: boolean;
}

/** @returns undefined if the address is too long for a cookie */
export function onwardTo(location: string, { keys, secure }: OnwardPolicy): Onward | undefined {
  const id = randomBytes(12).toString('base64url');
  const value = sealedValue(keys, `onward ${id}`, { to: location, untilMs: Date.now() + LIFETIME_SECONDS * 1000 });
  if (value === undefined || value.length > MAX_COOKIE_LENGTH) return undefined;
  const path = `${ONWARD_PATH}/${id}`;
  return { path, cookie: `${COOKIE}=${value}; ${attributes(path, secure, LIFETIME_SECONDS)}` };
}

/** @returns the address, and the cookie that forgets it; undefined if it was used, is too old, or belongs to another browser */
export function takeOnward(id: string, cookies: string, { keys, secure }: OnwardPolicy): { location: string; cookie: string } | undefined {
  const values = cookies.split(/; ?/).filter((part) => part.startsWith(`${COOKIE}=`));
  if (!ID.test(id)) return undefined;
  for (const value of values) {
    const { data } = content.safeParse(openedValue(keys, `onward ${id}`, value.slice(COOKIE.length + 1)));
    if (data === undefined || data.untilMs < Date.now()) continue;
    return { location: data.to, cookie: `${COOKIE}=; ${attributes(`${ONWARD_PATH}/${id}`, secure, 0)}` };
  }
  return undefined;
}

function attributes(path: string, secure: boolean, maxAge: number): string {
  return `Path=${path}; Max-Age=${maxAge}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
}
