/**
 * A user's groups in Active Directory: the ones that `memberOf` names and the primary group, then the `memberOf` of each, upwards. The result
 * is that of the in-chain rule plus the primary group and its parents, at a fraction of the cost.
 */
import { primaryGroupSid } from '../../ldap/active-directory/primary-group.ts';
import { dnKey, isWithin } from '../../ldap/dn.ts';
import type { Entry } from '../../ldap/entry.ts';
import { ANY_ENTRY, parseFilter, withValue } from '../../ldap/filter.ts';
import { allValues } from '../../ldap/ranges.ts';
import type { GroupQueries } from '../queries.ts';
import { type Reference, readGroup, referenceTo } from './group.ts';
import { createGroupSearch } from './group-search.ts';
import type { GroupsOf, GroupsOptions, Look } from './groups-of.ts';
import { createKnownGroups } from './known-groups.ts';
import { createReadByName, referenceToSid, type SidReference } from './read-by-name.ts';
import { createReadParents } from './read-parents.ts';
import { createRunQueries } from './refused-queries.ts';
import { type Start, walkUpwards } from './walk.ts';

/** Only groups have members. Samba has no index on members and would otherwise scan everything, not just the groups. */
const MEMBERS_OF = parseFilter('(&(objectCategory=group)(member={0}))');

/** @returns finds the groups of a user's entry @throws LdapError if the directory cannot say */
export function createGroupsByMemberOf(
  options: GroupsOptions,
  { searchBases }: GroupQueries & { how: 'memberOf' },
  groupsSearchBase: string,
): GroupsOf {
  const { directory } = options;
  const timeoutMs = options.timeoutSeconds * 1000;
  const search = createGroupSearch(options);
  const readParents = createReadParents({
    ...options,
    run: createRunQueries({ ...options, search }),
    membersOf: (dn) => [{ name: 'member', filter: withValue(MEMBERS_OF, dn) }],
    memberAttributes: ['member'],
  });
  const readByName = createReadByName({ ...options, search, readParents });

  const groups = createKnownGroups<Reference | SidReference>({ ...options, read: (references) => readByName(references, searchBases) });
  /**
   * A user without `memberOf` is in no group, or the service account may not read it; then the groups are searched. A result without groups
   * is cached. One with groups is not: direct membership is never cached.
   */
  const unlisted = createKnownGroups({
    ...options,
    read: (users) => readParents(users, searchBases[0] ?? ''),
    mayKeep: ({ parents }) => parents.length === 0,
    missingSeconds: options.cacheSeconds,
  });
  /** The base below which groups are reported, in the directory's own spelling, which may differ from the setting's. */
  const bases = createKnownGroups({
    ...options,
    async read(references) {
      const read = references.map(async ({ key, dn }) => {
        const [entry] = await search(dn, ANY_ENTRY, ['1.1'], 'base');
        return [key, { group: entry && readGroup(entry, options), parents: [] }] as const;
      });
      return new Map(await Promise.all(read));
    },
  });

  const baseReference = referenceTo(groupsSearchBase);
  const isWholeDomain = searchBases.some((base) => dnKey(base) === baseReference.key);

  async function reportedBelow(look: Look): Promise<string> {
    if (isWholeDomain) return baseReference.key;
    return (await look.at(bases, [baseReference])).get(baseReference.key)?.known.group?.key ?? baseReference.key;
  }

  async function startOf(user: Entry, look: Look): Promise<Start[]> {
    const memberOf = await allValues(directory, user, 'memberOf', { timeoutMs });
    let direct = memberOf.map((dn) => referenceTo(dn.toString()));
    if (direct.length === 0) {
      const reference = referenceTo(user.dn);
      const seen = await look.at(unlisted, [reference]);
      direct = seen.get(reference.key)?.known.parents.map(({ key, dn }) => ({ key, dn })) ?? [];
    }
    const sid = primaryGroupSid(user);
    const primary: SidReference[] = sid === undefined ? [] : [referenceToSid(sid)];
    return [
      ...direct.map((reference) => ({ reference, how: 'direct' as const })),
      ...primary.map((reference) => ({ reference, how: 'primary' as const })),
    ];
  }

  return async (user, look) => {
    const [baseKey, start] = await Promise.all([reportedBelow(look), startOf(user, look)]);
    const found = await walkUpwards(start, (level) => look.at(groups, level));
    const { reported = [], passedThrough = [] } = Object.groupBy(found, ({ key }) =>
      isWithin(key, baseKey) ? 'reported' : 'passedThrough',
    );
    return { groups: reported, passedThrough };
  };
}
