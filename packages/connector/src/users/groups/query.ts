/**
 * Groups by one search per person, with the administrator's query or Active Directory's in-chain rule. What it finds is kept by
 * group with the `memberOf` of each, so that the next person whose groups are all known needs no search.
 */
import { dnKey } from '../../ldap/dn.ts';
import { allTexts, type Entry } from '../../ldap/entry.ts';
import { type Filter, usesRule, withValue } from '../../ldap/filter.ts';
import { PAGED_RESULTS_OID } from '../../ldap/messages.ts';
import { IN_CHAIN_RULE } from '../queries.ts';
import { createGroupCache } from './cache.ts';
import { type Group, groupAttributes, readGroup } from './group.ts';
import type { FoundGroup, FoundGroups, GroupsOptions } from './groups-of.ts';

/** Active Directory returns at most 1000 entries unless they are asked for in pages. */
const PAGE_SIZE = 1000;

export function createGroupQuery(options: GroupsOptions) {
  const { directory } = options;
  const now = options.now ?? (() => performance.now());
  const cache = createGroupCache<Group>(options.cacheSeconds, now);
  const attributes = groupAttributes(options);
  const timeoutMs = options.timeoutSeconds * 1000;
  const underWay = new Map<string, Promise<FoundGroups>>();
  /** Until then the cache answers nobody: a search found groups to which no `memberOf` leads. */
  let cacheDistrustedUntil = Number.NEGATIVE_INFINITY;

  return async function groupsByQuery(
    user: Entry,
    searchBase: string,
    filter: Filter,
    signal: AbortSignal | undefined,
  ): Promise<FoundGroups> {
    const direct = allTexts(user, 'memberOf').map(dnKey);
    const transitive = usesRule(filter, IN_CHAIN_RULE);
    // Someone without memberOf may be in groups that the directory does not list there.
    if (direct.length > 0 && now() >= cacheDistrustedUntil) {
      const known = reach(direct, transitive, (key) => cache.get(key));
      if (known.missing === undefined) return { groups: known.groups, fromCache: true };
    }
    const key = dnKey(user.dn);
    const running = underWay.get(key);
    if (running !== undefined) return running;
    // Others may join, so one caller's signal must not end it; its time-out does.
    const lookup = find(user, direct, transitive, searchBase, filter).finally(() => underWay.delete(key));
    underWay.set(key, lookup);
    return unlessAborted(lookup, signal);
  };

  async function find(user: Entry, direct: string[], transitive: boolean, searchBase: string, filter: Filter): Promise<FoundGroups> {
    const paged = (await directory.rootDse()).supportedControls.has(PAGED_RESULTS_OID) ? { pageSize: PAGE_SIZE } : {};
    const { entries } = await directory.search(
      {
        searchBase,
        scope: 'sub',
        filter: withValue(filter, user.dn),
        attributes,
        timeLimitSeconds: options.timeoutSeconds,
        derefAliases: options.derefAliases,
        ...paged,
      },
      { timeoutMs },
    );
    const found = new Map<string, Group>();
    for (const entry of entries) {
      const group = readGroup(entry, options);
      found.set(group.key, group);
      cache.set(group.key, group);
    }
    const { groups } = reach(direct, transitive, (key) => found.get(key));
    const reached = new Set(groups.map(({ group }) => group.key));
    const others = [...found.values()].filter((group) => !reached.has(group.key));
    // The query and memberOf disagree: then memberOf cannot stand in for the query.
    if (others.length > 0) cacheDistrustedUntil = now() + options.cacheSeconds * 1000;
    return {
      groups: [...groups, ...others.map((group) => ({ group, through: undefined, direct: direct.length === 0 && !transitive }))],
      fromCache: false,
    };
  }
}

/** Breadth first from the direct groups upwards; `missing` is a group on the way that is not known. */
export function reach(
  direct: readonly string[],
  transitive: boolean,
  lookUp: (key: string) => Group | undefined,
): { groups: FoundGroup[]; missing: string | undefined } {
  const groups: FoundGroup[] = [];
  const seen = new Set<string>();
  let missing: string | undefined;
  let level = direct.map((key): { key: string; through: string | undefined } => ({ key, through: undefined }));
  for (let depth = 0; level.length > 0; depth++) {
    const next: { key: string; through: string | undefined }[] = [];
    for (const { key, through } of level) {
      if (seen.has(key)) continue;
      seen.add(key);
      const group = lookUp(key);
      if (group === undefined) {
        missing ??= key;
        continue;
      }
      groups.push({ group, through, direct: depth === 0 });
      if (transitive) for (const parent of group.memberOf) next.push({ key: parent, through: group.dn });
    }
    level = next;
  }
  return { groups, missing };
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  return Promise.race([work, aborted.promise]).finally(() => signal.removeEventListener('abort', onAbort));
}
