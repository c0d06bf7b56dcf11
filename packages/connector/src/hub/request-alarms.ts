/** Notices when the hub's requests look like password guessing or name harvesting. The hub may be compromised, or may fail to stop an attacker. */
import type { Log } from '@landbridge/runtime';
import type { HubUsers } from './dispatch.ts';

export interface RequestAlarm {
  kind: 'unknown-names' | 'wrong-passwords' | 'wide-searches';
  text: string;
  at: Date;
}

export interface RequestAlarms {
  readonly users: HubUsers;
  /** The latest alarm of each kind within the last day. */
  recent(): RequestAlarm[];
}

const WINDOW_MS = 10 * 60_000;
const RECENT_MS = 24 * 60 * 60_000;
/** Wrong passwords per window. They must also be at least half of the sign-ins, because a busy morning has many typing errors among more successes. */
const MAX_UNKNOWN_NAMES = 100;
const MAX_USERS_WITH_WRONG_PASSWORDS = 50;
/** Entries in list answers per window. */
const MAX_LISTED = 20_000;

export function watchHubRequests(users: HubUsers, log: Log, now: () => number = Date.now): RequestAlarms {
  const latest = new Map<RequestAlarm['kind'], RequestAlarm>();
  const begin = () => ({
    endsMs: now() + WINDOW_MS,
    signIns: 0,
    unknown: new Set<string>(),
    wrong: new Set<string>(),
    listed: 0,
    raised: new Set<RequestAlarm['kind']>(),
  });
  let window = begin();

  function current() {
    if (window.endsMs <= now()) window = begin();
    return window;
  }

  function raise(kind: RequestAlarm['kind'], text: string): void {
    const { raised } = window;
    if (raised.has(kind)) return;
    raised.add(kind);
    latest.set(kind, { kind, text, at: new Date(now()) });
    log.warn({ kind }, `The hub's requests look like an attack: ${text}`);
  }

  function look(): void {
    const { signIns, unknown, wrong, listed } = window;
    if (unknown.size >= MAX_UNKNOWN_NAMES && unknown.size * 2 >= signIns)
      raise('unknown-names', `${unknown.size} unknown user names within ten minutes`);
    if (wrong.size >= MAX_USERS_WITH_WRONG_PASSWORDS && wrong.size * 2 >= signIns)
      raise('wrong-passwords', `wrong passwords for ${wrong.size} users within ten minutes`);
    if (listed >= MAX_LISTED) raise('wide-searches', `${listed} users and groups listed within ten minutes`);
  }

  function noteSignIn(username: string, outcome: Awaited<ReturnType<HubUsers['authenticate' | 'changePassword']>>): void {
    const { unknown, wrong } = current();
    window.signIns++;
    const wireName = 'failure' in outcome ? outcome.failure.wireName : undefined;
    const names = wireName === 'WrongUsername' ? unknown : wireName === 'WrongPassword' ? wrong : undefined;
    // Long enough to tell names apart and short enough to keep in memory.
    if (names !== undefined && names.size < MAX_LISTED) names.add(username.slice(0, 64).toLowerCase());
    look();
  }

  function noteList(entries: number): void {
    current().listed += entries;
    look();
  }

  return {
    users: {
      async authenticate(claims, context) {
        const outcome = await users.authenticate(claims, context);
        noteSignIn(claims.username, outcome);
        return outcome;
      },
      async searchUsers(claims, context) {
        const outcome = await users.searchUsers(claims, context);
        if ('users' in outcome) noteList(outcome.users.length);
        return outcome;
      },
      async listGroups(claims, context) {
        const outcome = await users.listGroups(claims, context);
        if ('groups' in outcome) noteList(outcome.groups.length);
        return outcome;
      },
      passwordTimes: (claims, context) => users.passwordTimes(claims, context),
      async changePassword(claims, context) {
        const outcome = await users.changePassword(claims, context);
        // An old password can be guessed like any other.
        noteSignIn(claims.username, outcome);
        return outcome;
      },
    },
    recent() {
      for (const [kind, { at }] of latest) if (at.getTime() < now() - RECENT_MS) latest.delete(kind);
      return [...latest.values()];
    },
  };
}
