/** What happened lately, minute by minute, in memory: sign-ins, failures by kind, and how long they took. A restart begins anew. */
import { LRUCache } from 'lru-cache';
import type { FinishedSignIn } from '../sign-in/sign-in.ts';

/** What one or more minutes amount to. */
export interface Amounts {
  ok: number;
  /** Of these, from the credential cache. */
  fromCache: number;
  /** The person's doing: a wrong password, a locked account. */
  refused: number;
  /** Ours: no connector, no directory, no answer. */
  failed: number;
  byResult: ReadonlyMap<string, number>;
  /** Upper bounds, in ms; undefined where nothing happened. */
  p50Ms: number | undefined;
  p95Ms: number | undefined;
}

export interface Activity {
  count(finished: FinishedSignIn): void;
  /** @param connection of all where it is not given. @returns the last so many minutes, this one included */
  last(minutes: number, connection?: string): Amounts;
  /** @returns `count` stretches of `minutes` each, the oldest first; the last one holds this minute */
  stretches(count: number, minutes: number): { from: Date; amounts: Amounts }[];
}

const MINUTE_MS = 60_000;
const KEPT_MINUTES = 24 * 60;
/** Of one connection only the last hour is shown. */
const KEPT_CONNECTION_MINUTES = 60;
const MAX_CONNECTIONS = 1000;
/** Upper bounds in ms; each is about 1.5 times the one before, so that a percentile is exact to a half. */
const BOUNDS_MS = [
  1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000, 1500, 2000, 3000, 5000, 10_000, 30_000, 60_000,
];
/** A stranger can bring about all of these, and none of them is a fault. */
const REFUSALS = [
  'invalid_credentials',
  'password_expired',
  'password_change_required',
  'account_disabled',
  'account_expired',
  'account_locked',
  'too_many_attempts',
  'connection_disabled',
  'user_not_found',
  'password_complexity',
  'insufficient_access_rights',
];

interface Minute {
  number: number;
  byResult: Map<string, number>;
  latencies: Uint32Array;
}

export function createActivity(now: () => number = Date.now): Activity {
  const all: Minute[] = [];
  const byConnection = new LRUCache<string, Minute[]>({ max: MAX_CONNECTIONS });
  const thisMinute = () => Math.floor(now() / MINUTE_MS);

  function add(series: Minute[], kept: number, { result, ms }: FinishedSignIn): void {
    const number = thisMinute();
    let minute = series.at(-1);
    if (minute === undefined || minute.number < number) {
      minute = { number, byResult: new Map(), latencies: new Uint32Array(BOUNDS_MS.length) };
      series.push(minute);
      while ((series[0]?.number ?? number) <= number - kept) series.shift();
    }
    minute.byResult.set(result, (minute.byResult.get(result) ?? 0) + 1);
    const bound = BOUNDS_MS.findIndex((boundMs) => ms <= boundMs);
    const at = bound === -1 ? BOUNDS_MS.length - 1 : bound;
    minute.latencies[at] = (minute.latencies[at] ?? 0) + 1;
  }

  return {
    count(finished) {
      add(all, KEPT_MINUTES, finished);
      const series = byConnection.get(finished.connection) ?? [];
      byConnection.set(finished.connection, series);
      add(series, KEPT_CONNECTION_MINUTES, finished);
    },
    last(minutes, connection) {
      const from = thisMinute() - minutes + 1;
      const series = connection === undefined ? all : (byConnection.get(connection) ?? []);
      return amountsOf(series.filter(({ number }) => number >= from));
    },
    stretches(count, minutes) {
      const end = thisMinute() + 1;
      return Array.from({ length: count }, (_, index) => {
        const from = end - (count - index) * minutes;
        return {
          from: new Date(from * MINUTE_MS),
          amounts: amountsOf(all.filter(({ number }) => number >= from && number < from + minutes)),
        };
      });
    },
  };
}

function amountsOf(minutes: readonly Minute[]): Amounts {
  const byResult = new Map<string, number>();
  const latencies = new Uint32Array(BOUNDS_MS.length);
  for (const minute of minutes) {
    for (const [result, count] of minute.byResult) byResult.set(result, (byResult.get(result) ?? 0) + count);
    minute.latencies.forEach((count, at) => {
      latencies[at] = (latencies[at] ?? 0) + count;
    });
  }
  const amounts = { ok: 0, fromCache: byResult.get('ok_from_cache') ?? 0, refused: 0, failed: 0 };
  for (const [result, count] of byResult) {
    amounts[result === 'ok' || result === 'ok_from_cache' ? 'ok' : REFUSALS.includes(result) ? 'refused' : 'failed'] += count;
  }
  return { ...amounts, byResult, p50Ms: percentile(latencies, 0.5), p95Ms: percentile(latencies, 0.95) };
}

function percentile(latencies: Uint32Array, share: number): number | undefined {
  const total = latencies.reduce((sum, count) => sum + count, 0);
  let before = 0;
  for (const [at, count] of latencies.entries()) {
    before += count;
    if (count > 0 && before >= total * share) return BOUNDS_MS[at];
  }
  return undefined;
}
