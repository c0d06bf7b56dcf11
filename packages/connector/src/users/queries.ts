/**
 * Which queries are made of a directory: those that the settings name, as they stand, and for the others the defaults of the kind
 * of directory that it says it is.
 */
import { type Directory, settingFilter } from '../ldap/directory.ts';
import { type BoundFilter, type Filter, parseFilter, withValue } from '../ldap/filter.ts';
import type { DirectoryKind, RootDse } from '../ldap/root-dse.ts';
import { createWindowsNames } from './windows-name.ts';

/** The settings, under their names; undefined where nobody set them. */
export interface QuerySettings {
  LDAP_BASE: string | undefined;
  LDAP_BASE_GROUPS: string | undefined;
  LDAP_USER_BY_NAME: string | undefined;
  LDAP_SEARCH_QUERY: string | undefined;
  LDAP_SEARCH_ALL_QUERY: string | undefined;
  LDAP_SEARCH_LIST_GROUPS_QUERY: string | undefined;
  LDAP_SEARCH_GROUPS: string | undefined;
}

export interface Queries {
  searchBase: string;
  groupsSearchBase: string;
  /** Which filters find the person of a name, to be tried in order. */
  usersByName(name: string, signal: AbortSignal | undefined): Promise<BoundFilter[]>;
  searchUsers: Filter;
  allUsers: Filter;
  listGroups: Filter;
  groups: GroupQueries;
}

/** `query`: one search finds all groups of a user. `walk`: one finds the direct ones, and others lead upwards from each of them. */
export type GroupQueries = { how: 'query'; ofUser: Filter } | { how: 'walk'; ofUser: Filter; ofUserName: Filter; ofGroup: Filter };

/** A matching rule of Active Directory that follows a chain of links (MS-ADTS, section 3.1.1.3.4.4.3). */
export const IN_CHAIN_RULE = '1.2.840.113556.1.4.1941';

interface Defaults {
  userByName: string;
  searchUsers: string;
  allUsers: string;
  listGroups: string;
  groups: { how: 'query'; ofUser: string } | { how: 'walk'; ofUser: string; ofUserName: string; ofGroup: string };
}

const ACTIVE_DIRECTORY: Defaults = {
  userByName: '(sAMAccountName={0})',
  searchUsers: '(&(objectCategory=person)(anr={0}))',
  allUsers: '(objectCategory=person)',
  listGroups: '(objectCategory=group)',
  groups: { how: 'query', ofUser: `(member:${IN_CHAIN_RULE}:={0})` },
};

/** Classes and attributes of RFC 2798 (inetOrgPerson), RFC 4519 (groupOfNames) and RFC 2307 (posixGroup). */
const INET_ORG_PERSON: Defaults = {
  userByName: '(&(objectClass=person)(uid={0}))',
  searchUsers: '(&(objectClass=person)(|(uid={0}*)(cn=*{0}*)(sn={0}*)(givenName={0}*)(mail={0}*)))',
  allUsers: '(objectClass=person)',
  listGroups: '(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))',
  groups: {
    how: 'walk',
    ofUser: '(|(member={0})(uniqueMember={0}))',
    ofUserName: '(memberUid={0})',
    ofGroup: '(|(member={0})(uniqueMember={0}))',
  },
};

const DEFAULTS: Record<DirectoryKind, Defaults> = {
  'active-directory': ACTIVE_DIRECTORY,
  openldap: INET_ORG_PERSON,
  '389-ds': INET_ORG_PERSON,
  other: INET_ORG_PERSON,
  // One that does not say what it is gets what installed connectors ask.
  unknown: ACTIVE_DIRECTORY,
};

/**
 * @returns a function that gives the queries, asking the directory what it is when it is called first
 * @throws LDAP_FILTER_INVALID at once where a setting is not a filter
 */
export function queriesOf(directory: Directory, settings: QuerySettings): (signal?: AbortSignal) => Promise<Queries> {
  const set = (name: keyof QuerySettings) => (settings[name] === undefined ? undefined : settingFilter(name, settings[name]));
  const userByName = set('LDAP_USER_BY_NAME');
  const searchUsers = set('LDAP_SEARCH_QUERY');
  const allUsers = set('LDAP_SEARCH_ALL_QUERY');
  const listGroups = set('LDAP_SEARCH_LIST_GROUPS_QUERY');
  const groupsOfUser = set('LDAP_SEARCH_GROUPS');
  let queries: Queries | undefined;

  function usersByName(rootDse: RootDse, set: Filter | undefined, fallback: Filter): Queries['usersByName'] {
    if (set === undefined && rootDse.kind === 'active-directory' && rootDse.defaultSearchBase !== undefined) {
      return createWindowsNames(directory, rootDse.defaultSearchBase, rootDse.configurationNamingContext).filtersFor;
    }
    return async (name) => [withValue(set ?? fallback, name)];
  }

  function complete(rootDse: RootDse): Queries {
    const defaults = DEFAULTS[rootDse.kind];
    const searchBase = settings.LDAP_BASE ?? rootDse.defaultSearchBase ?? '';
    return {
      searchBase,
      groupsSearchBase: settings.LDAP_BASE_GROUPS ?? searchBase,
      usersByName: usersByName(rootDse, userByName, parseFilter(defaults.userByName)),
      searchUsers: searchUsers ?? parseFilter(defaults.searchUsers),
      allUsers: allUsers ?? parseFilter(defaults.allUsers),
      listGroups: listGroups ?? parseFilter(defaults.listGroups),
      groups: groupsOfUser !== undefined ? { how: 'query', ofUser: groupsOfUser } : parsed(defaults.groups),
    };
  }

  return async (signal) => {
    queries ??= complete(await directory.rootDse(signal));
    return queries;
  };
}

function parsed(groups: Defaults['groups']): GroupQueries {
  if (groups.how === 'query') return { how: 'query', ofUser: parseFilter(groups.ofUser) };
  return {
    how: 'walk',
    ofUser: parseFilter(groups.ofUser),
    ofUserName: parseFilter(groups.ofUserName),
    ofGroup: parseFilter(groups.ofGroup),
  };
}
