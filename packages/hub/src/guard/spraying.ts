/**
 * Password spraying: one password tried for many users, a few times each, so that no user's limit is reached (MITRE ATT&CK T1110.003). A
 * password that was wrong for many users is suspicious, from whatever addresses it comes.
 */
import { createLiveCounters } from '@landbridge/runtime';

export interface Spraying {
  /** @returns milliseconds until this password may be tried again for another user; 0: now */
  wait(password: string, user: string, nowMs: number): number;
  /** It is about to be tried. */
  tried(password: string, nowMs: number): void;
  /** It was wrong. @returns the number of users so far, if that is an alarm */
  wrong(password: string, user: string, nowMs: number): number | undefined;
}

const MAX_PASSWORDS = 50_000;
/** Alarms come at the threshold, and again at each multiple by this. */
const ALARM_FACTOR = 10;
/** Users remembered per password; more are only counted. */
const MAX_USERS = 1000;

interface Sprayed {
  users: Set<string>;
  more: number;
  lastMs: number;
  triedMs: number;
  alarmAt: number;
}

/**
 * Passwords and users are keyed hashes.
 *
 * @param limits.users for how many users a password may be wrong within the window; 0: no limit
 * @param limits.pauseMs between attempts with a suspicious password
 */
export function createSpraying(limits: { users: number; windowMs: number; pauseMs: number }): Spraying {
  let latestMs = 0;
  const isRecent = ({ lastMs }: Sprayed) => lastMs > latestMs - limits.windowMs;
  const fresh = (): Sprayed => ({ users: new Set(), more: 0, lastMs: 0, triedMs: 0, alarmAt: limits.users });
  const passwords = createLiveCounters<Sprayed>({
    max: MAX_PASSWORDS,
    // Shared counters would treat different passwords as one.
    shared: 0,
    create: fresh,
    // Most passwords are wrong for one user: they make room for others.
    isLive: (sprayed) => sprayed.users.size > 1 && isRecent(sprayed),
  });

  return {
    wait(password, user, nowMs) {
      if (limits.users === 0) return 0;
      latestMs = nowMs;
      const sprayed = passwords.find(password);
      if (!isRecent(sprayed) || sprayed.users.size < limits.users || sprayed.users.has(user)) return 0;
      return Math.max(0, sprayed.triedMs + limits.pauseMs - nowMs);
    },
    tried(password, nowMs) {
      passwords.find(password).triedMs = nowMs;
    },
    wrong(password, user, nowMs) {
      if (limits.users === 0) return undefined;
      latestMs = nowMs;
      const sprayed = passwords.keep(password);
      if (!isRecent(sprayed)) Object.assign(sprayed, fresh());
      sprayed.lastMs = nowMs;
      if (sprayed.users.size >= MAX_USERS) sprayed.more++;
      else sprayed.users.add(user);
      const count = sprayed.users.size + sprayed.more;
      if (count < sprayed.alarmAt) return undefined;
      sprayed.alarmAt *= ALARM_FACTOR;
      return count;
    },
  };
}
