/**
 * Limits attempts before they reach a directory, so that its own lockout (commonly five wrong passwords in half an hour) is not reached
 * from outside, and that guessing is slow. Everything is in memory, of bounded size, and gone with the process.
 *
 * People are counted by the directory's own id as soon as an answer has told it, also where they type another of their names; until
 * then by the name without a domain. One password of a person is tried at a time; those with the same password wait for its answer,
 * and share it where it is no.
 */
import { hash, randomBytes } from 'node:crypto';
import { foldedName, namesIn, type Profile, shortName } from '@landbridge/protocol';
import { LRUCache } from 'lru-cache';
import { createAddresses } from './addresses.ts';
import { count, type Ending, isKnownWrong, newPerson, type Person, type PersonLimits, waitOf } from './person.ts';
import { userIdOf } from './user-id.ts';

export interface GuardedAttempt {
  connectionId: string;
  username: string;
  password: string;
  remoteAddress: string | undefined;
}

/**
 * - `right`: the directory takes the password. `profile` tells who it is.
 * - `wrong`: it does not.
 * - `unanswered`: it may have been tried, and no answer came.
 * - `mismatched`: the same, and it is not the password that the cache holds.
 * - `not-counted`: it was not tried, or the directory said something else than wrong.
 */
export type AttemptEnd = 'right' | 'wrong' | 'unanswered' | 'mismatched' | 'not-counted';

export type Admission<T> =
  /** Ask, and call `end` once, whatever happens. `answer` goes to those who wait with the same password, unless it was right. */
  | { kind: 'admitted'; end(outcome: AttemptEnd, profile: Profile | undefined, answer: T): void }
  /** Another attempt with the same password was just answered so. */
  | { kind: 'shared'; answer: T }
  /** The password is known to be wrong: the directory need not be asked. */
  | { kind: 'known-wrong' }
  | { kind: 'limited'; retryAfterSeconds: number };

export interface Guard<T> {
  /** Waits while another password of the same person is tried. */
  admit(attempt: GuardedAttempt): Promise<Admission<T>>;
  /** The person has another password now: what counted against him does no more. */
  forgive(connectionId: string, username: string, profile: Profile): void;
}

export type GuardSettings = Readonly<
  Record<'GUARD_USER_ATTEMPTS' | 'GUARD_ADDRESS_ATTEMPTS' | 'GUARD_WINDOW_MINUTES' | 'GUARD_WAIT_SECONDS' | 'GUARD_REPEAT_MINUTES', number>
>;

const MAX_PEOPLE = 50_000;
const MAX_NAMES = 200_000;
/** Different passwords that may wait for one person's attempt to end; a person types one. */
const MAX_WAITING = 10;
/** Who waited this long for other attempts is sent away. */
const MAX_WAIT_MS = 30_000;
const BUSY_RETRY_MS = 1000;

