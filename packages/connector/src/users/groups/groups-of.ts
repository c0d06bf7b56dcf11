/**
 * The groups a person is in, nested ones included, each once, nearest first. How they are found follows the directory and the
 * settings: `by-member-of.ts` for Active Directory, `by-member.ts` for others, `query.ts` where the administrator set a query.
 */
import { PRIMARY_GROUP_ATTRIBUTES } from '../../ldap/active-directory/primary-group.ts';
import type { Directory } from '../../ldap/directory.ts';
import type { Entry } from '../../ldap/entry.ts';
import { LdapError } from '../../ldap/errors.ts';
import type { Queries } from '../queries.ts';
import { createGroupsByMember } from './by-member.ts';
import { createGroupsByMemberOf } from './by-member-of.ts';
import type { GroupSettings, Reference } from './group.ts';
import type { KnownGroups, Seen } from './known-groups.ts';
import { createGroupsByQuery } from './query.ts';
import type { FoundGroup } from './walk.ts';

/** What must be asked for of a person's entry. `memberOf` is operational in some directories, and `*` leaves it out. */
export const USER_ATTRIBUTES_FOR_GROUPS: readonly string[] = ['memberOf', ...PRIMARY_GROUP_ATTRIBUTES];

export interface GroupsOptions extends GroupSettings {
  directory: Directory;
  /** No answer is older than that; 0: nothing is remembered. */
  cacheSeconds: number;
  /** How long groups are kept for when the directory cannot say; 0: not beyond `cacheSeconds`. */
  staleSeconds: number;
  timeoutSeconds: number;
  derefAliases: number;
  /** Told why groups that are in use could not be read again. */
  onRefreshFailed(error: unknown): void;
  /** Milliseconds that only grow. */
  now: () => number;
}

export interface FoundGroups {
  /** What the profile has. */
  groups: readonly FoundGroup[];
  /** Groups outside `LDAP_BASE_GROUPS` that lead to others. */
  passedThrough: readonly FoundGroup[];
  /** `searched`: the directory was asked; `remembered`: it did not have to be; `stale`: it could not say, and old answers stand in. */
  from: 'searched' | 'remembered' | 'stale';
}

/** What becomes of the groups when the directory cannot say: an error, or what was known within `staleSeconds`, else an error. */
export type OnFailure = 'throw' | 'stale';

export interface GroupFinder {
  /**
   * @param user the entry, with `USER_ATTRIBUTES_FOR_GROUPS`
   * @returns undefined where nobody may be asked, and the entry does not say
   * @throws LdapError where the directory cannot say; LDAP_TIMEOUT after `timeoutSeconds`; LDAP_ABORTED
   */
  groupsOf(user: Entry, queries: Queries, signal: AbortSignal | undefined, onFailure: OnFailure): Promise<FoundGroups | undefined>;
}

/** How a way of finding groups learns what is known of them. */
export interface Look {
  /** Only what is remembered counts, however old. */
  memoryOnly: boolean;
  signal: AbortSignal;
  /** @throws what the search throws; with `memoryOnly` NOT_REMEMBERED */
  at<R extends Reference>(known: KnownGroups<R>, references: readonly R[]): Promise<Map<string, Seen>>;
}

/** One way of finding groups; undefined where it has nothing in memory and may not ask. */
export type GroupsOf = (user: Entry, look: Look) => Promise<Pick<FoundGroups, 'groups' | 'passedThrough'> | undefined>;

const NOT_REMEMBERED = Symbol('a group on the way is not remembered');

export function createGroupFinder(options: GroupsOptions): GroupFinder {
  let made: { queries: Queries; find: GroupsOf } | undefined;

  function wayFor(queries: Queries): GroupsOf {
    if (made?.queries !== queries) made = { queries, find: createWay(options, queries) };
    return made.find;
  }

  async function ask(user: Entry, find: GroupsOf, signal: AbortSignal): Promise<FoundGroups> {
    let searched = false;
    const found = await find(user, {
      memoryOnly: false,
      signal,
      async at(known, references) {
        const seen = await known.get(references, signal);
        for (const { ageMs } of seen.values()) searched ||= ageMs === undefined;
        return seen;
      },
    });
    if (found === undefined) throw new TypeError('a search for groups gave nothing');
    return { ...found, from: searched || found.groups.some(({ ageMs }) => ageMs === undefined) ? 'searched' : 'remembered' };
  }

  async function remember(user: Entry, find: GroupsOf): Promise<FoundGroups | undefined> {
    try {
      const found = await find(user, {
        memoryOnly: true,
        signal: new AbortController().signal,
        async at(known, references) {
          const seen = known.remembered(references);
          if (seen === undefined) throw NOT_REMEMBERED;
          return seen;
        },
      });
      return found && { ...found, from: 'stale' };
    } catch (error) {
      if (error === NOT_REMEMBERED) return undefined;
      throw error;
    }
  }

  return {
    async groupsOf(user, queries, signal, onFailure) {
      const find = wayFor(queries);
      const ending = new AbortController();
      const end = (error: LdapError) => ending.abort(error);
      const onAbort = () => end(new LdapError('LDAP_ABORTED', 'Nobody waits for the groups any more', { cause: signal?.reason }));
      const timer = setTimeout(
        () =>
          end(new LdapError('LDAP_TIMEOUT', `Finding the groups took longer than ${options.timeoutSeconds} s`, { mayHaveBeenSent: true })),
        options.timeoutSeconds * 1000,
      );
      if (signal?.aborted) onAbort();
      signal?.addEventListener('abort', onAbort, { once: true });
      try {
        return await ask(user, find, ending.signal);
      } catch (error) {
        const stale = onFailure === 'stale' && !signal?.aborted ? await remember(user, find) : undefined;
        if (stale === undefined) throw error;
        options.onRefreshFailed(error);
        return stale;
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener('abort', onAbort);
      }
    },
  };
}

function createWay(options: GroupsOptions, { groups, groupsSearchBase }: Queries): GroupsOf {
  switch (groups.how) {
    case 'query':
      return createGroupsByQuery(options, groups, groupsSearchBase);
    case 'memberOf':
      return createGroupsByMemberOf(options, groups, groupsSearchBase);
    case 'member':
      return createGroupsByMember(options, groups, groupsSearchBase);
  }
}
