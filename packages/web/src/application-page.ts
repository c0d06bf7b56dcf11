/** The frame of pages with navigation: head, messages, and the policy that lets nothing run or load that is not ours. */
import { randomBytes } from 'node:crypto';
import { html } from 'hono/html';
import { type Html, type Page, SAFE_HEADERS } from './page.ts';

/** What the next page says about what was just done. */
export interface Message {
  tone: 'good' | 'bad';
  text: string;
  /** Shown this once. */
  secrets?: { label: string; value: string }[];
}

/**
 * @param head style and scripts; each needs the nonce
 * @param body from `<body>` to `</body>`
 * @param modulesOfThisServer scripts may also come from this server by address: those that a module imports are reached by no nonce
 */
export function applicationPage(parts: { title: string; head: (nonce: string) => Html; body: Html; modulesOfThisServer?: boolean }): Page {
  const { title, head, body, modulesOfThisServer = false } = parts;
  const nonce = randomBytes(16).toString('base64');
  const text = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title}</title>
<link rel="icon" href="data:,">
${head(nonce)}
</head>
${body}
</html>`;
  return {
    html: Promise.resolve(text).then(String),
    headers: {
      ...SAFE_HEADERS,
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Resource-Policy': 'same-origin',
      'Content-Security-Policy': [
        "default-src 'none'",
        `script-src 'nonce-${nonce}'${modulesOfThisServer ? " 'self'" : ''}`,
        `style-src 'nonce-${nonce}'`,
        "connect-src 'self'",
        "img-src 'self' data:",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
      ].join('; '),
    },
  };
}

/** @param who at the right end: the own account, signing out */
export function applicationBody(parts: {
  name: string;
  navigation: readonly { href: string; label: string; isCurrent: boolean }[];
  who: Html;
  messages: readonly Message[];
  main: Html;
}): Html {
  return html`<body class="dashboard">
<a class="skip" href="#main">Skip to the page</a>
<header class="masthead">
<p class="brand">Landbridge</p>
<nav aria-label="${parts.name}"><ul>
${parts.navigation.map(({ href, label, isCurrent }) => html`<li><a href="${href}"${isCurrent ? html` aria-current="page"` : ''}>${label}</a></li>`)}
</ul></nav>
<div class="who">
${parts.who}
</div>
</header>
<main id="main" tabindex="-1">
${parts.messages.map(messageBox)}
${parts.main}
</main>
</body>`;
}

function messageBox({ tone, text, secrets = [] }: Message): Html {
  return html`<section class="notice ${tone}" role="${tone === 'good' ? 'status' : 'alert'}">
<p>${text}</p>
${secrets.map(
  ({ label, value }) => html`<div class="secret"><p class="label">${label}</p>
<pre tabindex="0" role="region" aria-label="${label}" data-copy>${value}</pre></div>`,
)}
</section>`;
}
