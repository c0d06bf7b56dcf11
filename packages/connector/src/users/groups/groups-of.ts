/**
 * The groups a user is in, including nested ones, each once, nearest first. How they are found depends on the directory and the settings:
 * `by-member-of.ts` for Active Directory, `by-member.ts` for other directories, `query.ts` if the administrator set a query.
 */
import type { Log } from '@landbridge/runtime';
import { PRIMARY_GROUP_ATTRIBUTES } from '../../ldap/active-directory/primary-group.ts';
import type { Directory } from '../../ldap/directory.ts';
import type { Entry } from '../../ldap/entry.ts';
import { LdapError } from '../../ldap/errors.ts';
import type { Queries } from '../queries.ts';
import { createGroupsByMember, OWN_ATTRIBUTES_FOR_GROUPS } from './by-member.ts';
import { createGroupsByMemberOf } from './by-member-of.ts';
import type { GroupSettings, Reference } from './group.ts';
import type { KnownGroups, Seen } from './known-groups.ts';
import { createGroupsByQuery } from './query.ts';
import type { FoundGroup } from './walk.ts';

/** Attributes to request of a user's entry. `memberOf` is operational in some directories, so `*` does not include it. */
export { OWN_ATTRIBUTES_FOR_GROUPS };
export const USER_ATTRIBUTES_FOR_GROUPS: readonly string[] = ['memberOf', ...PRIMARY_GROUP_ATTRIBUTES];

export interface GroupsOptions extends GroupSettings {
  directory: Directory;
  /** The maximum age of a cached group; 0 disables the cache. */
  cacheSeconds: number;
  /** How long groups are kept for when the directory does not answer; 0: no longer than `cacheSeconds`. */
  staleSeconds: number;
  timeoutSeconds: number;
  derefAliases: number;
  /** Called if refreshing groups in use failed. */
  onRefreshFailed(error: unknown): void;
  log: Log;
  /** A monotonic clock in milliseconds. */
  now: () => number;
}

export interface FoundGroups {
  /** For the profile. */
  groups: readonly FoundGroup[];
  /** Groups outside `LDAP_BASE_GROUPS` that lead to others. */
  passedThrough: readonly FoundGroup[];
  /** `searched`: the directory was asked; `cached`: there was no need to; `stale`: it did not answer, and outdated groups are used. */
  from: 'searched' | 'cached' | 'stale';
}

/** If the directory does not answer: throw, or use groups up to `staleSeconds` old and throw only if there are none. */
export type OnFailure = 'throw' | 'stale';

export interface GroupFinder {
  /**
   * @param user the entry, with `USER_ATTRIBUTES_FOR_GROUPS`
   * @returns undefined if no search is allowed and the entry does not name the groups
   * @throws LdapError if the directory cannot say; LDAP_TIMEOUT after `timeoutSeconds`; LDAP_ABORTED
   */
  groupsOf(user: Entry, queries: Queries, signal: AbortSignal | undefined, onFailure: OnFailure): Promise<FoundGroups | undefined>;
}

/** How groups are looked up, from the cache or the directory. */
export interface Look {
  /** Only cached groups count, whatever their age. */
  memoryOnly: boolean;
  signal: AbortSignal;
  /** @throws what the search throws; with `memoryOnly` NOT_CACHED */
  at<R extends Reference>(known: KnownGroups<R>, references: readonly R[]): Promise<Map<string, Seen>>;
}

/** One method of finding groups; returns undefined if nothing is cached and no search is allowed. */
export type GroupsOf = (user: Entry, look: Look) => Promise<Pick<FoundGroups, 'groups' | 'passedThrough'> | undefined>;

const NOT_CACHED = Symbol('a group on the path is not cached');

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
    if (found === undefined) throw new TypeError('a search for groups returned nothing');
    return { ...found, from: searched || found.groups.some(({ ageMs }) => ageMs === undefined) ? 'searched' : 'cached' };
  }

  async function remember(user: Entry, find: GroupsOf): Promise<FoundGroups | undefined> {
    try {
      const found = await find(user, {
        memoryOnly: true,
        signal: new AbortController().signal,
        async at(known, references) {
          const seen = known.fromCache(references);
          if (seen === undefined) throw NOT_CACHED;
          return seen;
        },
      });
      return found && { ...found, from: 'stale' };
    } catch (error) {
      if (error === NOT_CACHED) return undefined;
      throw error;
    }
  }

  return {
    async groupsOf(user, queries, signal, onFailure) {
      const find = wayFor(queries);
      const ending = new AbortController();
      const end = (error: LdapError) => ending.abort(error);
      const onAbort = () => end(new LdapError('LDAP_ABORTED', 'The caller gave up', { cause: signal?.reason }));
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
      return createGroupsByMember(options, groupsSearchBase);
  }
}
