/** The frame of the dashboard's pages: head, navigation, messages; and the policy that lets nothing run or load that is not ours. */

import { randomBytes } from 'node:crypto';
import { type Html, SAFE_HEADERS } from '@landbridge/pages';
import { html } from 'hono/html';
import { DASHBOARD_PATH } from '../administrators/administrators.ts';
import { ASSETS } from './assets.ts';

/** What the next page says about what was just done. */
export interface Message {
  tone: 'good' | 'bad';
  text: string;
  /** Shown this once. */
  secrets?: { label: string; value: string }[];
}

const NAVIGATION = [
  ['', 'Overview'],
  ['/clients', 'Applications'],
  ['/api-keys', 'API keys'],
  ['/signing-keys', 'Signing keys'],
  ['/audit', 'Audit log'],
  ['/administrators', 'Administrators'],
] as const;

export type NavigationPath = (typeof NAVIGATION)[number][0] | '/account';

export interface FrameContent {
  title: string;
  main: Html;
  /** Undefined: a page before one has signed in. */
  signedIn?: { name: string; formToken: string; current: NavigationPath | undefined; messages: readonly Message[] } | undefined;
}

export function frame({ title, main, signedIn }: FrameContent): { html: Promise<string>; headers: Record<string, string> } {
  const nonce = randomBytes(16).toString('base64');
  const text = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} · Landbridge</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${DASHBOARD_PATH}${ASSETS.style.path}" nonce="${nonce}">
<script src="${DASHBOARD_PATH}${(signedIn?.current === '/account' || signedIn === undefined ? ASSETS.passkey : ASSETS.live).path}" nonce="${nonce}" defer></script>
</head>
${signedIn === undefined ? html`<body><main>${main}</main></body>` : body(main, signedIn)}
</html>`;
  return {
    html: Promise.resolve(text).then(String),
    headers: {
      ...SAFE_HEADERS,
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Content-Security-Policy': [
        "default-src 'none'",
        `script-src 'nonce-${nonce}'`,
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

function body(main: Html, { name, formToken, current, messages }: NonNullable<FrameContent['signedIn']>): Html {
  return html`<body class="dashboard">
<a class="skip" href="#main">Skip to the page</a>
<header class="masthead">
<p class="brand">Landbridge</p>
<nav aria-label="Dashboard"><ul>
${NAVIGATION.map(([path, label]) => html`<li><a href="${DASHBOARD_PATH}${path}"${path === current ? html` aria-current="page"` : ''}>${label}</a></li>`)}
</ul></nav>
<div class="who">
<a href="${DASHBOARD_PATH}/account"${current === '/account' ? html` aria-current="page"` : ''}><span class="hidden">Your account: </span>${name}</a>
<form method="post" action="${DASHBOARD_PATH}/sign-out"><input type="hidden" name="token" value="${formToken}"><button class="link">Sign out</button></form>
</div>
</header>
<main id="main" tabindex="-1">
${messages.map(messageBox)}
${main}
</main>
</body>`;
}

export function messageBox({ tone, text, secrets = [] }: Message): Html {
  return html`<section class="notice ${tone}" role="${tone === 'good' ? 'status' : 'alert'}">
<p>${text}</p>
${secrets.map(
  ({ label, value }) => html`<div class="secret"><p class="label">${label}</p>
<pre tabindex="0" role="region" aria-label="${label}" data-copy>${value}</pre></div>`,
)}
</section>`;
}
