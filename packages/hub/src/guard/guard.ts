/**
 * Limits attempts before they reach a directory, so that guessing is slow and cannot trigger the directory's own lockout (commonly five
 * wrong passwords in half an hour). Everything is in memory, bounded (`createLiveCounters`), and lost at a restart.
 *
 * A user is counted by the directory's own id once an answer has revealed it, whichever name is typed; until then by the name without a
 * domain. One password of a user is tried at a time. Attempts with the same password wait for its answer, and share a failure.
 */
import { hash, randomBytes } from 'node:crypto';
import { type Failure, foldedName, type KnownUser, namesIn, type SignInOutcome, shortName } from '@landbridge/protocol';
import { createLiveCounters } from '@landbridge/runtime';
import { type AddressCount, createAddresses } from './addresses.ts';
import { createSpraying } from './spraying.ts';
import { count, isInUse, isKnownWrong, newUserAttempts, type UserAttempts, type UserLimits, waitOf } from './user-attempts.ts';

export interface GuardedAttempt {
  connectionId: string;
  username: string;
  password: string;
  remoteAddress: string | undefined;
  /**
   * This user has signed in with the same browser before. Such browsers have a budget of their own, so that strangers who guess this user's
   * password do not keep the user out. All browsers of a user share it: someone who once knew the password could collect any number of them.
   */
  isFamiliarBrowser?: boolean | undefined;
}

/**
 * - `right`: the password was accepted, by the directory or the cache.
 * - `wrong`: the directory rejected it.
 * - `unanswered`: it may have been tried, and no answer came.
 * - `mismatched`: `unanswered`, and it is not the cached password.
 * - `not-counted`: it was not tried, or the directory gave another reason.
 */
export type AttemptEnd = 'right' | 'wrong' | 'unanswered' | 'mismatched' | 'not-counted';

export type Admission =
  /** Ask, and call `end` exactly once. Attempts that wait with the same password share a failure. */
  | { kind: 'admitted'; end(how: AttemptEnd, outcome: SignInOutcome): void }
  /** A simultaneous attempt with the same password just failed. */
  | { kind: 'shared'; failure: Failure }
  /** The password is known to be wrong: the directory need not be asked. */
  | { kind: 'known-wrong' }
  | { kind: 'limited'; retryAfterSeconds: number };

export interface Guard {
  /** Waits while another password of the same user is tried. */
  admit(attempt: GuardedAttempt): Promise<Admission>;
  /** The user has a new password: clears the wrong attempts counted so far. */
  forgive(connectionId: string, username: string, user: KnownUser): void;
}

export type GuardSettings = Readonly<
  Record<
    | 'GUARD_USER_ATTEMPTS'
    | 'GUARD_ADDRESS_ATTEMPTS'
    | 'GUARD_WINDOW_MINUTES'
    | 'GUARD_WAIT_SECONDS'
    | 'GUARD_REPEAT_MINUTES'
    | 'GUARD_SPRAY_USERS',
    number
  >
>;

/** One password was wrong for this many users of the connection within the window. */
export interface SprayAlarm {
  connectionId: string;
  users: number;
  remoteAddress: string | undefined;
}

const MAX_USERS = 50_000;
/** For users who find no place of their own. */
const SHARED_USERS = 65_536;
const MAX_NAMES = 200_000;
/** Between attempts with a password that was wrong for many users. */
const SPRAY_PAUSE_MS = 30_000;
/** Different passwords that may wait for one attempt of a user to end; a human types one. */
const MAX_WAITING = 10;
/** After waiting this long for other attempts, an attempt is rejected. */
const MAX_WAIT_MS = 30_000;
const BUSY_RETRY_MS = 1000;

