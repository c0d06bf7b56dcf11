/**
 * The groups that a user's own `memberOf` names, if searching is not possible: direct ones only, known by DN alone. Without `memberOf`,
 * whether the user is in any group is unknown.
 */
import { parseDn } from '../../ldap/dn.ts';
import { allTexts } from '../../ldap/entry.ts';
import { type Group, type GroupSettings, isGroupId, referenceTo } from './group.ts';
import type { GroupFinder } from './groups-of.ts';
import type { FoundGroup } from './walk.ts';

export function createNamedGroups(settings: GroupSettings): GroupFinder {
  return {
    async groupsOf(user) {
      const groups = allTexts(user, 'memberOf').map(
        (dn): FoundGroup => ({ ...namedGroup(dn, settings), how: 'direct', through: undefined, ageMs: undefined }),
      );
      return groups.length === 0 ? undefined : { groups, passedThrough: [], from: 'searched' };
    },
  };
}

/** @returns a group built from its DN alone */
export function namedGroup(dn: string, { property, properties }: GroupSettings): Group {
  const ownName = parseDn(dn)?.[0] ?? [];
  const known = new Map([
    ...ownName.map(({ type, value }) => [type, value] as const),
    ['dn', dn] as const,
    ['distinguishedname', dn] as const,
  ]);
  const value =
    properties.length === 0
      ? (known.get(property.toLowerCase()) ?? (isGroupId(property) ? undefined : ownName[0]?.value))
      : Object.fromEntries(properties.map((name) => [name, known.get(name.toLowerCase())]));
  return { ...referenceTo(dn), value };
}
