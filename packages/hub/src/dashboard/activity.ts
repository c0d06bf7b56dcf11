/** Recent sign-ins by minute, in memory: how many, failures by category, and how long they took. */
import { FAILURES } from '@landbridge/protocol';
import { LRUCache } from 'lru-cache';
import type { SignInEvent } from '../sign-in/events.ts';

/** Totals of one or more minutes. */
interface Amounts {
  ok: number;
  /** Of these, from the credential cache. */
  fromCache: number;
  /** For example a wrong password, or a locked account. */
  refused: number;
  /** For example no connector, no directory, or no answer. */
  failed: number;
  byResult: ReadonlyMap<SignInEvent['result'], number>;
  /** Upper bounds, in ms; undefined without any sign-in. */
  p50Ms: number | undefined;
  p95Ms: number | undefined;
}

export interface SignInActivity {
  count(event: SignInEvent): void;
  /** @param connection undefined: all @returns the last minutes, this one included */
  last(minutes: number, connection?: string): Amounts;
  /** @returns `count` periods of `minutes` each, the oldest first; the last one includes this minute */
  periods(count: number, minutes: number): { from: Date; amounts: Amounts }[];
}

const MINUTE_MS = 60_000;
const KEPT_MINUTES = 24 * 60;
/** Pages show only the last hour of a connection. */
const KEPT_CONNECTION_MINUTES = 60;
const MAX_CONNECTIONS = 1000;
/** Upper bounds in ms; each about 1.5 times the one before, so that a percentile is at most half too high. */
const BOUNDS_MS = [
  1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 300, 500, 700, 1000, 1500, 2000, 3000, 5000, 10_000, 30_000, 60_000,
];
interface Minute {
  number: number;
  byResult: Map<SignInEvent['result'], number>;
  latencies: Uint32Array;
}

export function createSignInActivity(now: () => number = Date.now): SignInActivity {
  const all: Minute[] = [];
  const byConnection = new LRUCache<string, Minute[]>({ max: MAX_CONNECTIONS });
  const thisMinute = () => Math.floor(now() / MINUTE_MS);

  function add(series: Minute[], kept: number, { result, ms }: SignInEvent): void {
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
    count(event) {
      add(all, KEPT_MINUTES, event);
      const series = byConnection.get(event.connection) ?? [];
      byConnection.set(event.connection, series);
      add(series, KEPT_CONNECTION_MINUTES, event);
    },
    last(minutes, connection) {
      const from = thisMinute() - minutes + 1;
      const series = connection === undefined ? all : (byConnection.get(connection) ?? []);
      return amountsOf(series.filter(({ number }) => number >= from));
    },
    periods(count, minutes) {
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
  const byResult = new Map<SignInEvent['result'], number>();
  const latencies = new Uint32Array(BOUNDS_MS.length);
  for (const minute of minutes) {
    for (const [result, count] of minute.byResult) byResult.set(result, (byResult.get(result) ?? 0) + count);
    minute.latencies.forEach((count, at) => {
      latencies[at] = (latencies[at] ?? 0) + count;
    });
  }
  const amounts = { ok: 0, fromCache: byResult.get('ok_from_cache') ?? 0, refused: 0, failed: 0 };
  for (const [result, count] of byResult) {
    amounts[categoryOf(result)] += count;
  }
  return { ...amounts, byResult, p50Ms: percentile(latencies, 0.5), p95Ms: percentile(latencies, 0.95) };
}

function categoryOf(result: SignInEvent['result']): 'ok' | 'refused' | 'failed' {
  if (result === 'ok' || result === 'ok_from_cache') return 'ok';
  return result === 'front_channel_refused' ? 'failed' : FAILURES[result].category;
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
