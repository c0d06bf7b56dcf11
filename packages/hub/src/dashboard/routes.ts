/** The dashboard over HTTP: its files, who may see it, what a form needs to be taken, and what a fault looks like. */

import { CodedError, type Log } from '@landbridge/runtime';
import { createSessionCookie, isFromOwnPage, readForm, type SessionLimits, sameText } from '@landbridge/web';
import { type Context, Hono } from 'hono';
import { html } from 'hono/html';
import { DASHBOARD_PATH } from '../administrators/administrators.ts';
import { createProofs } from '../administrators/proofs.ts';
import { createSessions } from '../administrators/sessions.ts';
import { ASSETS } from './assets.ts';
import { createDesk, type DashboardParts, type Env, isLive } from './desk.ts';
import { frame } from './frame.ts';
import { accountRoutes } from './pages/account.ts';
import { administratorRoutes } from './pages/administrators.ts';
import { apiKeyRoutes } from './pages/api-keys.ts';
import { auditRoutes } from './pages/audit.ts';
import { clientPages } from './pages/clients.ts';
import { connectionRoutes } from './pages/connection.ts';
import { connectorRoutes } from './pages/connectors.ts';
import { overviewRoutes } from './pages/overview.ts';
import { dashboardSignInRoutes } from './pages/sign-in.ts';
import { signingKeyRoutes } from './pages/signing-keys.ts';
import { tryPages } from './pages/try.ts';

const MAX_FORM_BYTES = 256 * 1024;
const NOT_FOUND = [
  'CONNECTION_NOT_FOUND',
  'CONNECTOR_NOT_FOUND',
  'CLIENT_NOT_FOUND',
  'KEY_NOT_FOUND',
  'SIGNING_KEY_NOT_FOUND',
  'ADMINISTRATOR_NOT_FOUND',
];
/** What went wrong inside; the page only says that it did. */
const INTERNAL = ['STORE_FAILED'];

export function dashboardRoutes({ log, limits, ...parts }: DashboardParts & { log: Log; limits: SessionLimits }): Hono<Env> {
  const proofs = createProofs(parts);
  const desk = createDesk({ ...parts, proofs, sessions: createSessions(parts.store, limits) });
  const isSecure = () => parts.publicUrl().startsWith('https:');
  const cookie = createSessionCookie({
    // Lax: a link to the dashboard in a chat finds its reader signed in. Forms are bound by token and origin.
    session: { name: 'landbridge-session', sameSite: 'Lax', isSecure },
    visitor: { name: 'landbridge-visitor', sameSite: 'Lax', isSecure },
  });

  async function fault(c: Context, status: 400 | 403 | 404 | 413 | 500, title: string, text: string): Promise<Response> {
    const page = frame({
      title,
      main: html`<div class="login"><header><p class="product">Landbridge</p><h1>${title}</h1></header>
<section><p role="alert">${text}</p><p><a href="${backOf(c, parts.publicUrl())}">Back</a></p></section></div>`,
    });
    return c.html(page.html, status, page.headers);
  }

  const pages = new Hono<Env>()
    .use(async (c, next) => {
      const signedIn = await desk.sessions.find(cookie.read(c), !isLive(c));
      if (signedIn === undefined || signedIn.session.stage !== 'full') {
        const path = c.req.method === 'GET' ? new URL(c.req.url).pathname : DASHBOARD_PATH;
        return c.redirect(`${DASHBOARD_PATH}/sign-in?next=${encodeURIComponent(path)}`, 303);
      }
      c.set('signedIn', signedIn);
      if (c.req.method === 'POST') {
        const form = await readForm(c, MAX_FORM_BYTES);
        if (!isFromOwnPage(c, { publicUrl: parts.publicUrl() }) || !sameText(form.get('token') ?? '', signedIn.session.formToken)) {
          return fault(c, 403, 'Nothing was changed', 'The form did not come from a page of this session. Go back, and send it again.');
        }
        c.set('form', form);
      }
      return next();
    })
    .route('/', overviewRoutes(desk))
    .route('/', connectionRoutes(desk))
    .route('/', connectorRoutes(desk))
    .route('/', tryPages(desk))
    .route('/', clientPages(desk))
    .route('/', apiKeyRoutes(desk))
    .route('/', signingKeyRoutes(desk))
    .route('/', auditRoutes(desk))
    .route('/', administratorRoutes(desk))
    .route('/', accountRoutes(desk, cookie));

  const app = new Hono<Env>();
  for (const { path, text, type } of Object.values(ASSETS)) {
    app.get(path, (c) =>
      c.body(text, 200, {
        'Content-Type': type,
        'Cache-Control': 'public, max-age=31536000, immutable',
        'X-Content-Type-Options': 'nosniff',
      }),
    );
  }
  app.route('/', dashboardSignInRoutes(desk, cookie)).route('/', pages);
  app.all('*', (c) => fault(c, 404, 'There is no such page', 'The address is not one of the dashboard.'));
  app.onError((error, c) => {
    if (error instanceof CodedError && !INTERNAL.includes(error.code)) {
      const status = NOT_FOUND.includes(error.code) ? 404 : error.code === 'BODY_TOO_LARGE' ? 413 : 400;
      return fault(c, status, 'That did not work', `${error.message}. ${error.action ?? ''}`);
    }
    log.error({ err: error }, 'A page of the dashboard failed');
    return fault(c, 500, 'That did not work', 'The hub failed; its log says why.');
  });
  return app;
}

/** @returns where the person came from, where that is a page of the dashboard */
function backOf(c: Context, publicUrl: string): string {
  const referrer = c.req.header('Referer') ?? '';
  if (!URL.canParse(referrer)) return DASHBOARD_PATH;
  const { origin, host, pathname } = new URL(referrer);
  const isOurs = (origin === publicUrl || host === c.req.header('Host')) && pathname.startsWith(`${DASHBOARD_PATH}/`);
  return isOurs ? pathname : DASHBOARD_PATH;
}
