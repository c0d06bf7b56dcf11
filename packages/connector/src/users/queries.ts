/**
 * The queries for a directory: those in the settings, unchanged, and for the others the defaults for the kind of directory that it says
 * it is.
 */

import type { ConnectorSettings } from '../config/settings.ts';
import { type Directory, settingFilter } from '../ldap/directory.ts';
import type { DirectoryKind } from '../ldap/directory-kinds.ts';
import { dnKey, isWithin } from '../ldap/dn.ts';
import { allTexts, type Entry, firstText } from '../ldap/entry.ts';
import { type BoundFilter, type Filter, parseFilter, withValue } from '../ldap/filter.ts';
import type { RootDse } from '../ldap/root-dse.ts';
import { createWindowsNames, dnsNameOf } from './windows-name.ts';

export interface Queries {
  kind: DirectoryKind;
  searchBase: string;
  groupsSearchBase: string;
  /** The searches for a user name. The first that finds an entry decides. */
  usersByName(name: string, how: { isProven: boolean }, signal: AbortSignal | undefined): Promise<UserQuery[]>;
  /** For this kind of directory. Also used for users who are not looked up by name. */
  users: Filter;
  searchUsers: ListQuery;
  allUsers: ListQuery;
  listGroups: Filter;
  groups: GroupQueries;
}

/** `fromSettings`: the administrator's own filter decides. The results of all other queries must pass `isUser`. */
export interface UserQuery extends BoundFilter {
  fromSettings: boolean;
}

export interface ListQuery {
  filter: Filter;
  fromSettings: boolean;
}

/** The attribute that `isUser` needs. */
export const CLASS_ATTRIBUTE = 'objectClass';
const OTHER_CLASSES: ReadonlySet<string> = new Set(['computer', 'contact', 'ipahost', 'device', 'group', 'posixgroup']);

/**
 * A filter cannot express this: if the schema does not define a class, `(!(objectClass=computer))` matches nothing at all (RFC 4511, section
 * 4.5.1.7).
 *
 * @param entry requested with `CLASS_ATTRIBUTE`. An entry that does not show its classes counts as a user.
 */
export function isUser(entry: Entry): boolean {
  if (allTexts(entry, CLASS_ATTRIBUTE).some((name) => OTHER_CLASSES.has(name.toLowerCase()))) return false;
  // Machine accounts of Samba's NT domains differ from ordinary accounts only in their names.
  return firstText(entry, 'uid')?.endsWith('$') !== true && firstText(entry, 'sAMAccountName')?.endsWith('$') !== true;
}

export type GroupQueries =
  /** One search finds all groups of a user. */
  | { how: 'query'; ofUser: Filter }
  /** Users and groups name the groups they are in; each group is read below the first of these bases that contains it. */
  | { how: 'memberOf'; searchBases: readonly string[] }
  /** Groups name their members: one search finds a user's direct groups, and further ones lead upwards. */
  | { how: 'member' };

/** Active Directory's matching rule that follows a chain of links (MS-ADTS, section 3.1.1.3.4.4.3). */
export const IN_CHAIN_RULE = '1.2.840.113556.1.4.1941';

type FilterSetting = `LDAP_SEARCH_${'' | 'ALL_' | 'LIST_GROUPS_'}QUERY` | 'LDAP_USER_BY_NAME' | 'LDAP_SEARCH_GROUPS';

interface Defaults {
  /** Matches users only. Part of every other query for users. */
  users: string;
  userByName: string;
  userByMail: string;
  searchUsers: string;
  listGroups: string;
  groups: 'memberOf' | 'member' | 'query';
}

const ACTIVE_DIRECTORY: Defaults = {
  // Normal accounts (MS-SAMR, section 2.2.1.9), not contacts, computers, trusts or managed service accounts.
  users: '(sAMAccountType=805306368)',
  userByName: '(sAMAccountName={0})',
  // Each address of a mailbox has the prefix `smtp:`, the primary one `SMTP:`.
  userByMail: '(|(mail={0})(proxyAddresses=smtp:{0}))',
  searchUsers: '(anr={0})',
  listGroups: '(objectCategory=group)',
  groups: 'memberOf',
};

const GROUP_CLASSES = [
  ...['groupOfNames', 'groupOfUniqueNames', 'posixGroup'],
  // Dynamic groups, and classes of individual products.
  ...['groupOfURLs', 'groupOfMembers', 'groupOfEntries', 'dynamicGroup', 'group'],
];

/** Classes and attributes of RFC 2798 (inetOrgPerson), RFC 4519 (groupOfNames) and RFC 2307 (posixAccount, posixGroup). */
const STANDARD: Defaults = {
  // A server finds nothing by an unknown class, and some do not know that an inetOrgPerson is a person.
  users: '(|(objectClass=person)(objectClass=inetOrgPerson)(objectClass=posixAccount)(objectClass=user))',
  userByName: '(uid={0})',
  userByMail: '(mail={0})',
  searchUsers: '(|(uid={0}*)(cn=*{0}*)(sn={0}*)(givenName={0}*)(mail={0}*))',
  listGroups: `(|${GROUP_CLASSES.map((name) => `(objectClass=${name})`).join('')})`,
  groups: 'member',
};

