/** The last sign-ins, and how many there were in each minute of the last hour. */
import { type ConnectorSignInEvent, type ConnectorSignInEvents, signInCategory, signInResult } from '../users/sign-in-events.ts';

export interface RecentSignIn {
  at: Date;
  user: string;
  /** `ok`, or the name of the refusal. */
  result: string;
  ms: number;
  correlationId: string;
}

export interface Minute {
  from: Date;
  ok: number;
  refused: number;
  failed: number;
}

export interface Activity {
  /** The newest first. */
  last(): readonly RecentSignIn[];
  /** The last 60, oldest first. */
  minutes(): Minute[];
  close(): void;
}

const MINUTE_MS = 60_000;
const MINUTES = 60;
const KEPT = 50;

export function createActivity(signIns: ConnectorSignInEvents, now: () => number = Date.now): Activity {
  const recent: RecentSignIn[] = [];
  const byMinute = new Map<number, Omit<Minute, 'from'>>();
  const currentMinute = () => Math.floor(now() / MINUTE_MS);

  function count({ user, outcome, ms, correlationId }: ConnectorSignInEvent): void {
    recent.unshift({ at: new Date(now()), user, result: signInResult(outcome), ms, correlationId });
    recent.length = Math.min(recent.length, KEPT);
    const minute = byMinute.get(currentMinute()) ?? { ok: 0, refused: 0, failed: 0 };
    minute[signInCategory(outcome)]++;
    byMinute.set(currentMinute(), minute);
    for (const key of byMinute.keys()) if (key <= currentMinute() - MINUTES) byMinute.delete(key);
  }
  signIns.on('signIn', count);

  return {
    last: () => recent,
    minutes() {
      const newest = currentMinute();
      return Array.from({ length: MINUTES }, (_, index) => {
        const minute = newest - MINUTES + 1 + index;
        return { from: new Date(minute * MINUTE_MS), ...(byMinute.get(minute) ?? { ok: 0, refused: 0, failed: 0 }) };
      });
    },
    close: () => void signIns.off('signIn', count),
  };
}
