/**
 * The queries for a directory: those in the settings, unchanged, and for the others the defaults for the kind of directory that it says
 * it is.
 */

import type { ConnectorSettings } from '../config/settings.ts';
import { type Directory, settingFilter } from '../ldap/directory.ts';
import { dnKey, isWithin } from '../ldap/dn.ts';
import { type BoundFilter, type Filter, parseFilter, withValue } from '../ldap/filter.ts';
import type { DirectoryKind, RootDse } from '../ldap/root-dse.ts';
import { createWindowsNames } from './windows-name.ts';

export interface Queries {
  kind: DirectoryKind;
  searchBase: string;
  groupsSearchBase: string;
  /** The searches for a user name, in this order, until one finds an entry. */
  usersByName(name: string, signal: AbortSignal | undefined): Promise<BoundFilter[]>;
  searchUsers: Filter;
  allUsers: Filter;
  listGroups: Filter;
  groups: GroupQueries;
}

export type GroupQueries =
  /** One search finds all groups of a user. */
  | { how: 'query'; ofUser: Filter }
  /** Users and groups name the groups they are in; each group is read below the first of these bases that contains it. */
  | { how: 'memberOf'; searchBases: readonly string[] }
  /** Groups name their members: one search finds a user's direct groups, and further ones lead upwards. */
  | { how: 'member'; ofUser: Filter; ofUserName: Filter; ofGroup: Filter; memberAttributes: readonly string[] };

/** Active Directory's matching rule that follows a chain of links (MS-ADTS, section 3.1.1.3.4.4.3). */
export const IN_CHAIN_RULE = '1.2.840.113556.1.4.1941';

type FilterSetting = `LDAP_SEARCH_${'' | 'ALL_' | 'LIST_GROUPS_'}QUERY` | 'LDAP_USER_BY_NAME' | 'LDAP_SEARCH_GROUPS';

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
  // Groups and contacts have mail addresses as well. Each address of a mailbox starts with `smtp:`, the primary one with `SMTP:`.
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
  // A directory that does not say what it is gets the queries of Auth0 connectors.
  unknown: { ...ACTIVE_DIRECTORY, userByMail: '(mail={0})', groups: 'query' },
};

/**
 * @returns the queries; on the first call it asks the directory what it is
 * @throws LDAP_FILTER_INVALID at once if a setting is not a filter
 */
export function queriesOf(directory: Directory, settings: ConnectorSettings): (signal?: AbortSignal) => Promise<Queries> {
  const set = (name: FilterSetting) => (settings[name] === undefined ? undefined : settingFilter(name, settings[name]));
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
      // After the names: a user who may write their own mail address must not take over another user's name.
      return byMail !== undefined && name.includes('@') ? [...names, withValue(byMail, name)] : names;
    };
  }

  function accountNames(rootDse: RootDse, fallback: Filter): Queries['usersByName'] {
    if (userByName !== undefined) return async (name) => [withValue(userByName, name)];
    if (rootDse.kind === 'active-directory' && rootDse.defaultSearchBase !== undefined) {
      const { filtersFor } = createWindowsNames(directory, rootDse.defaultSearchBase, rootDse.configurationNamingContext);
      return filtersFor;
    }
    return async (name) => [withValue(fallback, name)];
  }

  function complete(rootDse: RootDse): Queries {
    const defaults = DEFAULTS[rootDse.kind];
    const searchBase = settings.LDAP_BASE ?? rootDse.defaultSearchBase ?? '';
    const groupsSearchBase = settings.LDAP_BASE_GROUPS ?? searchBase;
    return {
      kind: rootDse.kind,
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
 * Groups anywhere in the domain are passed through, even if they are not reported. A base outside the domain belongs to another domain, or
 * to the whole forest (`""`) as in a global catalog.
 */
function basesForGroups(domain: string | undefined, groupsSearchBase: string): string[] {
  if (domain === undefined || groupsSearchBase === '') return [groupsSearchBase];
  return isWithin(dnKey(groupsSearchBase), dnKey(domain)) ? [domain] : [domain, groupsSearchBase];
}
