/** How people and their groups are found. */
import { setting } from '@landbridge/runtime';
import type { ConnectorSettingList } from '../parts.ts';
import { filter, filterWithName, MAX_SECONDS, nameTemplate } from './types.ts';

/** Groups of the reference. */
const USERS = 'Finding people';
const GROUPS = 'Groups';

export const PEOPLE_SETTINGS = {
  LDAP_USER_BY_NAME: {
    type: filterWithName,
    group: USERS,
    part: 'directory',
    description:
      'Finds the person who signs in; `{0}` is the name. Unset: what suits the directory; in Active Directory the names that Windows takes (`alice`, `FABRIKAM\\alice`, `alice@fabrikam.local`), for `alice` by `(sAMAccountName={0})`.',
  },
  LDAP_USER_BY_MAIL: {
    type: setting.boolean(),
    default: false,
    group: USERS,
    part: 'directory',
    description:
      "Lets people type their mail address as well (`mail`; in Active Directory also `proxyAddresses`). A name that `LDAP_USER_BY_NAME`, or its default, finds comes first. An address that several people have is nobody's, and the log says so: whoever may write such an address can take it from somebody, but not sign in as them.",
  },
  LDAP_USER_DN: {
    type: nameTemplate,
    group: USERS,
    part: 'directory',
    description:
      'Makes the DN of the person who signs in, instead of a search; `{0}` is the name, for example `uid={0},ou=people,dc=example,dc=org`. No service account is needed for that: people then read their own entry, their groups are those of its `memberOf`, and a wrong name is answered as a wrong password. With a service account that sees the entry, everything is as with a search. Comes before `LDAP_USER_BY_NAME` and `LDAP_USER_BY_MAIL`.',
  },
  LDAP_USER_ATTRIBUTES: {
    type: setting.list(),
    group: USERS,
    part: 'directory',
    description:
      'The attributes that are asked for of people, and `memberOf`. Unset: those of the default profile; with a profile mapper of your own, all. Attributes that the service account may not see are left out, and secrets such as `userPassword` are never asked for. The profile needs one of `objectGUID`, `uid`, `cn` as its `id`.',
  },
  LDAP_SEARCH_QUERY: {
    type: filterWithName,
    group: USERS,
    part: 'directory',
    description: 'Finds people by a term. Unset: what suits the directory, in Active Directory `(&(objectCategory=person)(anr={0}))`.',
  },
  LDAP_SEARCH_ALL_QUERY: {
    type: filter,
    group: USERS,
    part: 'directory',
    description: 'Finds everybody. Unset: what suits the directory, in Active Directory `(objectCategory=person)`.',
  },
  LDAP_SEARCH_RESULTS_OMIT_GROUPS: {
    type: setting.boolean(),
    default: true,
    group: USERS,
    part: 'directory',
    description: 'Leaves the groups out of the profiles of a search. With `false` every person found costs a search of groups.',
  },
  GROUPS: {
    type: setting.boolean(),
    default: true,
    group: GROUPS,
    part: 'directory',
    description: 'Looks for the groups of a person at sign-in.',
  },
  LDAP_SEARCH_GROUPS: {
    type: filterWithName,
    group: GROUPS,
    part: 'directory',
    description:
      "Finds the groups of a person by one search; `{0}` is the DN. It is obeyed as it stands. Unset: groups are found in the way that suits the directory, nested ones too; in Active Directory those of `(member:1.2.840.113556.1.4.1941:={0})` and the primary group, at a small part of that query's cost.",
  },
  LDAP_SEARCH_LIST_GROUPS_QUERY: {
    type: filter,
    group: GROUPS,
    part: 'directory',
    description: 'Finds every group. Unset: what suits the directory, in Active Directory `(objectCategory=group)`.',
  },
  GROUP_PROPERTY: {
    type: setting.text(),
    default: 'cn',
    group: GROUPS,
    part: 'directory',
    description: 'The attribute by which a group is named in a profile.',
  },
  GROUP_PROPERTIES: {
    type: setting.list(),
    default: [],
    group: GROUPS,
    part: 'directory',
    description: 'With one or more attributes here, each group in a profile is an object of these attributes instead of a name.',
  },
  GROUPS_CACHE_SECONDS: {
    type: setting.integer(0, MAX_SECONDS),
    default: 600,
    group: GROUPS,
    part: 'directory',
    description:
      'How long in seconds the memberships of a group are remembered at the most; groups in use are read again in the second half of that time. Who is in a group directly is never remembered. At most 64 MB are used. `0`: nothing is remembered.',
  },
  GROUPS_ON_FAILURE: {
    type: setting.oneOf('omit', 'stale', 'fail'),
    default: 'omit',
    group: GROUPS,
    part: 'directory',
    description:
      'What becomes of a sign-in whose groups cannot be read. `omit`: it goes on, and the profile has no `groups`. `stale`: what was known of the groups within the last day stands in, with `omit` where that is not enough; a right that was taken away through a nested group may last that long. `fail`: the sign-in is answered with `Unexpected Error`, for applications that would take a missing group for a right. Each is logged.',
  },
  GROUPS_TIMEOUT_SECONDS: {
    type: setting.integer(1, MAX_SECONDS),
    default: 20,
    group: GROUPS,
    part: 'directory',
    description: 'How long in seconds finding the groups may take. After that `GROUPS_ON_FAILURE` decides, and the log says so.',
  },
  GROUPS_DEREF_ALIASES: {
    type: setting.integer(0, 3),
    default: 0,
    group: GROUPS,
    part: 'directory',
    description: 'Aliases in the search of groups are followed: `0` never, `1` when searching, `2` when finding the base, `3` always.',
  },
} as const satisfies ConnectorSettingList;
