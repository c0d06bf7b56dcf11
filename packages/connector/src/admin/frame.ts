/** The frame of the console's pages: which ones there are, and the scripts that they have. */
import { applicationBody, applicationPage, type Html, type Message, type Page } from '@landbridge/web';
import { html, raw } from 'hono/html';
import { ASSETS, EDITOR_MODULES } from './assets.ts';

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

export function frame({ title, main, editor = false, signedIn }: FrameContent): Page {
  return applicationPage({
    title: `${title} · Landbridge connector`,
    head: (nonce) => html`<link rel="stylesheet" href="${ASSETS.style.path}" nonce="${nonce}">
<script src="${ASSETS.live.path}" nonce="${nonce}" defer></script>
<script src="${ASSETS.watch.path}" nonce="${nonce}" defer></script>
${
  editor
    ? html`<script type="importmap" nonce="${nonce}">${raw(JSON.stringify({ imports: EDITOR_MODULES }))}</script>
<script type="module" src="${ASSETS.editor.path}" nonce="${nonce}"></script>`
    : ''
}`,
    body: signedIn === undefined ? html`<body><main>${main}</main></body>` : body(main, signedIn),
    modulesOfThisServer: editor,
  });
}

function body(main: Html, { formToken, current, messages, isConfigured }: NonNullable<FrameContent['signedIn']>): Html {
  const shown = NAVIGATION.filter(([, , when]) => when === 'both' || when === (isConfigured ? 'configured' : 'new'));
  return applicationBody({
    name: 'Console',
    navigation: shown.map(([path, label]) => ({ href: path, label, isCurrent: path === current })),
    who: html`<a href="/password"${current === '/password' ? html` aria-current="page"` : ''}>Password</a>
<form method="post" action="/sign-out"><input type="hidden" name="token" value="${formToken}"><button class="link">Sign out</button></form>`,
    messages,
    main,
  });
}
