/** The connector's own limits per minute, which a compromised hub cannot raise: wrong passwords per user, sign-ins in total, and searches. */
import { CodedError, createLiveCounters } from '@landbridge/runtime';
import { dnKey } from '../ldap/dn.ts';
import type { Entry } from '../ldap/entry.ts';

export interface RateLimits {
  /** @throws CodedError RATE_LIMITED */
  signIn(): void;
  /**
   * Called before a password is checked. It counts as wrong until `accepted`, so that parallel attempts cannot exceed the limit together. All names
   * of a user share one count. @returns undefined, or the seconds until the user may try again
   */
  userWaits(entry: Entry): number | undefined;
  /** The password was right. */
  accepted(entry: Entry): void;
  /** @throws CodedError RATE_LIMITED */
  search(): void;
  /** A list counts as one search per page. */
  found(entries: number): void;
}

const MINUTE_MS = 60_000;
const PAGE = 1000;
const MAX_USERS = 20_000;
const SHARED_COUNTERS = 1024;

interface Window {
  count: number;
  endsMs: number;
}

export function createRateLimits(
  settings: { WRONG_PASSWORDS_PER_USER_PER_MINUTE: number; SIGN_INS_PER_MINUTE: number; SEARCHES_PER_MINUTE: number },
  now: () => number = () => performance.now(),
): RateLimits {
  const create = (): Window => ({ count: 0, endsMs: now() + MINUTE_MS });
  const users = createLiveCounters<Window>({ max: MAX_USERS, shared: SHARED_COUNTERS, create, isLive: ({ endsMs }) => endsMs > now() });
  const signIns = create();
  const searches = create();

  /** @returns whether the limit still allows it; 0 means no limit */
  function count(window: Window, limit: number, by: number): boolean {
    if (window.endsMs <= now()) Object.assign(window, create());
    if (limit !== 0 && window.count >= limit) return false;
    window.count += by;
    return true;
  }

  return {
    signIn() {
      if (!count(signIns, settings.SIGN_INS_PER_MINUTE, 1)) throw limited('SIGN_INS_PER_MINUTE');
    },
    userWaits(entry) {
      const window = users.keep(dnKey(entry.dn));
      return count(window, settings.WRONG_PASSWORDS_PER_USER_PER_MINUTE, 1)
        ? undefined
        : Math.max(1, Math.ceil((window.endsMs - now()) / 1000));
    },
    accepted(entry) {
      const window = users.keep(dnKey(entry.dn));
      window.count = Math.max(0, window.count - 1);
    },
    search() {
      if (!count(searches, settings.SEARCHES_PER_MINUTE, 1)) throw limited('SEARCHES_PER_MINUTE');
    },
    found(entries) {
      searches.count += Math.max(0, Math.ceil(entries / PAGE) - 1);
    },
  };
}

function limited(name: string): CodedError {
  return new CodedError('RATE_LIMITED', `The request exceeds ${name}`, {
    action: `If this is real load, raise ${name}. Otherwise check which applications use the hub.`,
  });
}
