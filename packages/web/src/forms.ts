/** Where a form came from: another site's forms are refused. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Context } from 'hono';

/** Browsers name the page that a form was sent from; those that do not rely on the form's token. */
export function fromOwnPage(c: Context, publicUrl: string): boolean {
  const origin = c.req.header('Origin');
  if (origin === undefined) return c.req.header('Sec-Fetch-Site') !== 'cross-site';
  return origin === publicUrl || (URL.canParse(origin) && new URL(origin).host === c.req.header('Host'));
}

/** Compares secrets in a time that tells nothing about them. */
export function sameText(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
