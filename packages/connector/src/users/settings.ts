/** The settings that say how users are found, signed in and described, under their names. Undefined follows the kind of directory. */

export interface QuerySettings {
  LDAP_BASE: string | undefined;
  LDAP_BASE_GROUPS: string | undefined;
  LDAP_USER_BY_NAME: string | undefined;
  LDAP_USER_BY_MAIL: boolean;
  LDAP_SEARCH_QUERY: string | undefined;
  LDAP_SEARCH_ALL_QUERY: string | undefined;
  LDAP_SEARCH_LIST_GROUPS_QUERY: string | undefined;
  LDAP_SEARCH_GROUPS: string | undefined;
}

export interface UsersSettings extends QuerySettings {
  LDAP_USER_DN: string | undefined;
  LDAP_USER_ATTRIBUTES: readonly string[] | undefined;
  LDAP_SEARCH_RESULTS_OMIT_GROUPS: boolean;
  GROUPS: boolean;
  GROUP_PROPERTY: string;
  GROUP_PROPERTIES: readonly string[];
  GROUPS_CACHE_SECONDS: number;
  GROUPS_ON_FAILURE: 'omit' | 'stale' | 'fail';
  GROUPS_TIMEOUT_SECONDS: number;
  GROUPS_DEREF_ALIASES: number;
  ALLOW_PASSWORD_EXPIRED: boolean;
  ALLOW_PASSWORD_CHANGE_REQUIRED: boolean;
  PASSWORD_EXPIRY_WARNING_DAYS: number;
  ENABLE_ACTIVE_DIRECTORY_UNICODE_PASSWORD: boolean | undefined;
  AUTO_UNLOCK_ON_PASSWORD_CHANGE: boolean;
  MUST_CHANGE_PASSWORD_AFTER_RESET: boolean;
  ORGANIZATION_UNITS_AS_DN: boolean;
}
