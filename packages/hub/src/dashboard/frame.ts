/** The frame of the dashboard's pages: which ones there are, who looks at them, and the scripts that they have. */
import { applicationBody, applicationPage, type Html, type Message, type Page } from '@landbridge/web';
import { html } from 'hono/html';
import { DASHBOARD_PATH } from '../administrators/administrators.ts';
import { ASSETS } from './assets.ts';

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

export function frame({ title, main, signedIn }: FrameContent): Page {
  const script = signedIn?.current === '/account' || signedIn === undefined ? ASSETS.passkey : ASSETS.live;
  return applicationPage({
    title: `${title} · Landbridge`,
    head: (nonce) => html`<link rel="stylesheet" href="${DASHBOARD_PATH}${ASSETS.style.path}" nonce="${nonce}">
<script src="${DASHBOARD_PATH}${script.path}" nonce="${nonce}" defer></script>`,
    body: signedIn === undefined ? html`<body><main>${main}</main></body>` : body(main, signedIn),
  });
}

function body(main: Html, { name, formToken, current, messages }: NonNullable<FrameContent['signedIn']>): Html {
  return applicationBody({
    name: 'Dashboard',
    navigation: NAVIGATION.map(([path, label]) => ({ href: `${DASHBOARD_PATH}${path}`, label, isCurrent: path === current })),
    who: html`<a href="${DASHBOARD_PATH}/account"${current === '/account' ? html` aria-current="page"` : ''}><span class="hidden">Your account: </span>${name}</a>
<form method="post" action="${DASHBOARD_PATH}/sign-out"><input type="hidden" name="token" value="${formToken}"><button class="link">Sign out</button></form>`,
    messages,
    main,
  });
}