export function createGuard(
  settings: GuardSettings,
  { now = () => performance.now(), onSpray = () => {} }: { now?: () => number; onSpray?: (alarm: SprayAlarm) => void } = {},
): Guard {
  const limits = limitsOf(settings);
  /** Half of a user's attempts, in addition to them. */
  const browserLimits = { ...limits, attempts: Math.ceil(limits.attempts / 2) };
  // A keyed hash, so that no password can be guessed from memory. It takes a third of the time of an HMAC, and a sign-in needs some twenty;
  // the extra strength of HMAC matters only for hashes an attacker can see.
  const secret = randomBytes(32).toString('base64');
  const isLive = (user: UserAttempts) => isInUse(user, limits, now());
  const users = createLiveCounters<UserAttempts>({ max: MAX_USERS, shared: SHARED_USERS, create: newUserAttempts, isLive });
  /** From a name to the key of its user, once an answer has revealed it. */
  const known = createLiveCounters<{ user: string | undefined }>({
    max: MAX_NAMES,
    shared: 0,
    create: () => ({ user: undefined }),
    isLive: ({ user }) => user !== undefined && isLive(users.find(user)),
  });
  const addresses = createAddresses({ attempts: settings.GUARD_ADDRESS_ATTEMPTS, windowMs: limits.windowMs });
  const spraying = createSpraying({ users: settings.GUARD_SPRAY_USERS, windowMs: limits.windowMs, pauseMs: SPRAY_PAUSE_MS });

  /** Names may have 64 KB: keys are short. The connection is part of each. */
  const keyOf = (...parts: string[]) => hash('sha256', JSON.stringify([secret, ...parts]), 'base64');

  /** The user as far as known now: the answer to another attempt may have revealed more in the meantime. */
  function locate({ connectionId, username, password }: GuardedAttempt) {
    const folded = foldedName(username);
    const typed = keyOf('name', connectionId, folded);
    const shortKey = keyOf('name', connectionId, shortName(folded));
    const exact = known.find(typed).user;
    const key = exact ?? known.find(shortKey).user ?? shortKey;
    // By the exact name: if two users have the same short name, one's wrong password may be the other's right one.
    return { typed, key, fingerprint: keyOf('password', exact ?? typed, password) };
  }

  /** What limits this attempt: its user, or the user's familiar browsers. */
  function limiterOf({ isFamiliarBrowser = false }: GuardedAttempt, userKey: string) {
    return isFamiliarBrowser ? { key: keyOf('browsers', userKey), limit: browserLimits } : { key: userKey, limit: limits };
  }

  /** @returns the user named by an answer, and the password's fingerprint there; later attempts find both by any name */
  function learn(attempt: GuardedAttempt, { subject, profile }: Partial<KnownUser>) {
    const located = locate(attempt);
    if (subject === undefined) return located;
    const { connectionId, password } = attempt;
    const key = keyOf('id', connectionId, subject);
    known.keep(located.typed).user = key;
    // A profile is only a hint, and never overrides an answer to that very name: in many directories users can change their own address, and
    // an attacker who took another user's name would redirect that user's attempts.
    for (const name of namesIn(profile)) {
      const hinted = known.keep(keyOf('name', connectionId, name));
      hinted.user ??= key;
    }
    return { ...located, key, fingerprint: keyOf('password', key, password) };
  }

  function record(attempt: GuardedAttempt, how: AttemptEnd, revealed: Partial<KnownUser>): void {
    if (how === 'not-counted') return;
    const before = users.find(locate(attempt).key);
    const { key, typed, fingerprint } = learn(attempt, revealed);
    // What a familiar browser tries counts for the user too: the directory counts it.
    const counted = new Set([key, limiterOf(attempt, key).key]);
    if (how !== 'right') {
      for (const each of counted) count(users.keep(each), { fingerprint, typed, atMs: now(), certain: how === 'wrong' });
      if (how === 'wrong') noteSpraying(attempt, key);
      return;
    }
    // Directories reset their count at a right password. Attempts under another user's name with the same short form stay.
    if (revealed.subject !== undefined) for (const user of [...counted].map(users.find)) if (!user.shared) user.attempts = [];
    before.attempts = before.attempts.filter((other) => other.typed !== typed);
    users.release(key);
  }

  function noteSpraying({ connectionId, password, remoteAddress }: GuardedAttempt, userKey: string): void {
    const count = spraying.wrong(keyOf('sprayed', connectionId, password), userKey, now());
    if (count !== undefined) onSpray({ connectionId, users: count, remoteAddress });
  }

  /** @returns milliseconds to wait for reasons other than this user's own attempts */
  function reserve({ connectionId, password, remoteAddress, isFamiliarBrowser }: GuardedAttempt, userKey: string): number | undefined {
    // Its own budget is small enough.
    if (isFamiliarBrowser) return undefined;
    const sprayed = keyOf('sprayed', connectionId, password);
    const waitMs =
      spraying.wait(sprayed, userKey, now()) || (remoteAddress === undefined ? undefined : addresses.reserve(remoteAddress, now()));
    if (waitMs === undefined) spraying.tried(sprayed, now());
    return waitMs;
  }

  function settle({ remoteAddress, isFamiliarBrowser }: GuardedAttempt, how: AttemptEnd, outcome: SignInOutcome): void {
    if (remoteAddress === undefined || isFamiliarBrowser) return;
    const isUnknown = 'failure' in outcome && outcome.failure.wireName === 'WrongUsername';
    const counts: AddressCount = how === 'wrong' && isUnknown ? 'unknown' : how === 'wrong' || how === 'mismatched' ? 'wrong' : 'none';
    addresses.settle(remoteAddress, counts, now());
  }

  /** The first attempt with a password: others with the same one wait for it. */
  function lead(attempt: GuardedAttempt, key: string, fingerprint: string): Admission {
    const { promise: ended, resolve } = Promise.withResolvers<Failure | undefined>();
    const user = users.keep(key);
    user.trying = { fingerprint, ended };
    return {
      kind: 'admitted',
      end(how, outcome) {
        record(attempt, how, 'failure' in outcome ? outcome.failure : outcome);
        settle(attempt, how, outcome);
        user.trying = undefined;
        users.release(key);
        resolve('failure' in outcome ? outcome.failure : undefined);
      },
    };
  }

  /** One of several attempts with a password that was just right: nothing to limit, and they run side by side. */
  function follow(attempt: GuardedAttempt, key: string, fingerprint: string): Admission {
    const user = users.keep(key);
    user.proven.set(fingerprint, (user.proven.get(fingerprint) ?? 0) + 1);
    return {
      kind: 'admitted',
      end(how, outcome) {
        record(attempt, how, 'failure' in outcome ? outcome.failure : outcome);
        const left = (user.proven.get(fingerprint) ?? 1) - 1;
        if (left === 0 || how === 'wrong') user.proven.delete(fingerprint);
        else user.proven.set(fingerprint, left);
        users.release(key);
      },
    };
  }

  return {
    async admit(attempt) {
      const startedAtMs = now();
      for (;;) {
        const located = locate(attempt);
        const { fingerprint } = located;
        const { key, limit } = limiterOf(attempt, located.key);
        const user = users.find(key);
        if (user.proven.has(fingerprint)) return follow(attempt, key, fingerprint);
        const waitMs = waitOf(user, limit, now());
        if (waitMs > 0) return limited(waitMs);
        if (isKnownWrong(user, fingerprint, limit, now())) return { kind: 'known-wrong' };
        // Without a limit, parallel attempts cannot exceed one.
        if (user.trying === undefined || limit.attempts === 0) {
          const otherWaitMs = reserve(attempt, located.key);
          return otherWaitMs === undefined ? lead(attempt, key, fingerprint) : limited(otherWaitMs);
        }
        const same = user.trying.fingerprint === fingerprint;
        if (!same && (user.waiting >= MAX_WAITING || now() - startedAtMs > MAX_WAIT_MS)) return limited(BUSY_RETRY_MS);
        if (!same) user.waiting++;
        const failure = await user.trying.ended;
        if (!same) user.waiting--;
        else if (failure !== undefined) return { kind: 'shared', failure };
        else {
          const found = locate(attempt);
          return follow(attempt, limiterOf(attempt, found.key).key, found.fingerprint);
        }
      }
    },
    forgive(connectionId, username, user) {
      record({ connectionId, username, password: '', remoteAddress: undefined }, 'right', user);
    },
  };
}

function limitsOf(settings: GuardSettings): UserLimits {
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
