/**
 * Keeps guessers from locking accounts: a password is not tried if a wrong one would leave fewer attempts than LOCKOUT_RESERVE before the
 * directory locks the account. The directory's own count decides, which no number of connectors, names or ways to sign in multiplies.
 */
import type { Failure } from '@landbridge/protocol';
import { CodedError, createSemaphore, type Log, type Semaphore } from '@landbridge/runtime';
import { LRUCache } from 'lru-cache';
import type { Directory } from '../../ldap/directory.ts';
import { dnKey } from '../../ldap/dn.ts';
import type { Entry } from '../../ldap/entry.ts';
import { cannotHaveBeenSent, LdapError } from '../../ldap/errors.ts';
import { ANY_ENTRY } from '../../ldap/filter.ts';
import { isShown } from '../find.ts';
import { FAILURE_ATTRIBUTES, failureCount } from './failure-count.ts';
import { createLockoutPolicyOf } from './lockout-policy.ts';

/** The password was not tried. */
export interface Held {
  held: {
    /** Wrong passwords that the directory counts. */
    failures: number;
    /** This many lock the account. */
    maxFailures: number;
    /** Undefined: until the right password is used elsewhere. */
    retryAfterSeconds: number | undefined;
  };
}

export interface Lockout {
  /** To request with a user's entry, besides others. */
  readonly attributes: readonly string[];
  /** The entry without what was requested for this part alone. */
  strip(entry: Entry): Entry;
  /**
   * Runs one attempt of a user at a time, if the directory's count permits it. If the count was read before another attempt ended, or comes
   * from a server that cannot be asked now, it is read again.
   *
   * @param found when the search for the entry began, by `performance.now()`
   * @param tryPassword sends the password once, to this server: counts differ between servers
   * @throws BUSY, LdapError, and what `tryPassword` throws
   */
  attempt<T>(
    found: { entry: Entry; sinceMs: number },
    tryPassword: (server: string | undefined) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T | Held>;
}

/** Attempts of one user that wait for their turn. */
const MAX_WAITING = 64;
/** Users whose last attempt is remembered. */
const MAX_REMEMBERED = 10_000;
/** A sign-in is waiting: after three servers have failed, no fourth is asked. */
const MAX_SERVERS_ASKED = 3;

export function createLockout(options: {
  directory: Directory;
  /** LOCKOUT_RESERVE */
  reserve: number;
  /** Requested with users' entries for other parts. */
  attributes: readonly string[];
  log: Log;
}): Lockout {
  const { directory, reserve, log } = options;
  if (reserve === 0) return { attributes: [], strip: (entry) => entry, attempt: (_found, tryPassword) => tryPassword(undefined) };

  const policyOf = createLockoutPolicyOf({ directory, log });
  const inTurn = createTurns();
  const requested = new Set(options.attributes.map((name) => name.toLowerCase()));
  const hidden = FAILURE_ATTRIBUTES.map((name) => name.toLowerCase()).filter((name) => !requested.has('*') && !requested.has(name));
  /** When the last attempt of a user ended. */
  let forgottenMs = 0;
  const endedMs = new LRUCache<string, number>({
    max: MAX_REMEMBERED,
    dispose: (ended, _key, reason) => {
      if (reason === 'evict') forgottenMs = ended;
    },
  });

  async function read(entry: Entry, signal: AbortSignal): Promise<Entry> {
    const request = { searchBase: entry.dn, scope: 'base' as const, filter: ANY_ENTRY, attributes: FAILURE_ATTRIBUTES };
    return (await directory.search(request, { signal })).entries[0] ?? { dn: entry.dn, attributes: new Map() };
  }

  async function check(entry: Entry): Promise<Held | undefined> {
    const count = failureCount(entry);
    if (count === undefined) return undefined;
    const policy = await policyOf(entry, count.counter);
    if (policy === undefined || policy.maxFailures === 0) return undefined;
    const nowMs = Date.now();
    if (count.isLocked(policy, nowMs)) return undefined;
    const ends = count.endsMs(policy, nowMs);
    // With a threshold as low as the reserve, no user could ever sign in: one attempt is always left.
    const permitted = policy.maxFailures - Math.min(reserve, policy.maxFailures - 1);
    const endMs = ends[ends.length - permitted];
    if (endMs === undefined) return undefined;
    const retryAfterSeconds = Number.isFinite(endMs) ? Math.max(1, Math.ceil((endMs - nowMs) / 1000)) : undefined;
    return { held: { failures: ends.length, maxFailures: policy.maxFailures, retryAfterSeconds } };
  }

  return {
    attributes: FAILURE_ATTRIBUTES,
    strip(entry) {
      const attributes = new Map(entry.attributes);
      for (const name of hidden) attributes.delete(name);
      return { ...entry, attributes };
    },
    attempt({ entry, sinceMs }, tryPassword, signal) {
      const key = dnKey(entry.dn);
      return inTurn(key, signal, async () => {
        let current = entry;
        if (isShown(entry) && (endedMs.get(key) ?? forgottenMs) >= sinceMs) current = await read(entry, signal);
        for (let tries = 1; ; tries++) {
          const held = await check(current);
          if (held !== undefined) return held;
          try {
            return await tryPassword(current.readFrom);
          } catch (error) {
            const { readFrom } = current;
            const mayRepeat = readFrom !== undefined && error instanceof LdapError && cannotHaveBeenSent(error);
            if (!mayRepeat || tries === MAX_SERVERS_ASKED) throw error;
            current = await read(entry, signal);
            // A single server is asked a second time, over a new connection, unless it answered that it does not serve.
            if (current.readFrom === readFrom && (error.resultCode !== undefined || tries > 1)) throw error;
          } finally {
            endedMs.set(key, performance.now());
          }
        }
      });
    },
  };
}

/** @param refusal with the user's profile, as for a wrong password: which it is to hubs that know no better */
export function heldFailure(
  { retryAfterSeconds }: Pick<Held['held'], 'retryAfterSeconds'>,
  { failure }: { failure: Failure },
): { failure: Failure } {
  return { failure: { ...failure, code: 'too_many_attempts', retryAfterSeconds } };
}

/** Runs tasks with the same key one after the other. */
function createTurns() {
  const turns = new Map<string, { semaphore: Semaphore; tasks: number }>();
  return async <T>(key: string, signal: AbortSignal, task: () => Promise<T>): Promise<T> => {
    const turn = turns.get(key) ?? { semaphore: createSemaphore({ maxRunning: 1, maxWaiting: MAX_WAITING, rejection: busy }), tasks: 0 };
    turns.set(key, turn);
    turn.tasks++;
    try {
      return await turn.semaphore.run(task, signal);
    } finally {
      if (--turn.tasks === 0) turns.delete(key);
    }
  };
}

function busy(): CodedError {
  return new CodedError('BUSY', 'Too many sign-ins of one user are in progress; try again');
}
