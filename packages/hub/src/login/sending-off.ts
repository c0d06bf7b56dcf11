/**
 * Who is sent to a connector from the login page, and who gets the form. Whether a browser gets there is seen by nobody: where it does
 * not, the person sees the browser's own error page, comes back, and has to find the form. A cookie remembers who was sent lately; it also
 * ends every going round in circles.
 */
import type { Page } from '@landbridge/web';
import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import type { FrontChannel, Leaving } from '../frontchannel/front-channel.ts';
import type { Connection } from '../store/connections.ts';
import { LOGIN_PATH, type Sitting, sendingOffPage } from './pages.ts';

export interface Leaver extends Sitting, Omit<Leaving, 'fresh'> {
  /** Why the provider wants a sign-in. */
  reasons: readonly string[];
}

/** Only these are answered by a ticket without a question. Others say that somebody is signed in and the application wants them asked. */
const NOBODY_SIGNED_IN = ['no_session', 'account'];
/** A session that the person has at a connector does not count. */
const WANTS_NEW_PROOF = ['login_prompt', 'max_age'];

const COOKIE = 'landbridge_front_channel';
const REMEMBERED_SECONDS = 5 * 60;
/** Browsers open several applications at once in the morning: all of them are sent. */
const TOGETHER_MS = 10_000;

export function createSendingOff({ frontChannel, isHttps }: { frontChannel: FrontChannel; isHttps: () => boolean }) {
  /** @returns the page that takes the browser to a connector; undefined where it is not sent there */
  async function sendOff(c: Context, leaver: Leaver, connection: Connection): Promise<Page | undefined> {
    const fresh = leaver.reasons.some((reason) => WANTS_NEW_PROOF.includes(reason));
    const address = await frontChannel.leave(connection, { ...leaver, fresh });
    if (address === undefined) return undefined;
    // The first time counts, not the last: who is sent again and again is stopped.
    if (sentAt(c, connection) === undefined) {
      const options = { path: LOGIN_PATH, secure: isHttps(), httpOnly: true, sameSite: 'Lax', maxAge: REMEMBERED_SECONDS } as const;
      setCookie(c, COOKIE, `${connection.id}.${Date.now()}`, options);
    }
    return sendingOffPage(leaver, connection, address);
  }

  return {
    sendOff,
    /** The same, unless the person or the application has a reason to want the form. */
    async sendOffUnasked(c: Context, leaver: Leaver, connection: Connection | undefined): Promise<Page | undefined> {
      const { reasons } = leaver;
      const nobody = reasons.some((reason) => NOBODY_SIGNED_IN.includes(reason));
      // A largest age of a sign-in does not matter while there is none.
      const onlyThat = reasons.every((reason) => [...NOBODY_SIGNED_IN, 'max_age'].includes(reason));
      if (connection === undefined || !nobody || !onlyThat) return undefined;
      const at = sentAt(c, connection);
      if (at !== undefined && Math.abs(Date.now() - at) >= TOGETHER_MS) return undefined;
      return sendOff(c, leaver, connection);
    },
  };
}

/** A browser can tell anything here: what it gains is the page that it asked for. */
function sentAt(c: Context, { id: connectionId }: Connection): number | undefined {
  const [id, time = ''] = (getCookie(c, COOKIE) ?? '').split('.');
  return id === connectionId && /^\d{1,15}$/.test(time) ? Number(time) : undefined;
}
