/**
 * Which queries are made of a directory: those that the settings name, as they stand, and for the others the defaults of the kind
 * of directory that it says it is.
 */
import { type Directory, settingFilter } from '../ldap/directory.ts';
import { dnKey, isWithin } from '../ldap/dn.ts';
import { type BoundFilter, type Filter, parseFilter, withValue } from '../ldap/filter.ts';
import type { DirectoryKind, RootDse } from '../ldap/root-dse.ts';
import type { QuerySettings } from './settings.ts';
import { createWindowsNames } from './windows-name.ts';

export interface Queries {
  searchBase: string;
  groupsSearchBase: string;
  /** What to search for to find the person of a name, in this order, until something is found. */
  usersByName(name: string, signal: AbortSignal | undefined): Promise<NameQuery[]>;
  searchUsers: Filter;
  allUsers: Filter;
  listGroups: Filter;
  groups: GroupQueries;
}

export interface NameQuery {
  filter: BoundFilter;
  /** Whether several people of that name are nobody. A filter that was set says what it means: there the first counts. */
  mustBeOnly: boolean;
}

export type GroupQueries =
  /** One search finds all groups of a person. */
  | { how: 'query'; ofUser: Filter }
  /** People and groups name the groups they are in; a group is looked for in the first of these bases that it lies below. */
  | { how: 'memberOf'; searchBases: readonly string[] }
  /** Groups name their members: one search finds the direct ones of a person, and others lead upwards from those. */
  | { how: 'member'; ofUser: Filter; ofUserName: Filter; ofGroup: Filter; memberAttributes: readonly string[] };

/** A matching rule of Active Directory that follows a chain of links (MS-ADTS, section 3.1.1.3.4.4.3). */
export const IN_CHAIN_RULE = '1.2.840.113556.1.4.1941';

interface Defaults {
  userByName: string;
  userByMail: string;
  searchUsers: string;
  allUsers: string;
  listGroups: string;
  groups: 'memberOf' | 'member' | 'query';
}

const ACTIVE_DIRECTORY: Defaults = {
  userByName: '(sAMAccountName={0})',
  // Groups and contacts have mail addresses too. `smtp:` stands before each address of a mailbox, in capitals before its first.
  userByMail: '(&(objectCategory=person)(objectClass=user)(|(mail={0})(proxyAddresses=smtp:{0})))',
  searchUsers: '(&(objectCategory=person)(anr={0}))',
  allUsers: '(objectCategory=person)',
  listGroups: '(objectCategory=group)',
  groups: 'memberOf',
};

/** Classes and attributes of RFC 2798 (inetOrgPerson), RFC 4519 (groupOfNames) and RFC 2307 (posixGroup). */
const INET_ORG_PERSON: Defaults = {
  userByName: '(&(objectClass=person)(uid={0}))',
  userByMail: '(&(objectClass=person)(mail={0}))',
  searchUsers: '(&(objectClass=person)(|(uid={0}*)(cn=*{0}*)(sn={0}*)(givenName={0}*)(mail={0}*)))',
  allUsers: '(objectClass=person)',
  listGroups: '(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))',
  groups: 'member',
};

const DEFAULTS: Record<DirectoryKind, Defaults> = {
  'active-directory': ACTIVE_DIRECTORY,
  openldap: INET_ORG_PERSON,
  '389-ds': INET_ORG_PERSON,
  other: INET_ORG_PERSON,
  // One that does not say what it is gets what installed connectors ask.
  unknown: { ...ACTIVE_DIRECTORY, userByMail: '(mail={0})', groups: 'query' },
};

/**
 * @returns a function that gives the queries, asking the directory what it is when it is called first
 * @throws LDAP_FILTER_INVALID at once where a setting is not a filter
 */
