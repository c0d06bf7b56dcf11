/**
 * Runs before every page behind the sign-in. Checks the session, the role, the form token and, for critical actions,
 * whether the administrator authenticated recently.
 */
import { clientAddressOf, isFromOwnPage, isLive, problemOf, readForm, type SessionCookie, sameText } from '@landbridge/web';
import type { Context, MiddlewareHandler } from 'hono';
import { matchedRoutes } from 'hono/route';
import { DASHBOARD_PATH } from '../administrators/administrators.ts';
import type { DashboardContext, DashboardEnv } from './page-context.ts';
import { CONFIRMATION_FIELDS, confirmPage } from './pages/confirm.ts';
import { hasRole, permissionFor } from './permissions.ts';

const MAX_FORM_BYTES = 256 * 1024;
/** Shown when the confirmation is requested again. */
const ANSWERED = ['SIGN_IN_REFUSED', 'CODE_REFUSED', 'PASSKEY_REFUSED', 'TOO_MANY_ATTEMPTS', 'ADMINISTRATORS_BUSY', 'PROVIDER_REQUIRED'];

export function authorization(context: DashboardContext, cookie: SessionCookie): MiddlewareHandler<DashboardEnv> {
  return async (c, next) => {
    const signedIn = await context.sessions.find(cookie.read(c), !isLive(c));
    if (signedIn === undefined || signedIn.session.stage !== 'full') {
      const path = c.req.method === 'GET' ? new URL(c.req.url).pathname : DASHBOARD_PATH;
      return c.redirect(`${DASHBOARD_PATH}/sign-in?next=${encodeURIComponent(path)}`, 303);
    }
    c.set('signedIn', signedIn);
    const route = routeOf(c);
    const permission = permissionFor(route ?? '');
    const { role } = signedIn.administrator;
    if (route !== undefined && (permission === undefined || !hasRole(role, permission.role))) {
      const needed = permission === undefined ? '' : ` This needs the role “${permission.role}”. An owner can change yours.`;
      const text = `Your role “${role}” may not ${permission?.doing ?? 'open this page'}.${needed}`;
      return context.showProblem(c, 403, 'Not permitted', text);
    }
    if (c.req.method !== 'POST') return next();
    const form = await readForm(c, MAX_FORM_BYTES);
    if (!isFromOwnPage(c, { publicUrl: context.publicUrl() }) || !sameText(form.get('token') ?? '', context.tokenOf(c))) {
      return context.showProblem(c, 403, 'Form rejected', 'It was not sent from a page of this session. Go back and submit it again.');
    }
    const { password, code, credential } = CONFIRMATION_FIELDS;
    const given = { password: form.get(password), code: form.get(code), credential: form.get(credential) };
    for (const name of Object.values(CONFIRMATION_FIELDS)) form.delete(name);
    c.set('form', form);
    if (permission?.fresh === undefined || context.sessions.isFresh(signedIn.session)) return next();
    if (given.password === null && given.credential === null) return confirmPage(context, c, permission.doing, form);
    const problem = await problemOf(ANSWERED, async () => {
      await context.proofs.confirm(signedIn.administrator, given, clientAddressOf(c));
      await context.sessions.confirm(signedIn.session);
    });
    return problem === undefined ? next() : confirmPage(context, c, permission.doing, form, problem);
  };
}

/** @returns method and path of the registered page or form; undefined if the address has none */
function routeOf(c: Context<DashboardEnv>): string | undefined {
  const found = matchedRoutes(c).find(({ method }) => method !== 'ALL');
  return found === undefined ? undefined : routeKey(found);
}

/** The name of a route in the permissions. */
export function routeKey({ method, path }: { method: string; path: string }): string {
  const below = path.startsWith(DASHBOARD_PATH) ? path.slice(DASHBOARD_PATH.length) : path;
  return `${method} ${below === '/' ? '' : below}`;
}
