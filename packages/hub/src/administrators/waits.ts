/**
 * How long one has to wait after wrong passwords and codes: longer each time, never for good. Anybody can fail in another's name, so a
 * name alone brings short waits only; name and address together bring long ones.
 */
import { addressGroup, CodedError } from '@landbridge/runtime';
import { LRUCache } from 'lru-cache';

const MINUTE_MS = 60_000;
/** So many failures are free; then one second, doubled with each, up to the longest. Forgotten a day after the last. */
const RULES = {
  nameAndAddress: { free: 4, longestMs: 15 * MINUTE_MS },
  address: { free: 30, longestMs: 15 * MINUTE_MS },
  name: { free: 15, longestMs: MINUTE_MS },
  /** Of one administrator whose password is known: 6 digits are soon tried through. */
  code: { free: 4, longestMs: 15 * MINUTE_MS },
} as const;
const FORGOTTEN_AFTER_MS = 24 * 60 * MINUTE_MS;
const MAX_KEPT = 50_000;

type Rule = keyof typeof RULES;

export interface Waits {
  /**
   * Counts a failure ahead, so that attempts at the same time cannot all pass before the first has failed.
   * @returns what to call when it was no failure
   * @throws CodedError TOO_MANY_ATTEMPTS, whose message says how long to wait
   */
  begin(who: { name: string; address: string | undefined } | { administratorId: string }): () => void;
}

export function createWaits(now: () => number = Date.now): Waits {
  const kept = new LRUCache<string, { failures: number; lastMs: number }>({ max: MAX_KEPT });

  function waitMs(rule: Rule, key: string): number {
    const { failures = 0, lastMs = 0 } = kept.get(`${rule} ${key}`) ?? {};
    const { free, longestMs } = RULES[rule];
    if (failures < free || now() - lastMs > FORGOTTEN_AFTER_MS) return 0;
    return Math.max(0, lastMs + Math.min(longestMs, 1000 * 2 ** Math.min(30, failures - free)) - now());
  }

  return {
    begin(who) {
      const keys: [Rule, string][] =
        'administratorId' in who
          ? [['code', who.administratorId]]
          : [
              ['name', who.name.toLowerCase()],
              ...(who.address === undefined
                ? []
                : ([
                    ['address', addressGroup(who.address)],
                    ['nameAndAddress', JSON.stringify([who.name.toLowerCase(), addressGroup(who.address)])],
                  ] as [Rule, string][])),
            ];
      const ms = Math.max(...keys.map(([rule, key]) => waitMs(rule, key)));
      if (ms > 0) {
        const seconds = Math.ceil(ms / 1000);
        throw new CodedError(
          'TOO_MANY_ATTEMPTS',
          `Too many failed attempts: try again in ${seconds === 1 ? '1 second' : `${seconds} seconds`}`,
        );
      }
      for (const [rule, key] of keys) {
        const before = kept.get(`${rule} ${key}`);
        const failures = before === undefined || now() - before.lastMs > FORGOTTEN_AFTER_MS ? 0 : before.failures;
        kept.set(`${rule} ${key}`, { failures: failures + 1, lastMs: now() });
      }
      return () => {
        for (const [rule, key] of keys) {
          const entry = kept.get(`${rule} ${key}`);
          // An address with one right password must not be washed clean of its other failures.
          if (rule !== 'address') kept.delete(`${rule} ${key}`);
          else if (entry !== undefined) entry.failures = Math.max(0, entry.failures - 1);
        }
      };
    },
  };
}
