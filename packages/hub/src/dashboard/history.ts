/** Sign-ins across restarts: minutes and hours are stored once a minute, read at the start, and removed when they are old. */
import type { Log } from '@landbridge/runtime';
import type { SignInPeriod } from '../store/sign-in-history.ts';
import type { Store } from '../store/store.ts';
import { type ActivityPeriod, amountsOf, KEPT_CONNECTION_MINUTES, KEPT_MINUTES, type SignInActivity } from './activity.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** With 500 connections, 370,000 rows of about 100 bytes. */
const KEPT_HOURS = 31 * 24;

export interface ActivityHistory {
  /** The oldest first, of equal length; the last one includes this minute. @param connection undefined: all */
  periods(hours: number, minutesEach: number, connection?: string): Promise<ActivityPeriod[]>;
  /** Stores the latest counts. */
  stop(): Promise<void>;
}

export async function keepActivity(parts: {
  activity: SignInActivity;
  store: Store;
  log: Log;
  now?: () => number;
}): Promise<ActivityHistory> {
  const { activity, store, log, now = Date.now } = parts;
  const ago = (ms: number) => new Date(now() - ms);
  let prunedAt = 0;

  // Also the minutes of connections, of which `restore` keeps the last hour only.
  const stored = [
    ...(await store.signInPeriods(1, ago(KEPT_MINUTES * MINUTE_MS), '')),
    ...(await store.signInPeriods(1, ago(KEPT_CONNECTION_MINUTES * MINUTE_MS))).filter(({ connection }) => connection !== ''),
    ...(await store.signInPeriods(60, new Date(Math.floor(now() / HOUR_MS) * HOUR_MS))),
  ];
  for (const period of stored) activity.restore(period);

  async function save(): Promise<void> {
    let periods: SignInPeriod[] = [];
    try {
      periods = activity.takeChanged();
      await store.putSignInPeriods(periods);
      if (now() - prunedAt < HOUR_MS) return;
      prunedAt = now();
      await store.pruneSignInPeriods({
        minutes: ago(KEPT_MINUTES * MINUTE_MS),
        minutesOfConnections: ago(KEPT_CONNECTION_MINUTES * MINUTE_MS),
        hours: ago(KEPT_HOURS * HOUR_MS),
      });
    } catch (error) {
      // The charts lack a minute; the sign-ins themselves are in the audit log.
      log.warn({ err: error, periods: periods.length }, 'Counts of sign-ins not stored');
    }
  }
  const timer = setInterval(() => void save(), MINUTE_MS).unref();

  return {
    async periods(hours, minutesEach, connection) {
      const keptMinutes = connection === undefined ? KEPT_MINUTES : KEPT_CONNECTION_MINUTES;
      const count = (hours * 60) / minutesEach;
      if (hours * 60 <= keptMinutes) return activity.periods(count, minutesEach, connection);
      await save();
      const end = Math.floor(now() / HOUR_MS) * HOUR_MS + HOUR_MS;
      const lengthMs = minutesEach * MINUTE_MS;
      const found = await store.signInPeriods(60, new Date(end - count * lengthMs), connection ?? '');
      return Array.from({ length: count }, (_, index) => {
        const from = end - (count - index) * lengthMs;
        const within = found.filter(({ began }) => began.getTime() >= from && began.getTime() < from + lengthMs);
        const amounts = amountsOf(within.map(({ results, latencies }) => ({ byResult: new Map(Object.entries(results)), latencies })));
        return { from: new Date(from), amounts };
      });
    },
    async stop() {
      clearInterval(timer);
      await save();
    },
  };
}
