/**
 * Redirects from the login page to a connector. The hub cannot see whether a browser arrives there: if it does not, the user sees the browser's
 * own error page, goes back, and has to find the form. So a cookie remembers recent redirects, which also prevents redirect loops.
 */
import type { Page } from '@landbridge/web';
import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import type { FrontChannelAttempt, FrontChannelFlow } from '../frontchannel/front-channel.ts';
import type { Connection } from '../store/connections.ts';
import { LOGIN_PATH, type LoginContext, redirectPage } from './pages.ts';

export interface RedirectableLogin extends LoginContext, Omit<FrontChannelAttempt, 'fresh'> {
  /** Why the provider requires a sign-in. */
  reasons: readonly string[];
}

/** Single sign-on may answer these. With any other, a user is signed in already and the application wants them to be asked. */
const NOT_SIGNED_IN = ['no_session', 'account'];
/** A session at the connector is not enough. */
const REQUIRES_FRESH = ['login_prompt', 'max_age'];

const COOKIE = 'landbridge_front_channel';
const REMEMBERED_SECONDS = 5 * 60;
/** Browsers may open several applications at once, and all of them are redirected. */
const TOGETHER_MS = 10_000;

export function createFrontChannelRedirect({ frontChannel, isHttps }: { frontChannel: FrontChannelFlow; isHttps: () => boolean }) {
  /** @returns the page that redirects; undefined if the front channel is not available to this browser */
  async function redirectToConnector(c: Context, login: RedirectableLogin, connection: Connection): Promise<Page | undefined> {
    const fresh = login.reasons.some((reason) => REQUIRES_FRESH.includes(reason));
    const url = await frontChannel.begin(connection, { ...login, fresh });
    if (url === undefined) return undefined;
    // The time of the first redirect, so that repeated ones end.
    if (redirectedAt(c, connection) === undefined) {
      const options = { path: LOGIN_PATH, secure: isHttps(), httpOnly: true, sameSite: 'Lax', maxAge: REMEMBERED_SECONDS } as const;
      setCookie(c, COOKIE, `${connection.id}.${Date.now()}`, options);
    }
    return redirectPage(login, connection, url);
  }

  return {
    redirectToConnector,
    /** @returns false if the user was redirected recently, or the application wants the user to be asked */
    mayRedirect(c: Context, login: RedirectableLogin, connection: Connection): boolean {
      const { reasons } = login;
      const notSignedIn = reasons.some((reason) => NOT_SIGNED_IN.includes(reason));
      // `max_age` is no reason to ask a user who is not signed in.
      const onlyThat = reasons.every((reason) => [...NOT_SIGNED_IN, 'max_age'].includes(reason));
      if (!login.hasFrontChannel(connection) || !notSignedIn || !onlyThat) return false;
      const at = redirectedAt(c, connection);
      return at === undefined || Math.abs(Date.now() - at) < TOGETHER_MS;
    },
  };
}

/** The cookie is not signed: forging it only gains the page that the browser asked for. */
function redirectedAt(c: Context, { id: connectionId }: Connection): number | undefined {
  const [id, time = ''] = (getCookie(c, COOKIE) ?? '').split('.');
  return id === connectionId && /^\d{1,15}$/.test(time) ? Number(time) : undefined;
}
