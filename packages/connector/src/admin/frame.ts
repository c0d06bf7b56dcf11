/** The frame of the console's pages: head, navigation, messages; and the policy that lets nothing run or load that is not ours. */
import { randomBytes } from 'node:crypto';
import { type Html, SAFE_HEADERS } from '@landbridge/pages';
import { html, raw } from 'hono/html';
import { ASSETS, EDITOR_MODULES } from './assets.ts';

/** What the next page says about what was just done. */
export interface Message {
  tone: 'good' | 'bad';
  text: string;
}

const NAVIGATION = [
  ['/', 'Status', 'configured'],
  ['/setup', 'Set up', 'new'],
  ['/settings', 'Settings', 'configured'],
  ['/server', 'Server', 'configured'],
  ['/mapper', 'Profile mapper', 'configured'],
  ['/search', 'Search', 'configured'],
  ['/transfer', 'Import / export', 'both'],
  ['/logs', 'Logs', 'both'],
  ['/troubleshooting', 'Troubleshooting', 'both'],
  ['/update', 'Update', 'both'],
] as const;

export type NavigationPath = (typeof NAVIGATION)[number][0] | '/password';

export interface FrameContent {
  title: string;
  main: Html;
  /** With the editor of the profile mapper. */
  editor?: boolean | undefined;
  /** Undefined: a page before one has signed in. */
  signedIn?: { formToken: string; current: NavigationPath | undefined; messages: readonly Message[]; isConfigured: boolean } | undefined;
}

export function frame({ title, main, editor = false, signedIn }: FrameContent): { html: Promise<string>; headers: Record<string, string> } {
  const nonce = randomBytes(16).toString('base64');
  const text = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${title} · Landbridge connector</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${ASSETS.style.path}" nonce="${nonce}">
<script src="${ASSETS.live.path}" nonce="${nonce}" defer></script>
<script src="${ASSETS.watch.path}" nonce="${nonce}" defer></script>
${
  editor
    ? html`<script type="importmap" nonce="${nonce}">${raw(JSON.stringify({ imports: EDITOR_MODULES }))}</script>
<script type="module" src="${ASSETS.editor.path}" nonce="${nonce}"></script>`
    : ''
}
</head>
${signedIn === undefined ? html`<body><main>${main}</main></body>` : body(main, signedIn)}
</html>`;
  return {
    html: Promise.resolve(text).then(String),
    headers: {
      ...SAFE_HEADERS,
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Resource-Policy': 'same-origin',
      'Content-Security-Policy': [
        "default-src 'none'",
        // The editor imports its modules by their addresses, which no nonce reaches; they are files of this server.
        editor ? `script-src 'nonce-${nonce}' 'self'` : `script-src 'nonce-${nonce}'`,
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

function body(main: Html, { formToken, current, messages, isConfigured }: NonNullable<FrameContent['signedIn']>): Html {
  const shown = NAVIGATION.filter(([, , when]) => when === 'both' || when === (isConfigured ? 'configured' : 'new'));
  return html`<body class="dashboard">
<a class="skip" href="#main">Skip to the page</a>
<header class="masthead">
<p class="brand">Landbridge</p>
<nav aria-label="Console"><ul>
${shown.map(([path, label]) => html`<li><a href="${path}"${path === current ? html` aria-current="page"` : ''}>${label}</a></li>`)}
</ul></nav>
<div class="who">
<a href="/password"${current === '/password' ? html` aria-current="page"` : ''}>Password</a>
<form method="post" action="/sign-out"><input type="hidden" name="token" value="${formToken}"><button class="link">Sign out</button></form>
</div>
</header>
<main id="main" tabindex="-1">
${messages.map(({ tone, text }) => html`<section class="notice ${tone}" role="${tone === 'good' ? 'status' : 'alert'}"><p>${text}</p></section>`)}
${main}
</main>
</body>`;
}
