/**
 * Finds a user's groups in directories other than Active Directory: groups with the user as a member, by DN (`member`, `uniqueMember`), by user
 * name (`memberUid`) or as the primary group (`gidNumber`), in one search. Then it searches upwards, one search per level for many groups. Groups
 * that only the user's entry names (`memberOf` and similar) are added, unless the group itself lists other members.
 */
import type { Directory } from '../../ldap/directory.ts';
import { dnKey, isWithin } from '../../ldap/dn.ts';
import { allTexts, type Entry, firstText } from '../../ldap/entry.ts';
import { LdapError, RESULT } from '../../ldap/errors.ts';
import { ANY_ENTRY, parseFilter, withValue } from '../../ldap/filter.ts';
import { allValues } from '../../ldap/ranges.ts';
import { type Group, groupAttributes, type KnownGroup, type Reference, readGroup, referenceTo } from './group.ts';
import { createGroupSearch } from './group-search.ts';
import type { GroupsOf, GroupsOptions, Look } from './groups-of.ts';
import { createKnownGroups } from './known-groups.ts';
import { namedGroup } from './named.ts';
import { createReadParents } from './read-parents.ts';
import { createRunQueries, type GroupQuery, isRefused } from './refused-queries.ts';
import { walkUpwards } from './walk.ts';

/** Attributes of a user's entry that name groups. The last one is IBM's. */
const NAMING_ATTRIBUTES = ['memberOf', 'isMemberOf', 'groupMembership', 'ibm-allGroups'];
/** Requested with a user's entry, besides `memberOf`. Mappers do not see them. */
export const OWN_ATTRIBUTES_FOR_GROUPS: readonly string[] = [...NAMING_ATTRIBUTES, 'uid', 'gidNumber', 'x500UniqueIdentifier'];
/** Limits the user names per query. A user has a handful. */
const MAX_NAMES = 20;

const BY_MEMBER = parseFilter('(member={0})');
const BY_UNIQUE_MEMBER = parseFilter('(uniqueMember={0})');
const BY_MEMBER_UID = parseFilter('(memberUid={0})');
const BY_GID_NUMBER = parseFilter('(&(objectClass=posixGroup)(gidNumber={0}))');
const LISTS_MEMBERS = withValue(parseFilter('(|(member=*)(uniqueMember=*)(memberUid=*))'), '');

interface UserReference extends Reference {
  names: string[];
  gidNumber: string | undefined;
  uniqueIdentifiers: string[];
}

/** The clauses that find a group as a member of other groups. */
function memberQueries(dn: string): GroupQuery[] {
  return [
    { name: 'member', filter: withValue(BY_MEMBER, dn) },
    { name: 'uniqueMember', filter: withValue(BY_UNIQUE_MEMBER, dn) },
  ];
}

function userQueries({ dn, names, gidNumber, uniqueIdentifiers }: UserReference): GroupQuery[] {
  return [
    ...memberQueries(dn),
    // Name and optional UID (RFC 4517, section 3.3.21).
    ...uniqueIdentifiers.map((uid) => ({ name: 'uniqueMember with a UID', filter: withValue(BY_UNIQUE_MEMBER, `${dn}#${uid}`) })),
    ...names.map((uid) => ({ name: 'memberUid', filter: withValue(BY_MEMBER_UID, uid) })),
    ...(gidNumber === undefined ? [] : [{ name: 'gidNumber', filter: withValue(BY_GID_NUMBER, gidNumber) }]),
  ];
}