const DEFAULTS: Record<DirectoryKind, Defaults> = {
  'active-directory': ACTIVE_DIRECTORY,
  // It has no account names. Users bind with a principal name or DN.
  'ad-lds': {
    ...STANDARD,
    users: '(&(objectCategory=person)(|(objectClass=user)(objectClass=inetOrgPerson)))',
    userByName: '(|(userPrincipalName={0})(uid={0})(cn={0}))',
  },
  openldap: STANDARD,
  '389-ds': STANDARD,
  // Its copies of users for old clients have only the class posixAccount.
  freeipa: { ...STANDARD, users: '(objectClass=person)' },
  lldap: STANDARD,
  // It names users by cn. The uid is an additional name.
  edirectory: { ...STANDARD, userByName: '(|(cn={0})(uid={0}))' },
  odsee: STANDARD,
  opends: STANDARD,
  'oracle-internet-directory': STANDARD,
  ibm: STANDARD,
  apacheds: STANDARD,
  google: STANDARD,
  jumpcloud: STANDARD,
  other: STANDARD,
  // A directory that does not say what it is gets the queries of Auth0 connectors.
  unknown: {
    users: '(objectCategory=person)',
    userByName: '(sAMAccountName={0})',
    userByMail: '(mail={0})',
    searchUsers: '(anr={0})',
    listGroups: '(objectCategory=group)',
    groups: 'query',
  },
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
    const users = parseFilter(defaults.users);
    const builtIn = ({ filter, value }: BoundFilter): UserQuery => ({ filter: both(filter, users), value, fromSettings: false });
    const mailFilter = parseFilter(defaults.userByMail);
    const byName = accountNames(rootDse, parseFilter(defaults.userByName));
    return async (name, { isProven }, signal) => {
      const names =
        userByName === undefined
          ? (await byName(name, isProven, signal)).map(builtIn)
          : [{ ...withValue(userByName, name), fromSettings: true }];
      // After the names: a user who may write their own mail address must not take over another user's name.
      const byMail = settings.LDAP_USER_BY_MAIL ?? (userByName === undefined && !isProven);
      return byMail && name.includes('@') ? [...names, builtIn(withValue(mailFilter, name))] : names;
    };
  }

  function accountNames(rootDse: RootDse, fallback: Filter) {
    const { kind, defaultSearchBase = '' } = rootDse;
    if (kind === 'active-directory' && defaultSearchBase !== '') {
      const { filtersFor } = createWindowsNames(directory, defaultSearchBase, rootDse.configurationNamingContext);
      return (name: string, _isProven: boolean, signal: AbortSignal | undefined) => filtersFor(name, signal);
    }
    const dnsName = dnsNameOf(settings.LDAP_BASE ?? defaultSearchBase);
    // A base is no proof that a domain of the same name is this directory. A password still has to be right; a ticket or a proxy's word does not.
    return async (name: string, isProven: boolean) => (isProven ? [name] : namesIn(dnsName, name)).map((one) => withValue(fallback, one));
  }

  function complete(rootDse: RootDse): Queries {
    const defaults = DEFAULTS[rootDse.kind];
    const users = parseFilter(defaults.users);
    const searchBase = settings.LDAP_BASE ?? rootDse.defaultSearchBase ?? '';
    const groupsSearchBase = settings.LDAP_BASE_GROUPS ?? searchBase;
    const list = (set: Filter | undefined, builtIn: Filter) => ({ filter: set ?? builtIn, fromSettings: set !== undefined });
    return {
      kind: rootDse.kind,
      searchBase,
      groupsSearchBase,
      usersByName: usersByName(rootDse, defaults),
      users,
      searchUsers: list(searchUsers, both(parseFilter(defaults.searchUsers), users)),
      allUsers: list(allUsers, users),
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

/**
 * @param dnsName of the directory, such as `example.org` for `dc=example,dc=org`; empty if its base does not say
 * @returns the name as typed, and the account name in `user@example.org`, `example.org\\user` and `EXAMPLE\\user`
 */
function namesIn(dnsName: string, name: string): string[] {
  const [, domain = '', account] = /^([^\\]+)\\(.+)$/.exec(name) ?? [];
  if (account !== undefined && dnsName !== '' && [dnsName, dnsName.split('.')[0]].includes(domain.toLowerCase())) return [account];
  const at = name.lastIndexOf('@');
  return at > 0 && dnsName !== '' && name.slice(at + 1).toLowerCase() === dnsName ? [name, name.slice(0, at)] : [name];
}

/** The more selective clause comes first, because some servers evaluate clauses in order. */
function both(one: Filter, other: Filter): Filter {
  return { type: 'and', filters: [one, other] };
}

function defaultGroupQueries(how: Defaults['groups'], rootDse: RootDse, groupsSearchBase: string): GroupQueries {
  switch (how) {
    case 'query':
      return { how, ofUser: parseFilter(`(member:${IN_CHAIN_RULE}:={0})`) };
    case 'memberOf':
      return { how, searchBases: basesForGroups(rootDse.defaultSearchBase, groupsSearchBase) };
    case 'member':
      return { how };
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
