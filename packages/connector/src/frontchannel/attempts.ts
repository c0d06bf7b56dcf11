/**
 * Limits wrong passwords at the form, so that nobody reaches the directory's own lockout through it (commonly five in half an hour), and
 * guessing is slow. In memory, bounded, gone with the process: several connectors count each for themselves.
 *
 * People are counted by the directory's own id as soon as an answer has told it, whichever of their names is typed; until then by the name
 * without a domain.
 */
import { createHash } from 'node:crypto';
import { foldedName, namesIn, type Profile, shortName } from '@landbridge/protocol';
import { addressGroup } from '@landbridge/runtime';
import { nameIdentifierOf } from '@landbridge/wsfed';
import { LRUCache } from 'lru-cache';

export interface Attempts {
  /** @returns how many seconds to wait; else the attempt may be made, and counts as wrong unless its end is said to be another */
  begin(name: string, address: string): { retryAfterSeconds: number } | Attempt;
}

/** One of these is to be called, once. */
export interface Attempt {
  /** It does not count, and what went before for this person neither. */
  right(profile: Profile): void;
  wrong(profile: Profile | undefined): void;
  /** It was never tried, or the directory had no opinion: only this one does not count. */
  untried(): void;
}

const WINDOW_MS = 30 * 60_000;
const PER_PERSON = 4;
/** A company's people may come from one address. */
const PER_ADDRESS = 300;
const MAX_KEPT = 50_000;

export function createAttempts(now: () => number = Date.now): Attempts {
  /** Times of what counts, oldest first. */
  const counted = new LRUCache<string, number[]>({ max: MAX_KEPT });
  /** From a name to the key of its person, where an answer has told it. */
  const known = new LRUCache<string, string>({ max: 2 * MAX_KEPT });

  const recent = (key: string) => (counted.get(key) ?? []).filter((at) => now() - at < WINDOW_MS);
  const add = (key: string) => counted.set(key, [...recent(key), now()]);
  const takeBack = (key: string) => counted.set(key, recent(key).slice(0, -1));

  /** @returns the person's own key; undefined where the profile does not tell it */
  function learn(name: string, profile: Profile | undefined): string | undefined {
    const id = idIn(profile);
    if (id === undefined) return undefined;
    const key = keyOf('person', id);
    known.set(keyOf('name', foldedName(name)), key);
    // A hint, which never comes before an answer to that very name: in many directories people change their own address, and one who took
    // another's name would draw that person's attempts to himself.
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
      const person = known.get(keyOf('name', folded)) ?? known.get(short) ?? short;
      const from = `from ${addressGroup(address)}`;
      const waits = [
        { times: recent(person), most: PER_PERSON },
        { times: recent(from), most: PER_ADDRESS },
      ].flatMap(({ times, most }) => (times.length < most ? [] : [(times[0] ?? 0) + WINDOW_MS - now()]));
      if (waits.length > 0) return { retryAfterSeconds: Math.max(1, Math.ceil(Math.max(...waits) / 1000)) };
      add(person);
      add(from);
      return {
        right(profile) {
          takeBack(person);
          takeBack(from);
          // What others typed under a name that this one shares with them stays.
          counted.delete(learn(name, profile) ?? '');
        },
        wrong(profile) {
          const really = learn(name, profile);
          if (really === undefined || really === person) return;
          takeBack(person);
          add(really);
        },
        untried() {
          takeBack(person);
          takeBack(from);
        },
      };
    },
  };
}

/** Names may be long, keys are not. */
function keyOf(kind: string, text: string): string {
  return `${kind} ${createHash('sha256').update(text).digest('base64url')}`;
}

/** @returns by what the directory itself knows the person; undefined where the profile does not tell */
function idIn(profile: Profile | undefined): string | undefined {
  const { dn } = profile ?? {};
  return profile === undefined ? undefined : (nameIdentifierOf(profile) ?? (typeof dn === 'string' && dn !== '' ? dn : undefined));
}
