/** How users and their groups are found. */
import { type SettingType, setting } from '@landbridge/runtime';
import { settingGroup } from '../parts.ts';
import { filter, filterWithName, MAX_SECONDS, nameTemplate } from './types.ts';

/** Hubs wait 30 s for a sign-in, so a slow group search must not make it fail. */
const LONGEST_GROUPS_SECONDS = 25;
const seconds = setting.integer(0, MAX_SECONDS);
const groupsTimeout: SettingType<number> = {
  ...seconds,
  schema: seconds.schema.transform((value) => (value === 0 ? LONGEST_GROUPS_SECONDS : value)),
};

export const USER_SETTINGS = {
  ...settingGroup('Users', 'directory', {
    LDAP_USER_BY_NAME: {
      label: 'Filter for a user name',
      basic: true,
      type: filterWithName,
      description:
        'The filter that finds the user who signs in; `{0}` is the typed name. Unset: depends on the directory. In Active Directory, it accepts the names that Windows accepts (`alice`, `FABRIKAM\\alice`, `alice@fabrikam.local`), and finds `alice` with `(&(sAMAccountName={0})(sAMAccountType=805306368))`; in other directories, users of the class `person`, `inetOrgPerson`, `posixAccount` or `user` with that `uid` (see directories.md), also as `alice@example.org` and `EXAMPLE\\alice` if the base is `dc=example,dc=org`. Computers and contacts are never found.',
    },
    LDAP_USER_BY_MAIL: {
      label: 'Mail addresses as user names',
      basic: true,
      type: setting.boolean(),
      description:
        "Also lets users type their mail address (`mail`; in Active Directory also `proxyAddresses`). Unset: with their password, unless `LDAP_USER_BY_NAME` is set. `true`: also with your own `LDAP_USER_BY_NAME`, and for names from Kerberos and trusted proxies. A match of `LDAP_USER_BY_NAME`, or its default, takes precedence. An address shared by several users matches none of them, and the log says so: an account that may write the attribute can block another user's address this way, but cannot sign in as that user.",
    },
    LDAP_USER_DN: {
      label: 'DN made from the user name',
      type: nameTemplate,
      description:
        'Builds the DN of the user who signs in instead of searching for it; `{0}` is the typed name, for example `uid={0},ou=people,dc=example,dc=org`. This works without a service account: users then read their own entry, their groups come from its `memberOf`, and an unknown name is reported as a wrong password. With a service account that can read the entry, everything works as with a search. Takes precedence over `LDAP_USER_BY_NAME` and `LDAP_USER_BY_MAIL`.',
    },
    LDAP_USER_ATTRIBUTES: {
      label: 'Attributes to read',
      type: setting.list(),
      description:
        'The attributes of users to read, in addition to `memberOf`. Unset: those that the profile mapper reads, or all attributes if its source does not name each of them. Attributes that the service account cannot read are missing, and secrets such as `userPassword` are never read. The profile needs one of `objectGUID`, `uid`, `cn` as its `id`.',
    },
    LDAP_SUBJECT_ATTRIBUTE: {
      label: 'Attribute that identifies a user',
      type: setting.text(),
      description:
        "The attribute that tells users apart for good: our hub makes the `sub` of applications from it, and keeps cached credentials and limits by it. Unset: the directory's own id (`objectGUID`, `entryUUID`, `nsUniqueId`, `ipaUniqueID`, or eDirectory's `GUID`). Set another one only if the directory has none, and only one that has a single value, is unique, never changes, and that users cannot write. Another attribute makes every user a new one for applications. The `id` in profiles does not depend on it.",
    },
    LDAP_SEARCH_QUERY: {
      label: 'Filter for a search term',
      type: filterWithName,
      description:
        'The filter that finds users by a search term. Unset: depends on the directory. In Active Directory, `(&(anr={0})(sAMAccountType=805306368))`, which excludes contacts and computers.',
    },
    LDAP_SEARCH_ALL_QUERY: {
      label: 'Filter for all users',
      type: filter,
      description:
        'The filter that finds all users. Unset: depends on the directory. In Active Directory, `(sAMAccountType=805306368)`, which excludes contacts and computers.',
    },
    LDAP_SEARCH_RESULTS_OMIT_GROUPS: {
      label: 'No groups in search results',
      type: setting.boolean(),
      default: true,
      description: 'Leaves groups out of the profiles in search results. With `false`, each user found costs another search.',
    },
  }),
  ...settingGroup('Groups', 'directory', {
    GROUPS: {
      label: 'Look up groups',
      basic: true,
      type: setting.boolean(),
      default: true,
      description: 'Looks up the groups of a user at sign-in.',
    },
    LDAP_BASE_GROUPS: {
      label: 'Search base of groups',
      basic: true,
      type: setting.text(),
      description:
        'The base DN of the search for groups. Unset: `LDAP_BASE`. In Active Directory, groups elsewhere in the domain are not reported, but groups that contain them are.',
    },
    LDAP_SEARCH_GROUPS: {
      label: 'Filter for the groups of a user',
      type: filterWithName,
      description:
        "The filter that finds the groups of a user in one search; `{0}` is the user's DN. It is used unchanged. Unset: the connector finds groups, nested ones included, in the way that suits the directory. In Active Directory the result is that of `(member:1.2.840.113556.1.4.1941:={0})` plus the primary group, at a fraction of the cost.",
    },
    LDAP_SEARCH_LIST_GROUPS_QUERY: {
      label: 'Filter for all groups',
      type: filter,
      description: 'The filter that finds all groups. Unset: what suits the directory, in Active Directory `(objectCategory=group)`.',
    },
    GROUP_PROPERTY: {
      label: 'Attribute that names a group',
      basic: true,
      type: setting.text(),
      default: 'cn',
      description:
        'The attribute that names a group in a profile. Groups in different places may have the same `cn`, and are then one group to applications: `dn` or `objectGUID` (elsewhere `entryUUID`) tells them apart.',
    },
    GROUP_PROPERTIES: {
      label: 'Attributes of each group',
      type: setting.list(),
      default: [],
      description: 'With one or more attributes here, each group in a profile is an object with these attributes instead of a name.',
    },
    GROUPS_CACHE_SECONDS: {
      label: 'Lifetime of cached groups',
      basic: true,
      type: setting.integer(0, MAX_SECONDS),
      default: 600,
      description:
        'How long in seconds the memberships of groups in other groups are cached; entries in use are refreshed in the second half of that time. The direct memberships of users are never cached. The cache uses up to 64 MB. `0`: no cache.',
    },
    GROUPS_ON_FAILURE: {
      label: 'If groups cannot be read',
      basic: true,
      type: setting.oneOf('omit', 'stale', 'fail'),
      default: 'omit',
      description:
        'What happens to a sign-in if its groups cannot be read. `omit`: it succeeds, and the profile has no `groups`. `stale`: groups known from the last day are used, or `omit` applies if they are incomplete; a right revoked through a nested group may last that long. `fail`: it fails with `Unexpected Error`, for applications that treat a missing group as a permission. The log says so each time.',
    },
    GROUPS_TIMEOUT_SECONDS: {
      label: 'Time limit for finding groups',
      type: groupsTimeout,
      default: 20,
      description:
        'The time limit in seconds for finding groups. `0`: the time limit of a sign-in, which is 25. After that, `GROUPS_ON_FAILURE` applies, and the log says so.',
    },
    GROUPS_DEREF_ALIASES: {
      label: 'Follow aliases',
      type: setting.integer(0, 3),
      default: 0,
      description:
        'When aliases are followed in the search for groups: `0` never, `1` when searching, `2` when finding the base, `3` always.',
    },
  }),
};
