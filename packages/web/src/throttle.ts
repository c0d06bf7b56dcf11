/** Delays administrators' sign-ins after wrong passwords and codes: longer with each failure, but never for good. */
import { CodedError } from '@landbridge/runtime';
import { LRUCache } from 'lru-cache';

export interface ThrottleRule {
  /** Failures without a wait. The next wait is one second, and each further failure doubles it. */
  free: number;
  longestMs: number;
  /** A success takes back its own attempt only, not earlier failures: one valid account must not clear an address. */
  keepsFailures?: true;
}

const FORGOTTEN_AFTER_MS = 24 * 60 * 60_000;
const MAX_KEYS = 50_000;

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
  const counted = new LRUCache<string, { failures: number; lastMs: number }>({ max: MAX_KEYS });

  function entryOf(rule: Rule, key: string) {
    const entry = counted.get(`${rule} ${key}`);
    return entry === undefined || now() - entry.lastMs > FORGOTTEN_AFTER_MS ? { failures: 0, lastMs: 0 } : entry;
  }

  function waitMs(rule: Rule, key: string): number {
    const { failures, lastMs } = entryOf(rule, key);
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
      for (const [rule, key] of keys) counted.set(`${rule} ${key}`, { failures: entryOf(rule, key).failures + 1, lastMs: now() });
      return () => {
        for (const [rule, key] of keys) {
          const entry = counted.get(`${rule} ${key}`);
          if (rules[rule].keepsFailures !== true) counted.delete(`${rule} ${key}`);
          else if (entry !== undefined) entry.failures = Math.max(0, entry.failures - 1);
        }
      };
    },
  };
}
