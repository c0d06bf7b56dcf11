/** Administrators' sessions: each step of signing in starts a new one, which defeats session fixation. */

import { randomBytes } from 'node:crypto';
import { hashOfToken, hasSessionEnded, newSecretToken, type SessionLimits } from '@landbridge/web';
import type { Administrator, AdministratorSession, SessionStage } from '../store/administrators.ts';
import type { Store } from '../store/store.ts';

export interface SignedIn {
  session: AdministratorSession;
  administrator: Administrator;
}

export interface Sessions {
  /** @param before the session to end. @returns the value of the cookie */
  open(
    administrator: Administrator,
    stage: SessionStage,
    about: { remoteAddress: string | undefined; browser: string | undefined; authenticatedAt?: Date },
    before?: AdministratorSession,
  ): Promise<string>;
  /** @param touch false for automatic refreshes, which do not extend the session. @returns undefined if the session has ended */
  find(cookie: string | undefined, touch: boolean): Promise<SignedIn | undefined>;
  /** Whether the administrator authenticated so recently that critical actions need no confirmation. */
  isFresh(session: AdministratorSession): boolean;
  /** @param at when the administrator authenticated again */
  confirm(session: AdministratorSession, at?: Date): Promise<void>;
}

/** Time limits for entering the second factor, and for setting one up. */
const STEP_MS: Record<Exclude<SessionStage, 'full'>, number> = { password: 10 * 60_000, enrolling: 60 * 60_000 };
/** The precision of "last seen". */
const TOUCH_MS = 30_000;
const MAX_BROWSER_LENGTH = 200;

/** @param limits.freshMs how long an authentication counts as recent, see `isFresh` */
export function createSessions(store: Store, limits: SessionLimits & { freshMs: number }, now: () => number = Date.now): Sessions {
  function hasEnded({ stage, createdAt, lastSeenAt }: AdministratorSession): boolean {
    const longestMs = stage === 'full' ? limits.longestMs : STEP_MS[stage];
    return hasSessionEnded({ openedAtMs: createdAt.getTime(), seenAtMs: lastSeenAt.getTime() }, { ...limits, longestMs }, now());
  }

  return {
    async open(administrator, stage, { remoteAddress, browser, authenticatedAt }, before) {
      const at = new Date(now());
      await store.removeOldSessions(new Date(now() - limits.longestMs), new Date(now() - limits.idleMs));
      if (before !== undefined) await store.removeSession(before.administratorId, before.id);
      const { token, hash } = newSecretToken();
      await store.addSession(hash, {
        id: randomBytes(8).toString('hex'),
        administratorId: administrator.id,
        stage,
        formToken: randomBytes(20).toString('base64url'),
        remoteAddress,
        browser: browser?.slice(0, MAX_BROWSER_LENGTH),
        authenticatedAt: authenticatedAt ?? at,
        createdAt: at,
        lastSeenAt: at,
      });
      return token;
    },
    async find(cookie, touch) {
      const session = cookie === undefined ? undefined : await store.sessionByHash(hashOfToken(cookie));
      const administrator = session === undefined ? undefined : await store.administratorById(session.administratorId);
      if (session === undefined || administrator === undefined) return undefined;
      if (hasEnded(session)) {
        await store.removeSession(session.administratorId, session.id);
        return undefined;
      }
      if (touch && now() - session.lastSeenAt.getTime() > TOUCH_MS) await store.touchSession(session.id, new Date(now()));
      return { session, administrator };
    },
    isFresh: ({ authenticatedAt }) => now() - authenticatedAt.getTime() <= limits.freshMs,
    confirm: (session, at = new Date(now())) => store.confirmSession(session.id, at),
  };
}
