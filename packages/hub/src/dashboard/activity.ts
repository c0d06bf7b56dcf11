/** Recent sign-ins by minute, in memory: how many, failures by category, and how long they took. `history.ts` keeps them across restarts. */
import { FAILURES } from '@landbridge/protocol';
import { LRUCache } from 'lru-cache';
import type { SignInEvent } from '../sign-in/events.ts';
import type { SignInPeriod } from '../store/sign-in-history.ts';

/** Totals of one or more minutes. */
export interface Amounts {
  ok: number;
  /** Of these, from the credential cache. */
  fromCache: number;
  /** For example a wrong password, or a locked account. */
  refused: number;
  /** For example no connector, no directory, or no answer. */
  failed: number;
  byResult: ReadonlyMap<string, number>;
  /** Upper bounds, in ms; undefined without any sign-in. */
  p50Ms: number | undefined;
  p95Ms: number | undefined;
}

export interface SignInActivity {
  count(event: SignInEvent): void;
  /** @param connection undefined: all @returns the last minutes, this one included */
  last(minutes: number, connection?: string): Amounts;
  /** @returns `count` periods of `minutes` each, the oldest first; the last one includes this minute */
  periods(count: number, minutes: number, connection?: string): ActivityPeriod[];
  /** @returns the minutes and hours that have changed since the last call, with everything counted in them */
  takeChanged(): SignInPeriod[];
  /** Continues a stored minute or hour. To be called before anything is counted, the oldest first. */
  restore(period: SignInPeriod): void;
}

export interface ActivityPeriod {
  from: Date;
  amounts: Amounts;
}

const MINUTE_MS = 60_000;
export const KEPT_MINUTES = 24 * 60;
/** Longer charts of a connection are drawn from hours. */
export const KEPT_CONNECTION_MINUTES = 60;
const MAX_CONNECTIONS = 1000;
/** Upper bounds in ms; each about 1.5 times the one before, so that a percentile is at most half too high. */
const BOUNDS_MS = [
  1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000, 1500, 2000, 3000, 5000, 10_000, 30_000, 60_000,
];
/** What was counted in a minute or an hour. */
interface Count {
  connection: string;
  minutes: 1 | 60;
  /** Of the minutes or hours since 1970. */
  number: number;
  byResult: Map<string, number>;
  latencies: number[];
}

interface Series {
  minutes: Count[];
  hour: Count | undefined;
}

/** All connections together. */
const ALL = '';

export function createSignInActivity(now: () => number = Date.now): SignInActivity {
  const all: Series = { minutes: [], hour: undefined };
  const byConnection = new LRUCache<string, Series>({ max: MAX_CONNECTIONS });
  const changed = new Set<Count>();
  const thisMinute = () => Math.floor(now() / MINUTE_MS);

  function seriesOf(connection: string): Series {
    if (connection === ALL) return all;
    const series = byConnection.get(connection) ?? { minutes: [], hour: undefined };
    byConnection.set(connection, series);
    return series;
  }

  const minutesOf = (connection = ALL): readonly Count[] => (connection === ALL ? all : byConnection.get(connection))?.minutes ?? [];

  function countOf(connection: string, minutes: 1 | 60, number: number): Count {
    const series = seriesOf(connection);
    const newest = minutes === 60 ? series.hour : series.minutes.at(-1);
    if (newest !== undefined && newest.number >= number) return newest;
    const count: Count = { connection, minutes, number, byResult: new Map(), latencies: [] };
    if (minutes === 60) series.hour = count;
    else {
      series.minutes.push(count);
      const kept = connection === ALL ? KEPT_MINUTES : KEPT_CONNECTION_MINUTES;
      while ((series.minutes[0]?.number ?? number) <= number - kept) series.minutes.shift();
    }
    return count;
  }

  return {
    count({ connection, result, ms }) {
      const bound = BOUNDS_MS.findIndex((boundMs) => ms <= boundMs);
      const at = bound === -1 ? BOUNDS_MS.length - 1 : bound;
      const minute = thisMinute();
      for (const name of [ALL, connection]) {
        for (const [minutes, number] of [[1, minute] as const, [60, Math.floor(minute / 60)] as const]) {
          const count = countOf(name, minutes, number);
          count.byResult.set(result, (count.byResult.get(result) ?? 0) + 1);
          count.latencies[at] = (count.latencies[at] ?? 0) + 1;
          changed.add(count);
        }
      }
    },
    takeChanged() {
      const periods = [...changed].map(
        ({ connection, minutes, number, byResult, latencies }): SignInPeriod => ({
          ...{ connection, minutes, began: new Date(number * minutes * MINUTE_MS) },
          results: Object.fromEntries(byResult),
          latencies: Array.from(latencies, (count) => count ?? 0),
        }),
      );
      changed.clear();
      return periods;
    },
    restore({ connection, minutes, began, results, latencies }) {
      const count = countOf(connection, minutes, began.getTime() / (minutes * MINUTE_MS));
      count.byResult = new Map(Object.entries(results));
      count.latencies = [...latencies];
    },
    last(minutes, connection) {
      const from = thisMinute() - minutes + 1;
      return amountsOf(minutesOf(connection).filter(({ number }) => number >= from));
    },
    periods(count, minutes, connection) {
      const counted = minutesOf(connection);
      const end = thisMinute() + 1;
      return Array.from({ length: count }, (_, index) => {
        const from = end - (count - index) * minutes;
        return {
          from: new Date(from * MINUTE_MS),
          amounts: amountsOf(counted.filter(({ number }) => number >= from && number < from + minutes)),
        };
      });
    },
  };
}

export function amountsOf(counts: readonly { byResult: ReadonlyMap<string, number>; latencies: readonly number[] }[]): Amounts {
  const byResult = new Map<string, number>();
  const latencies = BOUNDS_MS.map(() => 0);
  for (const counted of counts) {
    for (const [result, count] of counted.byResult) byResult.set(result, (byResult.get(result) ?? 0) + count);
    counted.latencies.forEach((count, at) => {
      latencies[at] = (latencies[at] ?? 0) + count;
    });
  }
  const amounts = { ok: 0, fromCache: byResult.get('ok_from_cache') ?? 0, refused: 0, failed: 0 };
  for (const [result, count] of byResult) {
    amounts[categoryOf(result)] += count;
  }
  return { ...amounts, byResult, p50Ms: percentile(latencies, 0.5), p95Ms: percentile(latencies, 0.95) };
}

/** @param result may come from another version */
function categoryOf(result: string): 'ok' | 'refused' | 'failed' {
  if (result === 'ok' || result === 'ok_from_cache') return 'ok';
  const known = Object.entries(FAILURES).find(([code]) => code === result)?.[1];
  return known?.category ?? 'failed';
}

function percentile(latencies: readonly number[], share: number): number | undefined {
  const total = latencies.reduce((sum, count) => sum + count, 0);
  let before = 0;
  for (const [at, count] of latencies.entries()) {
    before += count;
    if (count > 0 && before >= total * share) return BOUNDS_MS[at];
  }
  return undefined;
}
