/** Sessions in memory, for programs that may sign administrators out when they restart. */
import { hashOfToken, newSecretToken } from './secret-token.ts';

export interface SessionLimits {
  idleMs: number;
  /** From signing in, however active the session is. */
  longestMs: number;
}

export function hasSessionEnded(times: { openedAtMs: number; seenAtMs: number }, limits: SessionLimits, nowMs: number): boolean {
  return nowMs - times.openedAtMs > limits.longestMs || nowMs - times.seenAtMs > limits.idleMs;
}

export interface MemorySessions<T> {
  /** @returns the value of the cookie */
  open(session: T): string;
  /** @param touch false for automatic refreshes, which do not extend the session */
  find(cookie: string | undefined, touch: boolean): T | undefined;
  close(cookie: string | undefined): void;
  closeAll(): void;
}

/** @param options.maxSessions a further session ends the oldest one */
export function createMemorySessions<T>(options: SessionLimits & { maxSessions: number; now?: () => number }): MemorySessions<T> {
  const { maxSessions, now = Date.now } = options;
  /** By the hash of the cookie, the oldest first. */
  const sessions = new Map<string, { session: T; openedAtMs: number; seenAtMs: number }>();
  return {
    open(session) {
      const { token, hash } = newSecretToken();
      for (const [oldest, times] of sessions) {
        if (sessions.size < maxSessions && !hasSessionEnded(times, options, now())) break;
        sessions.delete(oldest);
      }
      sessions.set(hash, { session, openedAtMs: now(), seenAtMs: now() });
      return token;
    },
    find(cookie, touch) {
      const hash = hashOfToken(cookie ?? '');
      const found = sessions.get(hash);
      if (found === undefined) return undefined;
      if (hasSessionEnded(found, options, now())) {
        sessions.delete(hash);
        return undefined;
      }
      if (touch) found.seenAtMs = now();
      return found.session;
    },
    close(cookie) {
      sessions.delete(hashOfToken(cookie ?? ''));
    },
    closeAll: () => sessions.clear(),
  };
}
