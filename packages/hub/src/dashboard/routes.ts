/** The dashboard over HTTP: who may see it, and what a form needs to be accepted. */
import { createSessionCookie, isFromOwnPage, isLive, readForm, type SessionLimits, sameText } from '@landbridge/web';
import { Hono } from 'hono';
import { DASHBOARD_PATH } from '../administrators/administrators.ts';
import { createProofs } from '../administrators/proofs.ts';
import { createSessions } from '../administrators/sessions.ts';
import { createDashboardContext, type DashboardEnv, type DashboardParts } from './page-context.ts';
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

export function dashboardRoutes({ limits, ...parts }: DashboardParts & { limits: SessionLimits }): Hono<DashboardEnv> {
  const { publicUrl } = parts;
  const context = createDashboardContext({ ...parts, proofs: createProofs(parts), sessions: createSessions(parts.store, limits) });
  const isSecure = () => publicUrl().startsWith('https:');
  const cookie = createSessionCookie({
    // Lax: a link to the dashboard in a chat finds its reader signed in. Forms are bound by token and origin.
    session: { name: 'landbridge-session', sameSite: 'Lax', isSecure },
    visitor: { name: 'landbridge-visitor', sameSite: 'Lax', isSecure },
  });

  const pages = new Hono<DashboardEnv>()
    .use(async (c, next) => {
      const signedIn = await context.sessions.find(cookie.read(c), !isLive(c));
      if (signedIn === undefined || signedIn.session.stage !== 'full') {
        const path = c.req.method === 'GET' ? new URL(c.req.url).pathname : DASHBOARD_PATH;
        return c.redirect(`${DASHBOARD_PATH}/sign-in?next=${encodeURIComponent(path)}`, 303);
      }
      c.set('signedIn', signedIn);
      if (c.req.method === 'POST') {
        const form = await readForm(c, MAX_FORM_BYTES);
        if (!isFromOwnPage(c, { publicUrl: publicUrl() }) || !sameText(form.get('token') ?? '', context.tokenOf(c))) {
          return context.showProblem(c, 403, 'Form rejected', 'It did not come from a page of this session. Go back and send it again.');
        }
        c.set('form', form);
      }
      return next();
    })
    .route('/', overviewRoutes(context))
    .route('/', connectionRoutes(context))
    .route('/', connectorRoutes(context))
    .route('/', tryPages(context))
    .route('/', clientPages(context))
    .route('/', apiKeyRoutes(context))
    .route('/', signingKeyRoutes(context))
    .route('/', auditRoutes(context))
    .route('/', administratorRoutes(context))
    .route('/', accountRoutes(context, cookie));

  const app = new Hono<DashboardEnv>();
  context.addAssets(app);
  app.route('/', dashboardSignInRoutes(context, cookie)).route('/', pages);
  context.addErrors(app);
  return app;
}