/** @returns finds the groups of a user's entry @throws LdapError if the directory cannot say */
export function createGroupsByMember(options: GroupsOptions, searchBase: string): GroupsOf {
  const { directory } = options;
  const search = createGroupSearch(options);
  const run = createRunQueries({ ...options, search });
  const attributes = groupAttributes(options);
  const baseKey = dnKey(searchBase);
  const readParents = createReadParents({ ...options, run, membersOf: memberQueries, memberAttributes: ['member', 'uniqueMember'] });
  const groups = createKnownGroups({ ...options, read: (references) => readParents(references, searchBase) });
  /** Direct membership is searched each time; it is cached only for when the search fails. */
  const users = createKnownGroups<UserReference>({ ...options, cacheSeconds: 0, read: directGroups });
  /** Groups that the user's entry names but no search found. */
  const named = createKnownGroups({ ...options, read: readNamed });

  async function directGroups(references: readonly UserReference[]) {
    const read = references.map(async (user) => {
      const { entries, refused } = await run(searchBase, userQueries(user), [...attributes, 'objectClass']);
      if (refused !== undefined) throw refused;
      // FreeIPA makes a private group for each user, with the user's name. It carries no information.
      const shared = entries.filter((entry) => !allTexts(entry, 'objectClass').some((name) => name.toLowerCase() === 'mepmanagedentry'));
      return [user.key, { group: undefined, parents: shared.map((entry) => readGroup(entry, options)) }] as const;
    });
    return new Map(await Promise.all(read));
  }

  async function readNamed(references: readonly Reference[]): Promise<Map<string, KnownGroup>> {
    const read = references.map(async ({ key, dn }) => [key, { group: await namedOnly(dn), parents: [] }] as const);
    return new Map(await Promise.all(read));
  }

  /** @returns undefined if the group lists its members: a search would have found it if the user were among them */
  async function namedOnly(dn: string): Promise<Group | undefined> {
    try {
      const [entry] = await search(dn, ANY_ENTRY, attributes, 'base');
      if (entry === undefined) return namedGroup(dn, options);
      const [listing] = await search(dn, LISTS_MEMBERS, ['1.1'], 'base');
      return listing === undefined ? readGroup(entry, options) : undefined;
    } catch (error) {
      if (isRefused(error) || (error instanceof LdapError && error.resultCode === RESULT.noSuchObject)) return namedGroup(dn, options);
      throw error;
    }
  }

  /** @throws the reason why no query was answered, unless the user's entry names groups */
  async function searched(user: Entry, isNamed: boolean, look: Look): Promise<readonly (Reference | Group)[]> {
    const gidNumber = firstText(user, 'gidNumber');
    const reference: UserReference = {
      ...referenceTo(user.dn),
      names: allTexts(user, 'uid').slice(0, MAX_NAMES),
      gidNumber: gidNumber !== undefined && /^\d{1,10}$/.test(gidNumber) ? gidNumber : undefined,
      uniqueIdentifiers: allTexts(user, 'x500UniqueIdentifier').slice(0, MAX_NAMES),
    };
    try {
      return (await look.at(users, [reference])).get(reference.key)?.known.parents ?? [];
    } catch (error) {
      if (isNamed && isRefused(error)) return [];
      throw error;
    }
  }

  return async (user, look) => {
    const walk = (start: readonly (Reference | Group)[]) =>
      walkUpwards(
        start.map((reference) => ({ reference, how: 'direct' as const })),
        (level) => look.at(groups, level),
      );
    const names = await namesOfGroups(directory, user, options.timeoutSeconds * 1000);
    const below = names.map(referenceTo).filter(({ key }) => isWithin(key, baseKey));
    const found = await walk(await searched(user, below.length > 0, look));
    const keys = new Set(found.map(({ key }) => key));
    const others = below.filter(({ key }) => !keys.has(key));
    if (others.length === 0) return { groups: found, passedThrough: [] };
    const read = await look.at(named, others);
    const only = [...read.values()].flatMap(({ known }) => (known.group === undefined || keys.has(known.group.key) ? [] : [known.group]));
    return { groups: [...found, ...(await walk(only)).filter(({ key }) => !keys.has(key))], passedThrough: [] };
  };
}

async function namesOfGroups(directory: Directory, user: Entry, timeoutMs: number): Promise<string[]> {
  const values = await Promise.all(NAMING_ATTRIBUTES.map((name) => allValues(directory, user, name, { timeoutMs })));
  return [...new Set(values.flat().map(String))];
}
