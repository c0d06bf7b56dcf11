/** The dashboard over HTTP. */
import { createSessionCookie, type SessionLimits } from '@landbridge/web';
import { Hono } from 'hono';
import { createProofs } from '../administrators/proofs.ts';
import { createSessions } from '../administrators/sessions.ts';
import { createSignInThrottle } from '../administrators/sign-in-throttle.ts';
import { authorization } from './authorization.ts';
import { createDashboardContext, type DashboardEnv, type DashboardParts } from './page-context.ts';
import { accountRoutes } from './pages/account.ts';
import { administratorRoutes } from './pages/administrators.ts';
import { alertRoutes } from './pages/alerts.ts';
import { apiKeyRoutes } from './pages/api-keys.ts';
import { auditRoutes } from './pages/audit.ts';
import { clientPages } from './pages/clients.ts';
import { codePages } from './pages/code.ts';
import { connectionRoutes } from './pages/connection.ts';
import { connectorRoutes } from './pages/connectors.ts';
import { overviewRoutes } from './pages/overview.ts';
import { providerRoutes } from './pages/provider.ts';
import { dashboardSignInRoutes } from './pages/sign-in.ts';
import { signingKeyRoutes } from './pages/signing-keys.ts';
import { tryPages } from './pages/try.ts';

export function dashboardRoutes({
  limits,
  ...parts
}: DashboardParts & { limits: SessionLimits & { freshMs: number } }): Hono<DashboardEnv> {
  const { publicUrl } = parts;
  const throttle = createSignInThrottle();
  const proofs = createProofs({ ...parts, throttle, isProviderRequired: parts.provider?.required ?? false });
  const context = createDashboardContext({ ...parts, proofs: proofs, sessions: createSessions(parts.store, limits), throttle });
  const isSecure = () => publicUrl().startsWith('https:');
  const cookie = createSessionCookie({
    // Lax: a link to the dashboard in a chat finds its reader signed in. Forms are bound by token and origin.
    session: { name: 'landbridge-session', sameSite: 'Lax', isSecure },
    visitor: { name: 'landbridge-visitor', sameSite: 'Lax', isSecure },
  });

  const pages = new Hono<DashboardEnv>()
    .use(authorization(context, cookie))
    .route('/', overviewRoutes(context))
    .route('/', connectionRoutes(context))
    .route('/', connectorRoutes(context))
    .route('/', codePages(context))
    .route('/', tryPages(context))
    .route('/', clientPages(context))
    .route('/', apiKeyRoutes(context))
    .route('/', signingKeyRoutes(context))
    .route('/', alertRoutes(context))
    .route('/', auditRoutes(context))
    .route('/', administratorRoutes(context))
    .route('/', accountRoutes(context, cookie));

  const app = new Hono<DashboardEnv>();
  context.addAssets(app);
  app.route('/', dashboardSignInRoutes(context, cookie)).route('/', providerRoutes(context, cookie)).route('/', pages);
  context.addErrors(app);
  return app;
}