export function queriesOf(directory: Directory, settings: QuerySettings): (signal?: AbortSignal) => Promise<Queries> {
  const set = (name: Exclude<keyof QuerySettings, 'LDAP_USER_BY_MAIL'>) =>
    settings[name] === undefined ? undefined : settingFilter(name, settings[name]);
  const userByName = set('LDAP_USER_BY_NAME');
  const searchUsers = set('LDAP_SEARCH_QUERY');
  const allUsers = set('LDAP_SEARCH_ALL_QUERY');
  const listGroups = set('LDAP_SEARCH_LIST_GROUPS_QUERY');
  const groupsOfUser = set('LDAP_SEARCH_GROUPS');
  let queries: Queries | undefined;

  function usersByName(rootDse: RootDse, defaults: Defaults): Queries['usersByName'] {
    const byMail = settings.LDAP_USER_BY_MAIL ? parseFilter(defaults.userByMail) : undefined;
    const byName = accountNames(rootDse, parseFilter(defaults.userByName));
    return async (name, signal) => {
      const names = await byName(name, signal);
      // After the names: whoever may write a mail address must not take somebody's name by it.
      return byMail !== undefined && name.includes('@') ? [...names, { filter: withValue(byMail, name), mustBeOnly: true }] : names;
    };
  }

  function accountNames(rootDse: RootDse, fallback: Filter): Queries['usersByName'] {
    if (userByName !== undefined) return async (name) => [{ filter: withValue(userByName, name), mustBeOnly: false }];
    if (rootDse.kind === 'active-directory' && rootDse.defaultSearchBase !== undefined) {
      const { filtersFor } = createWindowsNames(directory, rootDse.defaultSearchBase, rootDse.configurationNamingContext);
      return async (name, signal) => (await filtersFor(name, signal)).map((filter) => ({ filter, mustBeOnly: true }));
    }
    return async (name) => [{ filter: withValue(fallback, name), mustBeOnly: true }];
  }

  function complete(rootDse: RootDse): Queries {
    const defaults = DEFAULTS[rootDse.kind];
    const searchBase = settings.LDAP_BASE ?? rootDse.defaultSearchBase ?? '';
    const groupsSearchBase = settings.LDAP_BASE_GROUPS ?? searchBase;
    return {
      searchBase,
      groupsSearchBase,
      usersByName: usersByName(rootDse, defaults),
      searchUsers: searchUsers ?? parseFilter(defaults.searchUsers),
      allUsers: allUsers ?? parseFilter(defaults.allUsers),
      listGroups: listGroups ?? parseFilter(defaults.listGroups),
      groups:
        groupsOfUser !== undefined
          ? { how: 'query', ofUser: groupsOfUser }
          : defaultGroupQueries(defaults.groups, rootDse, groupsSearchBase),
    };
  }

  return async (signal) => {
    queries ??= complete(await directory.rootDse(signal));
    return queries;
  };
}

function defaultGroupQueries(how: Defaults['groups'], rootDse: RootDse, groupsSearchBase: string): GroupQueries {
  switch (how) {
    case 'query':
      return { how, ofUser: parseFilter(`(member:${IN_CHAIN_RULE}:={0})`) };
    case 'memberOf':
      return { how, searchBases: basesForGroups(rootDse.defaultSearchBase, groupsSearchBase) };
    case 'member': {
      const ofGroup = parseFilter('(|(member={0})(uniqueMember={0}))');
      return { how, ofUser: ofGroup, ofUserName: parseFilter('(memberUid={0})'), ofGroup, memberAttributes: ['member', 'uniqueMember'] };
    }
  }
}

/**
 * Groups are passed through wherever they are in the domain, also where they are not reported. A base outside it is one of another
 * domain, or of the whole forest (`""`), which a global catalog has.
 */
function basesForGroups(domain: string | undefined, groupsSearchBase: string): string[] {
  if (domain === undefined || groupsSearchBase === '') return [groupsSearchBase];
  return isWithin(dnKey(groupsSearchBase), dnKey(domain)) ? [domain] : [domain, groupsSearchBase];
}
