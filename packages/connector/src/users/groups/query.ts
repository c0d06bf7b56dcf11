/**
 * Groups by one search per user with the administrator's query. The groups it finds are cached with their `memberOf`, so that the next user
 * whose groups are all cached needs no search.
 */
import { dnKey } from '../../ldap/dn.ts';
import { allTexts, type Entry } from '../../ldap/entry.ts';
import { usesRule, withValue } from '../../ldap/filter.ts';
import { isRanged } from '../../ldap/ranges.ts';
import { type GroupQueries, IN_CHAIN_RULE } from '../queries.ts';
import { type CachedGroup, createGroupCache } from './cache.ts';
import { groupAttributes, type KnownGroup, readGroup, referenceTo } from './group.ts';
import { createGroupSearch } from './group-search.ts';
import type { GroupsOf, GroupsOptions } from './groups-of.ts';
import { unlessAborted } from './known-groups.ts';
import type { FoundGroup } from './walk.ts';

/** @returns finds the groups of a user's entry @throws LdapError if the directory cannot say */
export function createGroupsByQuery(options: GroupsOptions, { ofUser }: GroupQueries & { how: 'query' }, searchBase: string): GroupsOf {
  const { now, cacheSeconds } = options;
  const search = createGroupSearch(options);
  const cache = createGroupCache({ keepSeconds: Math.max(cacheSeconds, options.staleSeconds), now });
  const attributes = groupAttributes(options);
  const transitive = usesRule(ofUser, IN_CHAIN_RULE);
  const underWay = new Map<string, Promise<FoundGroup[]>>();
  /** Until then the cache is not used: a search found groups that no `memberOf` leads to. */
  let cacheDistrustedUntil = Number.NEGATIVE_INFINITY;

  return async (user, look) => {
    const direct = allTexts(user, 'memberOf').map(dnKey);
    // A user without memberOf may be in groups that the directory does not list there.
    if (direct.length > 0 && now() >= cacheDistrustedUntil) {
      const oldestMs = look.memoryOnly ? Number.POSITIVE_INFINITY : cacheSeconds * 1000;
      const known = reach(direct, transitive, (key) => {
        const remembered = cache.get(key);
        return remembered !== undefined && remembered.ageMs < oldestMs ? remembered : undefined;
      });
      if (known.complete) return { groups: known.groups, passedThrough: [] };
    }
    if (look.memoryOnly) return undefined;
    const key = dnKey(user.dn);
    let lookup = underWay.get(key);
    if (lookup === undefined) {
      // Other callers may share it, so one caller's signal must not end it; its timeout does.
      lookup = find(user, direct).finally(() => underWay.delete(key));
      underWay.set(key, lookup);
    }
    return { groups: await unlessAborted(lookup, look.signal), passedThrough: [] };
  };

  async function find(user: Entry, direct: string[]): Promise<FoundGroup[]> {
    const found = new Map<string, KnownGroup & { group: NonNullable<KnownGroup['group']> }>();
    for (const entry of await search(searchBase, withValue(ofUser, user.dn), attributes)) {
      const group = readGroup(entry, options);
      const known = { group, parents: allTexts(entry, 'memberOf').map(referenceTo) };
      found.set(group.key, known);
      // A memberOf that is returned in ranges cannot replace the query.
      if (!isRanged(entry, 'memberOf')) cache.set(group.key, known);
    }
    const { groups } = reach(direct, transitive, (key) => {
      const known = found.get(key);
      return known && { known, ageMs: undefined };
    });
    const reached = new Set(groups.map(({ key }) => key));
    const others = [...found.values()].filter(({ group }) => !reached.has(group.key));
    // Query and memberOf disagree, so memberOf cannot replace the query.
    if (others.length > 0) cacheDistrustedUntil = now() + cacheSeconds * 1000;
    const how = direct.length === 0 && !transitive ? 'direct' : 'found';
    return [...groups, ...others.map(({ group }) => ({ ...group, how, through: undefined, ageMs: undefined }) as const)];
  }
}

/** Breadth first from the direct groups upwards; not `complete` if a group on the path is not cached. */
function reach(
  direct: readonly string[],
  transitive: boolean,
  lookUp: (key: string) => CachedGroup | { known: KnownGroup; ageMs: undefined } | undefined,
): { groups: FoundGroup[]; complete: boolean } {
  const groups: FoundGroup[] = [];
  const seen = new Set<string>();
  let complete = true;
  let level = direct.map((key): { key: string; through: string | undefined } => ({ key, through: undefined }));
  for (let depth = 0; level.length > 0; depth++) {
    const next: { key: string; through: string | undefined }[] = [];
    for (const { key, through } of level) {
      if (seen.has(key)) continue;
      seen.add(key);
      const one = lookUp(key);
      if (one?.known.group === undefined) {
        complete = false;
        continue;
      }
      const { group, parents } = one.known;
      groups.push({ ...group, how: depth === 0 ? 'direct' : 'nested', through, ageMs: one.ageMs });
      if (transitive) for (const parent of parents) next.push({ key: parent.key, through: group.dn });
    }
    level = next;
  }
  return { groups, complete };
}
