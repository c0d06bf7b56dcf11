/**
 * A user's groups in directories in which only the groups know their members (`member`, `uniqueMember`, and `memberUid` with a user name):
 * one search for the direct groups, then upwards, one search per level for many groups.
 */
import { firstText } from '../../ldap/entry.ts';
import { anyOf, withValue } from '../../ldap/filter.ts';
import type { GroupQueries } from '../queries.ts';
import { groupAttributes, type Reference, readGroup, referenceTo } from './group.ts';
import { createGroupSearch } from './group-search.ts';
import type { GroupsOf, GroupsOptions } from './groups-of.ts';
import { createKnownGroups } from './known-groups.ts';
import { createReadParents } from './read-parents.ts';
import { walkUpwards } from './walk.ts';

interface UserReference extends Reference {
  uid: string | undefined;
}

/** @returns finds the groups of a user's entry @throws LdapError if the directory cannot say */
export function createGroupsByMember(options: GroupsOptions, queries: GroupQueries & { how: 'member' }, searchBase: string): GroupsOf {
  const search = createGroupSearch(options);
  const attributes = groupAttributes(options);
  const readParents = createReadParents({
    ...options,
    search,
    membersOf: queries.ofGroup,
    memberAttributes: queries.memberAttributes,
  });
  const groups = createKnownGroups({ ...options, read: (references) => readParents(references, searchBase) });
  /** Direct membership is searched each time; it is cached only for when the search fails. */
  const users = createKnownGroups<UserReference>({ ...options, cacheSeconds: 0, read: directGroups });

  async function directGroups(references: readonly UserReference[]) {
    const read = references.map(async ({ key, dn, uid }) => {
      const filters = [withValue(queries.ofUser, dn), ...(uid === undefined ? [] : [withValue(queries.ofUserName, uid)])];
      const entries = await search(searchBase, anyOf(filters), attributes);
      return [key, { group: undefined, parents: entries.map((entry) => readGroup(entry, options)) }] as const;
    });
    return new Map(await Promise.all(read));
  }

  return async (user, look) => {
    const reference: UserReference = { ...referenceTo(user.dn), uid: firstText(user, 'uid') };
    const direct = (await look.at(users, [reference])).get(reference.key)?.known.parents ?? [];
    const start = direct.map((reference) => ({ reference, how: 'direct' as const }));
    return { groups: await walkUpwards(start, (level) => look.at(groups, level)), passedThrough: [] };
  };
}
