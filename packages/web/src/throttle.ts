/** Delays administrators' sign-ins after wrong passwords and codes: longer with each failure, but never permanently. */
import { CodedError, createLiveCounters } from '@landbridge/runtime';

export interface ThrottleRule {
  /** Failures without a wait. The next wait is one second, and each further failure doubles it. */
  free: number;
  longestMs: number;
  /** A success takes back its own attempt only, not earlier failures: one valid account must not clear an address. */
  keepsFailures?: true;
}

const FORGOTTEN_AFTER_MS = 24 * 60 * 60_000;
const MAX_KEYS = 50_000;
/** For keys that find no place of their own. */
const SHARED_COUNTERS = 16_384;

interface Failures {
  failures: number;
  lastMs: number;
  /** Of several keys, for which there was no room: a success of one clears only its own attempt. */
  readonly shared: boolean;
}

export interface Throttle<Rule extends string> {
  /**
   * Counts a failure in advance, so that parallel attempts cannot all pass before the first one has failed.
   *
   * @param keys what the attempt counts for, by rule
   * @returns what to call if the attempt succeeds
   * @throws CodedError TOO_MANY_ATTEMPTS, which says how long to wait
   */
  begin(keys: readonly (readonly [Rule, string])[]): () => void;
}

/** @param options.action what else can be done than wait */
export function createThrottle<Rule extends string>(
  rules: Readonly<Record<Rule, ThrottleRule>>,
  { now = Date.now, action }: { now?: (() => number) | undefined; action?: string } = {},
): Throttle<Rule> {
  const counted = createLiveCounters<Failures>({
    max: MAX_KEYS,
    shared: SHARED_COUNTERS,
    create: (shared) => ({ failures: 0, lastMs: 0, shared }),
    isLive,
  });

  function isLive({ failures, lastMs }: Failures): boolean {
    return failures > 0 && now() - lastMs <= FORGOTTEN_AFTER_MS;
  }

  function waitMs(rule: Rule, key: string): number {
    const entry = counted.find(`${rule} ${key}`);
    const { failures, lastMs } = isLive(entry) ? entry : { failures: 0, lastMs: 0 };
    const { free, longestMs } = rules[rule];
    if (failures < free) return 0;
    return Math.max(0, lastMs + Math.min(longestMs, 1000 * 2 ** Math.min(30, failures - free)) - now());
  }

  return {
    begin(keys) {
      const ms = Math.max(...keys.map(([rule, key]) => waitMs(rule, key)));
      if (ms > 0) {
        const seconds = Math.ceil(ms / 1000);
        const message = `Too many failed attempts: try again in ${seconds === 1 ? '1 second' : `${seconds} seconds`}`;
        throw new CodedError('TOO_MANY_ATTEMPTS', message, action === undefined ? {} : { action });
      }
      for (const [rule, key] of keys) {
        const entry = counted.keep(`${rule} ${key}`);
        entry.failures = isLive(entry) ? entry.failures + 1 : 1;
        entry.lastMs = now();
      }
      return () => {
        for (const [rule, key] of keys) {
          const entry = counted.find(`${rule} ${key}`);
          const clears = rules[rule].keepsFailures !== true && !entry.shared;
          entry.failures = clears ? 0 : Math.max(0, entry.failures - 1);
          counted.release(`${rule} ${key}`);
        }
      };
    },
  };
}
