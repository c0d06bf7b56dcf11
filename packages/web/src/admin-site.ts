/**
 * The pages of an administration site, such as the hub's dashboard: frame with navigation, messages of the last action, errors, and a
 * Content-Security-Policy that runs and loads only our own files.
 */
import { randomBytes } from 'node:crypto';
import { CodedError, type Log, printableLines } from '@landbridge/runtime';
import type { Context, Env, Hono } from 'hono';
import { html } from 'hono/html';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { type Asset, ICON_ASSET, IMMUTABLE_HEADERS, LIVE_ASSET } from './assets.ts';
import { tokenField } from './elements.ts';
import { type Html, SAFE_HEADERS } from './page.ts';
import { sentence } from './problems.ts';
import { addThemeRoutes, themeOf, themeSwitch } from './theme.ts';

/** Shown on the next page, once. */
export interface Message {
  tone: 'good' | 'bad';
  text: string;
  secrets?: { label: string; value: string }[];
}

/** What a page says about the administrator who opened it. */
export interface Visit {
  formToken: string;
  /** The text of the link to the account page. */
  account: Html | string;
  navigation: readonly (readonly [path: string, label: string])[];
  /** Emptied when they are shown. */
  messages: Message[];
}

interface AdminSiteOptions<E extends Env> {
  /** In titles, and on pages without navigation. */
  product: string;
  /** Such as `Dashboard`. */
  name: string;
  /** The path of its first page, without a slash at the end: all others are below it. */
  base: string;
  accountPath: string;
  style: Asset;
  /** Besides LIVE_ASSET. */
  scripts?: readonly Asset[];
  visitOf(c: Context<E>): Visit;
  /** Whether the request was recognised as an administrator's, so that `visitOf` can be called. */
  isSignedIn(c: Context<E>): boolean;
  /** The address of the documents, without a slash at the end. Undefined: pages have no links to them. */
  docsUrl?(): string | undefined;
  /** Errors that say something about the request; the others are faults of the program. */
  statusOf(error: CodedError): ContentfulStatusCode | undefined;
  log: Log;
}

export interface ShownPage {
  title: string;
  main: Html;
  /** The page's path in the navigation. */
  current?: string | undefined;
  /** What "Help" opens: see `AdminSite.help`. */
  help?: string | undefined;
  status?: ContentfulStatusCode;
  /** How often a browser without scripts loads the page again. */
  refreshSeconds?: number | undefined;
  /** Further scripts; each needs the nonce, unless it comes from this server by address. */
  head?: ((nonce: string) => Html) | undefined;
}

export interface AdminSite<E extends Env> {
  show(c: Context<E>, page: ShownPage): Promise<Response>;
  /** A page before signing in: a title and one column. */
  showNarrow(c: Context, title: string, main: Html, status?: ContentfulStatusCode): Promise<Response>;
  /** To another page of the site, with a message about what was done. */
  redirect(c: Context<E>, path: string, message?: Message): Response;
  /**
   * A link to a document, opened beside the page.
   *
   * @param topic the document and its section, such as `console#logs`
   * @returns nothing if the documents have no address
   */
  help(topic: string, label: string): Html | string;
  showProblem(c: Context<E>, status: ContentfulStatusCode, title: string, text: string): Promise<Response>;
  /** Serves style, scripts and favicon, and changes the theme. */
  addAssets(app: Hono<E>): void;
  /** Answers unknown paths and errors. Call it after all routes are added. */
  addErrors(app: Hono<E>): void;
}