export function createGuard<T>(settings: GuardSettings, now: () => number = () => performance.now()): Guard<T> {
  const limits = limitsOf(settings);
  // A keyed hash, as no password may be guessed from what is kept. It takes a third of the time of an HMAC, of which each sign-in would need
  // some twenty; what HMAC has more is for hashes that somebody sees.
  const secret = randomBytes(32).toString('base64');
  const people = new LRUCache<string, Person<T>>({ max: MAX_PEOPLE });
  /** From a name to the key of its person, where an answer has told it. */
  const known = new LRUCache<string, string>({ max: MAX_NAMES });
  const addresses = createAddresses({ attempts: settings.GUARD_ADDRESS_ATTEMPTS, windowMs: limits.windowMs });

  /** Names may have 64 KB: keys are short. The connection is part of each. */
  const keyOf = (...parts: string[]) => hash('sha256', JSON.stringify([secret, ...parts]), 'base64');

  function personOf(key: string): Person<T> {
    const person = people.get(key) ?? newPerson<T>();
    people.set(key, person);
    return person;
  }

  /** Who this is as far as is known now: an answer to another attempt may have told more meanwhile. */
  function locate({ connectionId, username, password }: GuardedAttempt) {
    const folded = foldedName(username);
    const typed = keyOf('name', connectionId, folded);
    const shortKey = keyOf('name', connectionId, shortName(folded));
    const exact = known.get(typed);
    const person = personOf(exact ?? known.get(shortKey) ?? shortKey);
    // By the exact name: of two people with the same short name, one's wrong password may be the other's right one.
    return { typed, shortKey, person, fingerprint: keyOf('password', exact ?? typed, password) };
  }

  /** @returns the person whom an answer names, and the fingerprint of the password there; later attempts find both by any name */
  function learn(attempt: GuardedAttempt, profile: Profile | undefined) {
    const located = locate(attempt);
    const userId = userIdOf(profile);
    if (userId === undefined) return located;
    const { connectionId, password } = attempt;
    const key = keyOf('id', connectionId, userId);
    known.set(located.typed, key);
    // What a profile says is a hint, and never comes before an answer to that very name: in many directories people change their own
    // address, and one who took another's name would draw that person's attempts to himself.
    for (const name of namesIn(profile)) {
      const hinted = keyOf('name', connectionId, name);
      if (known.get(hinted) === undefined) known.set(hinted, key);
    }
    return { ...located, person: personOf(key), fingerprint: keyOf('password', key, password) };
  }

  function record(attempt: GuardedAttempt, outcome: AttemptEnd, profile: Profile | undefined): void {
    if (outcome === 'not-counted') return;
    const before = locate(attempt).person;
    const { person, typed, fingerprint } = learn(attempt, profile);
    if (outcome !== 'right') {
      count(person, { fingerprint, typed, atMs: now(), certain: outcome === 'wrong' });
      return;
    }
    // Directories forget wrong passwords at a right one. Those that another's name shares with this one are not this person's.
    if (userIdOf(profile) !== undefined) person.attempts = [];
    before.attempts = before.attempts.filter((other) => other.typed !== typed);
  }

  /** The first with a password: others with the same one wait for it. */
  function lead(attempt: GuardedAttempt, person: Person<T>, fingerprint: string): Admission<T> {
    const { promise: ended, resolve } = Promise.withResolvers<Ending<T>>();
    person.trying = { fingerprint, ended };
    return {
      kind: 'admitted',
      end(outcome, profile, answer) {
        record(attempt, outcome, profile);
        if (attempt.remoteAddress !== undefined)
          addresses.settle(attempt.remoteAddress, outcome === 'wrong' || outcome === 'mismatched', now());
        person.trying = undefined;
        resolve(outcome === 'right' ? { right: true } : { right: false, answer });
      },
    };
  }

  /** One of several with a password that was right a moment ago: there is nothing to limit, and they go side by side. */
  function follow(attempt: GuardedAttempt, person: Person<T>, fingerprint: string): Admission<T> {
    person.proven.set(fingerprint, (person.proven.get(fingerprint) ?? 0) + 1);
    return {
      kind: 'admitted',
      end(outcome, profile) {
        record(attempt, outcome, profile);
        const left = (person.proven.get(fingerprint) ?? 1) - 1;
        if (left === 0 || outcome === 'wrong') person.proven.delete(fingerprint);
        else person.proven.set(fingerprint, left);
      },
    };
  }

  return {
    async admit(attempt) {
      const startedAtMs = now();
      for (;;) {
        const { person, fingerprint } = locate(attempt);
        if (person.proven.has(fingerprint)) return follow(attempt, person, fingerprint);
        const waitMs = waitOf(person, limits, now());
        if (waitMs > 0) return limited(waitMs);
        if (isKnownWrong(person, fingerprint, limits, now())) return { kind: 'known-wrong' };
        // Without a limit nothing can be passed together.
        if (person.trying === undefined || limits.attempts === 0) {
          const addressWaitMs = attempt.remoteAddress === undefined ? undefined : addresses.reserve(attempt.remoteAddress, now());
          return addressWaitMs === undefined ? lead(attempt, person, fingerprint) : limited(addressWaitMs);
        }
        const same = person.trying.fingerprint === fingerprint;
        if (!same && (person.waiting >= MAX_WAITING || now() - startedAtMs > MAX_WAIT_MS)) return limited(BUSY_RETRY_MS);
        if (!same) person.waiting++;
        const ending = await person.trying.ended;
        if (!same) person.waiting--;
        else if (!ending.right) return { kind: 'shared', answer: ending.answer };
        else {
          const found = locate(attempt);
          return follow(attempt, found.person, found.fingerprint);
        }
      }
    },
    forgive(connectionId, username, profile) {
      record({ connectionId, username, password: '', remoteAddress: undefined }, 'right', profile);
    },
  };
}

function limitsOf(settings: GuardSettings): PersonLimits {
  return {
    attempts: settings.GUARD_USER_ATTEMPTS,
    windowMs: settings.GUARD_WINDOW_MINUTES * 60_000,
    firstWaitMs: settings.GUARD_WAIT_SECONDS * 1000,
    repeatMs: settings.GUARD_REPEAT_MINUTES * 60_000,
  };
}

function limited(waitMs: number): { kind: 'limited'; retryAfterSeconds: number } {
  return { kind: 'limited', retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) };
}
