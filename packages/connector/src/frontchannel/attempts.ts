/**
 * Limits wrong passwords at the form: guessing is slow and cannot trigger the directory's own lockout (commonly five in half an hour). In
 * memory and bounded; each connector counts on its own.
 *
 * A user is counted under the directory's id once an answer has revealed it, whichever of their names is typed; until then under the name
 * without a domain.
 */
import { createHash } from 'node:crypto';
import { foldedName, type KnownUser, namesIn, shortName } from '@landbridge/protocol';
import { addressGroups, createLiveCounters } from '@landbridge/runtime';

export interface Attempts {
  /** @returns how long to wait, or an attempt that counts as wrong until its result is reported */
  begin(name: string, address: string): { retryAfterSeconds: number } | FormAttempt;
}

/** Call one of these, once. */
export interface FormAttempt {
  /** Clears the count of this user. */
  right(user: Partial<KnownUser>): void;
  wrong(user: Partial<KnownUser>): void;
  /** The directory did not judge the password: this attempt does not count. */
  untried(): void;
}

const WINDOW_MS = 30 * 60_000;
const PER_USER = 4;
/** All users of a company may share one address. */
const PER_ADDRESS = 300;
/** From the networks around it: a /24, of IPv6 a /56 and a /48. */
const PER_NETWORK = 4 * PER_ADDRESS;
const MAX_KEPT = 50_000;
/** For users and networks that find no place of their own. */
const SHARED_COUNTERS = 16_384;

export function createAttempts(now: () => number = Date.now): Attempts {
  const isRecent = (at: number | undefined) => at !== undefined && now() - at < WINDOW_MS;
  /** Times of the counted attempts, oldest first. */
  const counted = createLiveCounters<{ times: number[]; readonly shared: boolean }>({
    max: MAX_KEPT,
    shared: SHARED_COUNTERS,
    create: (shared) => ({ times: [], shared }),
    isLive: ({ times }) => isRecent(times.at(-1)),
  });
  /** From a name to its user's key, as answers have revealed it. */
  const known = createLiveCounters<{ user: string | undefined }>({
    max: 2 * MAX_KEPT,
    shared: 0,
    create: () => ({ user: undefined }),
    isLive: ({ user }) => user !== undefined && isRecent(counted.find(user).times.at(-1)),
  });

  const recent = (key: string) => counted.find(key).times.filter(isRecent);
  const change = (key: string, times: number[]) => {
    counted.keep(key).times = times;
    counted.release(key);
  };
  const add = (key: string) => change(key, [...recent(key), now()]);
  const takeBack = (key: string) => change(key, recent(key).slice(0, -1));

  /** @returns the user's own key; undefined if the answer does not reveal it */
  function learn(name: string, user: Partial<KnownUser>): string | undefined {
    const { profile } = user;
    const id = idIn(user);
    if (id === undefined) return undefined;
    const key = keyOf('user', id);
    known.keep(keyOf('name', foldedName(name))).user = key;
    // Never replaces what an answer to that very name revealed: in many directories users can change their own address, and someone who
    // took another user's name would collect that user's attempts.
    for (const other of namesIn(profile)) {
      const hinted = known.keep(keyOf('name', other));
      hinted.user ??= key;
    }
    return key;
  }

  return {
    begin(name, address) {
      const folded = foldedName(name);
      const short = keyOf('name', shortName(folded));
      const user = known.find(keyOf('name', folded)).user ?? known.find(short).user ?? short;
      const from = addressGroups(address).map((group) => `from ${group}`);
      const waits = [
        { times: recent(user), most: PER_USER },
        ...from.map((group, level) => ({ times: recent(group), most: level === 0 ? PER_ADDRESS : PER_NETWORK })),
      ].flatMap(({ times, most }) => (times.length < most ? [] : [(times[0] ?? 0) + WINDOW_MS - now()]));
      if (waits.length > 0) return { retryAfterSeconds: Math.max(1, Math.ceil(Math.max(...waits) / 1000)) };
      add(user);
      from.forEach(add);
      return {
        right(revealed) {
          takeBack(user);
          from.forEach(takeBack);
          // Attempts on other users under a shared name stay.
          const key = learn(name, revealed);
          if (key !== undefined && !counted.find(key).shared) change(key, []);
        },
        wrong(revealed) {
          const actual = learn(name, revealed);
          if (actual === undefined || actual === user) return;
          takeBack(user);
          add(actual);
        },
        untried() {
          takeBack(user);
          from.forEach(takeBack);
        },
      };
    },
  };
}

/** Names can be long; keys are short. */
function keyOf(kind: string, text: string): string {
  return `${kind} ${createHash('sha256').update(text).digest('base64url')}`;
}

/** @returns the user's immutable id, else the DN; undefined if neither is known */
function idIn({ subject, profile }: Partial<KnownUser>): string | undefined {
  const dn = profile?.dn;
  return subject ?? (typeof dn === 'string' && dn !== '' ? dn : undefined);
}
