/**
 * The frame of every page: head, style, and the headers that keep others' code and pages away from it. Pages have no script. What a
 * page shows is its folder's; whatever a directory or a person may have put in is escaped by the `html` template.
 */
import { randomBytes } from 'node:crypto';
import { html } from 'hono/html';
import { STYLE } from './style.ts';

export type Html = ReturnType<typeof html>;

export interface Page {
  /** For a web framework to send. */
  html: Promise<string>;
  headers: Readonly<Record<string, string>>;
}

/**
 * @param title what tells this page from others in a list of windows
 * @param main what stands in the one column
 * @param goTo an address to which the browser goes at once. A redirect would do the same, but after a form Chromium follows it only
 * to places that `form-action` lists, and where an application sends people on to is not ours to know.
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
    html: Promise.resolve(text).then(String),
    headers: {
      ...SAFE_HEADERS,
      'Content-Security-Policy': `default-src 'none'; style-src 'nonce-${nonce}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
    },
  };
}

/** For every answer that a browser shows. */
export const SAFE_HEADERS = {
  'Cache-Control': 'no-store',
  // Addresses may hold a one-time code, which no other site may see.
  // Not no-referrer: with that, browsers hide the origin of our own forms as well.
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff',
  // For browsers that do not know frame-ancestors.
  'X-Frame-Options': 'DENY',
} as const;
