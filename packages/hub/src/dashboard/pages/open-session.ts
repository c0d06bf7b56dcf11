/** Opens a session of the dashboard, and decides where it leads. */
import { clientAddressOf, type SessionCookie } from '@landbridge/web';
import type { Context } from 'hono';
import { DASHBOARD_PATH } from '../../administrators/administrators.ts';
import type { Administrator, AdministratorSession, SessionStage } from '../../store/administrators.ts';
import type { DashboardContext, DashboardEnv } from '../page-context.ts';

/**
 * @param provider the provider's answer, if it authenticated the administrator. Without a time in it, critical actions ask for confirmation.
 * @param before the session that the new one replaces
 * @returns the value of the cookie
 */
export async function openSession(
  context: DashboardContext,
  cookie: SessionCookie,
  c: Context<DashboardEnv>,
  administrator: Administrator,
  stage: SessionStage,
  provider?: { authenticatedAt: Date | undefined },
  before?: AdministratorSession,
): Promise<string> {
  const about = {
    remoteAddress: clientAddressOf(c),
    browser: c.req.header('User-Agent'),
    ...(provider === undefined ? {} : { authenticatedAt: provider.authenticatedAt ?? new Date(0) }),
  };
  const value = await context.sessions.open(administrator, stage, about, before);
  cookie.write(c, value);
  return value;
}

/** @returns a path of the dashboard, whatever the input: a sign-in never redirects elsewhere */
export function safeNext(given: string | null | undefined): string {
  const here = 'http://here.invalid';
  const next = given ?? '';
  if (!next.startsWith('/') || !URL.canParse(next, here)) return DASHBOARD_PATH;
  const { origin, pathname } = new URL(next, here);
  return origin === here && (pathname === DASHBOARD_PATH || pathname.startsWith(`${DASHBOARD_PATH}/`)) ? pathname : DASHBOARD_PATH;
}