export function createAdminSite<E extends Env>(options: AdminSiteOptions<E>): AdminSite<E> {
  const { product, name, base, accountPath, style, scripts = [], visitOf, isSignedIn, docsUrl, statusOf, log } = options;
  const scriptAssets = [LIVE_ASSET, ...scripts];
  const assets = [style, ICON_ASSET, ...scriptAssets];

  async function send(c: Context, { title, main: body, head, refreshSeconds, status = 200 }: ShownPage): Promise<Response> {
    const nonce = randomBytes(16).toString('base64');
    const theme = themeOf(c);
    const text = html`<!doctype html>
<html lang="en"${theme === 'system' ? '' : html` data-theme="${theme}"`}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
${refreshSeconds === undefined ? '' : html`<noscript><meta http-equiv="refresh" content="${refreshSeconds}"></noscript>`}
<title>${title} · ${product}</title>
<link rel="icon" type="${ICON_ASSET.type}" href="${base}${ICON_ASSET.path}">
<link rel="stylesheet" href="${base}${style.path}" nonce="${nonce}">
${scriptAssets.map(({ path }) => html`<script src="${base}${path}" nonce="${nonce}" defer></script>\n`)}${head?.(nonce) ?? ''}
</head>
${body}
</html>`;
    return c.html(printableLines(String(await text)), status, {
      ...SAFE_HEADERS,
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Resource-Policy': 'same-origin',
      'Content-Security-Policy': [
        "default-src 'none'",
        // Modules that a module imports carry no nonce.
        `script-src 'nonce-${nonce}'${head === undefined ? '' : " 'self'"}`,
        `style-src 'nonce-${nonce}'`,
        "connect-src 'self'",
        "img-src 'self' data:",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
      ].join('; '),
    });
  }

  const help: AdminSite<E>['help'] = (topic, label) => {
    const docs = docsUrl?.();
    return docs === undefined ? '' : html`<a class="help" href="${docs}/${topic}" target="_blank" rel="noreferrer">${label}</a>`;
  };

  const showNarrow: AdminSite<E>['showNarrow'] = (c, title, main, status = 200) =>
    send(c, {
      title,
      main: html`<body><main><div class="login"><header><p class="product">${product}</p><h1>${title}</h1></header>${main}</div></main>${footer(c)}</body>`,
      status,
    });

  const showProblem: AdminSite<E>['showProblem'] = (c, status, title, text) => {
    const problem = html`<p role="alert">${text}</p><p><a href="${backOf(c)}">Back</a></p>`;
    if (!isSignedIn(c)) return showNarrow(c, title, html`<section>${problem}</section>`, status);
    return show(c, { title, main: html`<section class="narrow"><h1>${title}</h1>${problem}</section>`, status });
  };

  const footer = (c: Context) => html`<footer>${themeSwitch(c, base)}</footer>`;

  /** @returns the page that the administrator came from, if it is one of the site */
  function backOf(c: Context): string {
    const referrer = c.req.header('Referer') ?? '';
    const { host, pathname, search } = new URL(URL.canParse(referrer) ? referrer : 'about:blank');
    // Browsers read `//host` as another site.
    const isOwn = host === c.req.header('Host') && pathname.startsWith(`${base}/`) && !pathname.startsWith('//');
    return isOwn || (host === c.req.header('Host') && pathname === base) ? pathname + search : `${base}/`.replace(/(.)\/$/, '$1');
  }

  const show: AdminSite<E>['show'] = (c, { main, current, help: topic, ...page }) => {
    const { formToken, account, navigation, messages } = visitOf(c);
    const link = (path: string, label: Html | string) =>
      html`<a href="${base}${path}"${path === current ? html` aria-current="page"` : ''}>${label}</a>`;
    const links = html`<nav aria-label="${name}"><ul>
${navigation.map(([path, label]) => html`<li>${link(path, label)}</li>`)}
</ul></nav>`;
    const [, here = 'Menu'] = navigation.find(([path]) => path === current) ?? [];
    const body = html`<body class="dashboard">
<a class="skip" href="#main">Skip to content</a>
<header class="masthead">
<p class="brand">Landbridge</p>
<div class="wide-menu">${links}</div>
<details class="narrow-menu"><summary><span class="hidden">Menu, on this page: </span>${here}</summary>${links}</details>
<div class="who">
${topic === undefined ? '' : help(topic, 'Help')}
${link(accountPath, account)}
<form method="post" action="${base}/sign-out">${tokenField(formToken)}<button class="link">Sign out</button></form>
</div>
</header>
<main id="main" tabindex="-1">
${
  // Background refreshes must not use up messages: the administrator would never see them.
  isLive(c) ? '' : messages.splice(0).map(messageBox)
}
${main}
</main>
${footer(c)}
</body>`;
    return send(c, { ...page, main: body });
  };

  return {
    show,
    help,
    showNarrow,
    showProblem,
    redirect(c, path, message) {
      if (message !== undefined) visitOf(c).messages.push(message);
      return c.redirect(`${base}${path}`, 303);
    },
    addAssets(app) {
      for (const { path, text, type } of assets) app.get(path, (c) => c.body(text, 200, { ...IMMUTABLE_HEADERS, 'Content-Type': type }));
      addThemeRoutes(app, backOf);
    },
    addErrors(app) {
      app.all('*', (c) => showProblem(c, 404, 'Page not found', `The ${name.toLowerCase()} has no page at this address.`));
      app.onError((error, c) => {
        const status = error instanceof CodedError ? statusOf(error) : undefined;
        if (status !== undefined) return showProblem(c, status, 'Request failed', sentence(error) ?? '');
        log.error({ err: error }, `A page of the ${name.toLowerCase()} failed`);
        return showProblem(c, 500, 'Internal error', 'See the log for details.');
      });
    },
  };
}

/** Whether the page's own script asks, not the administrator: automatic refreshes do not extend a session. */
export function isLive(c: Context): boolean {
  return c.req.header('Landbridge-Live') !== undefined;
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
