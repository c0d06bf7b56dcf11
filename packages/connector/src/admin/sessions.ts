/** Who is signed in: in memory only, so that a restart signs everybody out. What a page says next, and what a form may hold until it is confirmed, is kept with the session. */

import { createHash, randomBytes } from 'node:crypto';
import type { Message } from '@landbridge/web';
import type { Import } from '../transfer/import.ts';
import type { Trial } from './trial.ts';

export interface Session {
  formToken: string;
  messages: Message[];
  /** An import that was read and not confirmed yet. */
  pendingImport: Import | undefined;
  /** What was typed on the way in, with the checks of it. */
  trial: Trial | undefined;
  /** The last run of the checks. */
  troubleshooting: { trial: Trial; userName: string } | undefined;
}

export interface Sessions {
  /** @returns the value of the cookie */
  open(): string;
  /** @param touch whether a person asks, and not the page by itself */
  find(cookie: string | undefined, touch: boolean): Session | undefined;
  close(cookie: string | undefined): void;
  closeAll(): void;
}

const IDLE_MS = 30 * 60_000;
const LONGEST_MS = 12 * 60 * 60_000;
/** The oldest goes where more come. */
const MAX_SESSIONS = 20;

export function createSessions(now: () => number = Date.now): Sessions {
  const sessions = new Map<string, { session: Session; openedAt: number; seenAt: number }>();
  const keyOf = (cookie: string) => createHash('sha256').update(cookie).digest('hex');
  return {
    open() {
      const cookie = randomBytes(32).toString('base64url');
      const session: Session = {
        formToken: randomBytes(20).toString('base64url'),
        messages: [],
        pendingImport: undefined,
        trial: undefined,
        troubleshooting: undefined,
      };
      const [oldest] = sessions.keys();
      if (sessions.size >= MAX_SESSIONS && oldest !== undefined) sessions.delete(oldest);
      sessions.set(keyOf(cookie), { session, openedAt: now(), seenAt: now() });
      return cookie;
    },
    find(cookie, touch) {
      const key = keyOf(cookie ?? '');
      const found = sessions.get(key);
      if (found === undefined) return undefined;
      if (now() - found.seenAt > IDLE_MS || now() - found.openedAt > LONGEST_MS) {
        sessions.delete(key);
        return undefined;
      }
      if (touch) found.seenAt = now();
      return found.session;
    },
    close(cookie) {
      sessions.delete(keyOf(cookie ?? ''));
    },
    closeAll: () => sessions.clear(),
  };
}
