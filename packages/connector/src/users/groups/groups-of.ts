/**
 * The groups a person is in, nested ones included, each once, nearest first; from the cache where every group on the way is known.
 * How they are asked for is a matter of `query.ts` (one search finds them all) and `walk.ts` (upwards from the direct ones).
 */
import type { Directory } from '../../ldap/directory.ts';
import type { Entry } from '../../ldap/entry.ts';
import type { Queries } from '../queries.ts';
import type { Group, GroupSettings } from './group.ts';
import { createGroupQuery } from './query.ts';
import { createGroupWalk } from './walk.ts';

export interface GroupsOptions extends GroupSettings {
  directory: Directory;
  cacheSeconds: number;
  timeoutSeconds: number;
  derefAliases: number;
  now?: () => number;
}

export interface FoundGroup {
  group: Group;
  /** The name of the group through which the person is in it; undefined for a direct one, or where the directory does not say. */
  through: string | undefined;
  direct: boolean;
}

export interface FoundGroups {
  groups: FoundGroup[];
  /** No group search was made. */
  fromCache: boolean;
}

export interface GroupFinder {
  /** @throws LdapError where the directory cannot say */
  groupsOf(user: Entry, queries: Queries, signal: AbortSignal | undefined): Promise<FoundGroups>;
}

export function createGroupFinder(options: GroupsOptions): GroupFinder {
  const query = createGroupQuery(options);
  const walk = createGroupWalk(options);
  return {
    groupsOf(user, queries, signal) {
      return queries.groups.how === 'query'
        ? query(user, queries.groupsSearchBase, queries.groups.ofUser, signal)
        : walk(user, queries.groupsSearchBase, queries.groups, signal);
    },
  };
}
