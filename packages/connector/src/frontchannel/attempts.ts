/**
 * Limits wrong passwords at the form: guessing is slow and cannot trigger the directory's own lockout (commonly five in half an hour). In
 * memory and bounded; each connector counts on its own.
 *
 * A user is counted under the directory's id once an answer has revealed it, whichever of their names is typed; until then under the name
 * without a domain.
 */
import { createHash } from 'node:crypto';
import { foldedName, namesIn, type Profile, shortName } from '@landbridge/protocol';
import { addressGroup } from '@landbridge/runtime';
import { nameIdentifierOf } from '@landbridge/wsfed';
import { LRUCache } from 'lru-cache';

export interface Attempts {
  /** @returns how long to wait, or an attempt that counts as wrong until its result is reported */
  begin(name: string, address: string): { retryAfterSeconds: number } | FormAttempt;
}

/** Call one of these, once. */
export interface FormAttempt {
  /** Clears the count of this user. */
  right(profile: Profile): void;
  wrong(profile: Profile | undefined): void;
  /** The directory did not judge the password: this attempt does not count. */
  untried(): void;
}

const WINDOW_MS = 30 * 60_000;
const PER_USER = 4;
/** All users of a company may share one address. */
const PER_ADDRESS = 300;
const MAX_KEPT = 50_000;

export function createAttempts(now: () => number = Date.now): Attempts {
  /** Times of the counted attempts, oldest first. */
  const counted = new LRUCache<string, number[]>({ max: MAX_KEPT });
  /** From a name to its user's key, as answers have revealed it. */
  const known = new LRUCache<string, string>({ max: 2 * MAX_KEPT });

  const recent = (key: string) => (counted.get(key) ?? []).filter((at) => now() - at < WINDOW_MS);
  const add = (key: string) => counted.set(key, [...recent(key), now()]);
  const takeBack = (key: string) => counted.set(key, recent(key).slice(0, -1));

  /** @returns the user's own key; undefined if the profile does not reveal it */
  function learn(name: string, profile: Profile | undefined): string | undefined {
    const id = idIn(profile);
    if (id === undefined) return undefined;
    const key = keyOf('user', id);
    known.set(keyOf('name', foldedName(name)), key);
    // Never replaces what an answer to that very name revealed: in many directories users can change their own address, and someone who
    // took another user's name would collect that user's attempts.
    for (const other of namesIn(profile)) {
      const hinted = keyOf('name', other);
      if (!known.has(hinted)) known.set(hinted, key);
    }
    return key;
  }

  return {
    begin(name, address) {
      const folded = foldedName(name);
      const short = keyOf('name', shortName(folded));
      const user = known.get(keyOf('name', folded)) ?? known.get(short) ?? short;
      const from = `from ${addressGroup(address)}`;
      const waits = [
        { times: recent(user), most: PER_USER },
        { times: recent(from), most: PER_ADDRESS },
      ].flatMap(({ times, most }) => (times.length < most ? [] : [(times[0] ?? 0) + WINDOW_MS - now()]));
      if (waits.length > 0) return { retryAfterSeconds: Math.max(1, Math.ceil(Math.max(...waits) / 1000)) };
      add(user);
      add(from);
      return {
        right(profile) {
          takeBack(user);
          takeBack(from);
          // Attempts on other users under a shared name stay.
          counted.delete(learn(name, profile) ?? '');
        },
        wrong(profile) {
          const actual = learn(name, profile);
          if (actual === undefined || actual === user) return;
          takeBack(user);
          add(actual);
        },
        untried() {
          takeBack(user);
          takeBack(from);
        },
      };
    },
  };
}

/** Names can be long; keys are short. */
function keyOf(kind: string, text: string): string {
  return `${kind} ${createHash('sha256').update(text).digest('base64url')}`;
}

/** @returns the directory's own id of the user; undefined if the profile has none */
function idIn(profile: Profile | undefined): string | undefined {
  const { dn } = profile ?? {};
  return profile === undefined ? undefined : (nameIdentifierOf(profile) ?? (typeof dn === 'string' && dn !== '' ? dn : undefined));
}
