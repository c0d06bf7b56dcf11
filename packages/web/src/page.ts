/**
 * The frame of users' pages: head, style, and headers that keep other sites' code and pages away. These pages have no script. The `html`
 * template escapes all values, which may come from a directory or a user, and `printableLines` what would reverse the text after them.
 */
import { randomBytes } from 'node:crypto';
import { printableLines } from '@landbridge/runtime';
import { html } from 'hono/html';
import { STYLE } from './style.ts';

export type Html = ReturnType<typeof html>;

export interface Page {
  html: Promise<string>;
  headers: Readonly<Record<string, string>>;
}

/**
 * @param main the content of the one column
 * @param goTo an address that the browser opens at once. After a form, Chromium follows a redirect only to addresses that `form-action`
 *   lists, and we cannot know where an application redirects next.
 */
export function page({ title, main, goTo }: { title: string; main: Html; goTo?: string }): Page {
  const nonce = randomBytes(16).toString('base64');
  const text = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
${goTo === undefined ? '' : html`<meta http-equiv="refresh" content="0; url=${goTo}">`}
<title>${title}</title>
<style nonce="${nonce}">${STYLE}</style>
</head>
<body>
<main>
${main}
</main>
</body>
</html>`;
  return {
    html: Promise.resolve(text).then((markup) => printableLines(String(markup))),
    headers: {
      ...SAFE_HEADERS,
      'Content-Security-Policy': `default-src 'none'; style-src 'nonce-${nonce}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
    },
  };
}

/** For every response that a browser shows. */
export const SAFE_HEADERS = {
  'Cache-Control': 'no-store',
  // Addresses may contain a one-time code, which no other site may see. `no-referrer` would hide the origin of our own forms, too.
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  // For browsers without frame-ancestors.
  'X-Frame-Options': 'DENY',
} as const;
