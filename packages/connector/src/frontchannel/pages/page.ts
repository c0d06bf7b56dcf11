/** The frame of every page and its security headers. The `html` template escapes values from users and directories. */

import { createHash, randomBytes } from 'node:crypto';
import { printableLines } from '@landbridge/runtime';
import { type Html, SAFE_HEADERS, type Speech, STYLE } from '@landbridge/web';
import { html, raw } from 'hono/html';

export interface FrontChannelPage {
  status: 200 | 400 | 401 | 403 | 413 | 429 | 503;
  body: Promise<string>;
  headers: Record<string, string>;
}

/**
 * @param options.script runs after loading; must not contain any input
 * @param options.scriptPath of a script of our own, relative to this page
 * @param options.formAction the CSP directive; undefined: anywhere
 * @param options.verbatim keeps all characters, for hidden fields that must arrive unchanged; the visible text must be printable already
 */
export function frontChannelPage(options: {
  speech: Speech;
  title: string;
  main: Html;
  status?: FrontChannelPage['status'];
  formAction?: string;
  script?: string;
  scriptPath?: string;
  verbatim?: boolean;
}): FrontChannelPage {
  const { speech, title, main, status = 200, formAction, script, scriptPath, verbatim = false } = options;
  const nonce = randomBytes(16).toString('base64');
  const text = html`<!doctype html>
<html lang="${speech.tag}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<style nonce="${nonce}">${STYLE}</style>
${scriptPath === undefined ? '' : html`<script src="${scriptPath}" nonce="${nonce}" defer></script>`}
</head>
<body>
<main class="login">
${main}
</main>
${script === undefined ? '' : html`<script>${raw(script)}</script>`}
</body>
</html>`;
  const policy = [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    ...(script === undefined ? [] : [`script-src 'sha256-${createHash('sha256').update(script).digest('base64')}'`]),
    ...(scriptPath === undefined ? [] : [`script-src 'nonce-${nonce}'`]),
    ...(formAction === undefined ? [] : [`form-action ${formAction}`]),
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    status,
    body: Promise.resolve(text).then((markup) => (verbatim ? String(markup) : printableLines(String(markup)))),
    headers: {
      ...SAFE_HEADERS,
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Language': speech.tag,
      'Content-Security-Policy': policy.join('; '),
      Vary: 'Accept-Language',
    },
  };
}
