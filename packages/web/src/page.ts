/**
 * The frame of users' pages: head, style, and headers that keep other sites' code and pages away. The `html` template escapes all values, which
 * may come from a directory or a user, and `printableLines` what would reverse the text after them.
 */
import { randomBytes } from 'node:crypto';
import { printableLines } from '@landbridge/runtime';
import { html, raw } from 'hono/html';
import { STYLE } from './style.ts';

export type Html = ReturnType<typeof html>;

export interface Page {
  html: Promise<string>;
  headers: Readonly<Record<string, string>>;
}

/** What surrounds the content of a page: language, and an operator's branding. */
export interface PageFrame {
  /** The language tag; English by default. */
  tag?: string | undefined;
  /** Paths of our own: of a script that the page also works without, and of the icon of its tab. */
  script?: string | undefined;
  icon?: string | undefined;
  /** CSS of our own making, after the common style. */
  style?: string | undefined;
  /** Above and below the content. */
  header?: Html | undefined;
  footer?: Html | undefined;
}

/**
 * @param main the content of the one column
 * @param goTo an address that the browser opens at once
 */
export function page({ title, main, goTo, frame = {} }: { title: string; main: Html; goTo?: string; frame?: PageFrame }): Page {
  const { tag = 'en', script, icon, style = '', header, footer } = frame;
  const nonce = randomBytes(16).toString('base64');
  const text = html`<!doctype html>
<html lang="${tag}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
${goTo === undefined ? '' : html`<meta http-equiv="refresh" content="0; url=${goTo}">`}
<title>${title}</title>
${icon === undefined ? '' : html`<link rel="icon" href="${icon}">`}
<style nonce="${nonce}">${STYLE}${raw(style)}</style>
${script === undefined ? '' : html`<script src="${script}" nonce="${nonce}" defer></script>`}
</head>
<body>
${header ?? ''}<main>
${main}
</main>
${footer ?? ''}</body>
</html>`;
  const policy = [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    ...(script === undefined ? [] : [`script-src 'nonce-${nonce}'`]),
    ...(icon === undefined && header === undefined ? [] : ["img-src 'self'"]),
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    html: Promise.resolve(text).then((markup) => printableLines(String(markup))),
    headers: { ...SAFE_HEADERS, 'Content-Language': tag, 'Content-Security-Policy': policy.join('; ') },
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
