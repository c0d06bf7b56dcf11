/**
 * Groups of directories without a rule for nesting: one search for the direct ones, then upwards, one search for each group whose
 * parents are not known. Parents are kept by group; people who ask for the same group at the same time share its search.
 */
import { type Entry, firstText } from '../../ldap/entry.ts';
import { anyOf, type BoundFilter, withValue } from '../../ldap/filter.ts';
import type { GroupQueries } from '../queries.ts';
import { createGroupCache } from './cache.ts';
import { type Group, groupAttributes, readGroup } from './group.ts';
import type { FoundGroup, FoundGroups, GroupsOptions } from './groups-of.ts';

export function createGroupWalk(options: GroupsOptions) {
  const { directory } = options;
  /** The groups that a group is a direct member of. */
  const parents = createGroupCache<readonly Group[]>(options.cacheSeconds, options.now);
  const underWay = new Map<string, Promise<readonly Group[]>>();
  const attributes = groupAttributes(options);

  return async function groupsByWalk(
    user: Entry,
    searchBase: string,
    queries: GroupQueries & { how: 'walk' },
    signal: AbortSignal | undefined,
  ): Promise<FoundGroups> {
    const deadline = Date.now() + options.timeoutSeconds * 1000;
    const uid = firstText(user, 'uid');
    const ofUser = [withValue(queries.ofUser, user.dn), ...(uid === undefined ? [] : [withValue(queries.ofUserName, uid)])];
    const direct = await search(searchBase, anyOf(ofUser), deadline, signal);
    const groups: FoundGroup[] = [];
    const seen = new Set<string>();
    let level = direct.map((group): { group: Group; through: string | undefined } => ({ group, through: undefined }));
    for (let depth = 0; level.length > 0; depth++) {
      const fresh = level.filter(({ group }) => !seen.has(group.key) && seen.add(group.key));
      groups.push(...fresh.map((found) => ({ ...found, direct: depth === 0 })));
      const above = await Promise.all(
        fresh.map(async ({ group }) =>
          (await parentsOf(group, searchBase, queries, deadline)).map((parent) => ({ group: parent, through: group.dn })),
        ),
      );
      level = above.flat();
    }
    return { groups, fromCache: false };
  };

  function parentsOf(
    group: Group,
    searchBase: string,
    queries: GroupQueries & { how: 'walk' },
    deadline: number,
  ): Promise<readonly Group[]> {
    const known = parents.get(group.key);
    if (known !== undefined) return Promise.resolve(known);
    const running = underWay.get(group.key);
    if (running !== undefined) return running;
    const lookup = search(searchBase, withValue(queries.ofGroup, group.dn), deadline, undefined)
      .then((found) => {
        parents.set(group.key, found);
        return found;
      })
      .finally(() => underWay.delete(group.key));
    underWay.set(group.key, lookup);
    return lookup;
  }

  async function search(
    searchBase: string,
    filter: BoundFilter,
    deadline: number,
    signal: AbortSignal | undefined,
  ): Promise<readonly Group[]> {
    const timeoutMs = Math.max(1, deadline - Date.now());
    const { entries } = await directory.search(
      { searchBase, scope: 'sub', filter, attributes, timeLimitSeconds: Math.ceil(timeoutMs / 1000), derefAliases: options.derefAliases },
      { timeoutMs, signal },
    );
    return entries.map((entry) => readGroup(entry, options));
  }
}
