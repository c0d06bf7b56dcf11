/**
 * What a hub may ask about people: sign in, find, list groups, change a password. This folder decides who may sign in and what a
 * profile holds; how the directory is asked is `ldap/`'s matter, and how requests arrive `hub/`'s. It ends nothing and throws
 * nothing: every outcome is an answer in the contract's words.
 */
import type {
  AuthenticateAnswer,
  ChangePasswordClaims,
  ListGroupsClaims,
  LoginClaims,
  Profile,
  SearchUsersClaims,
  WireError,
} from '@landbridge/protocol';
import type { Log } from '@landbridge/runtime';
import type { Directory } from '../ldap/directory.ts';
import { ACCOUNT_STATE_ATTRIBUTES } from './account-state.ts';
import { createAuthenticate } from './authenticate.ts';
import { USER_ACCOUNT_CONTROL } from './bind-outcome.ts';
import { assertShown, createCheckPassword } from './check-password.ts';
import { createEnrich } from './enrich.ts';
import { createFindByFilter, createFindUser, userAttributes } from './find.ts';
import { createGroupFinder, type FoundGroups } from './groups/groups-of.ts';
import { createNamedGroups } from './groups/named.ts';
import type { ProfileMapper } from './mapper/profile-mapper.ts';
import { createChangePassword } from './password/change-password.ts';
import { AD_PASSWORD_EXPIRY, passwordWarning } from './password/password-warning.ts';
import { type QuerySettings, queriesOf } from './queries.ts';
import { createListGroups, createSearchUsers } from './search.ts';
import { createSignInVerified, type VerifiedIdentity } from './sign-in-verified.ts';

export interface RequestContext {
  /** For the log: what the hub calls this request. */
  correlationId: string;
  /** Aborted when nobody waits for the answer any more. */
  signal: AbortSignal;
  /** Told of each step as it ends, for those who want to see the way a request takes. */
  onStep?: (step: Step) => void;
}

export interface Step {
  name: string;
  ms: number;
  /** What came out, without secrets. */
  outcome: string;
}

export interface Users {
  authenticate(claims: LoginClaims, context: RequestContext): Promise<AuthenticateAnswer>;
  /**
   * Signs in a user named by a Kerberos ticket, client certificate, trusted proxy or session: never binds. Disabled, locked and expired
   * accounts are refused as in a sign-in with a password; no match or several matches are `WrongUsername`.
   */
  signInVerified(identity: Pick<VerifiedIdentity, 'name' | 'filter'>, context: RequestContext): Promise<AuthenticateAnswer>;
  searchUsers(claims: SearchUsersClaims, context: RequestContext): Promise<{ users: Profile[] } | { err: WireError }>;
  listGroups(claims: ListGroupsClaims, context: RequestContext): Promise<{ groups: unknown[] } | { err: WireError }>;
  changePassword(claims: ChangePasswordClaims, context: RequestContext): Promise<AuthenticateAnswer>;
  /** Everything about one person, for the operator; @throws why not */
  inspect(name: string, context: RequestContext): Promise<Inspection | undefined>;
}

export interface Inspection {
  dn: string;
  raw: Record<string, unknown>;
  groups: FoundGroups | undefined;
  profile: Profile;
}

/** Settings of this folder, under their names; what is undefined follows the directory. */
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

export interface UsersOptions {
  directory: Directory;
  mapper: ProfileMapper;
  /** Whether the mapper is the administrator's own, which may look at any attribute. */
  customMapper: boolean;
  settings: UsersSettings;
  log: Log;
}

/** How old groups may be at the most that stand in for those that cannot be read (GROUPS_ON_FAILURE=stale). */
const STALE_SECONDS = 86_400;

/** @throws LDAP_FILTER_INVALID where a query of the settings is not a filter, LDAP_USER_DN_INVALID */
export function createUsers(options: UsersOptions): Users {
  const { directory, settings, log } = options;
  const queries = queriesOf(directory, settings);
  const groupSettings = { property: settings.GROUP_PROPERTY, properties: settings.GROUP_PROPERTIES };
  const groupFinder =
    directory.searchesAs === 'none'
      ? createNamedGroups(groupSettings)
      : createGroupFinder({
          directory,
          ...groupSettings,
          cacheSeconds: settings.GROUPS_CACHE_SECONDS,
          staleSeconds: settings.GROUPS_ON_FAILURE === 'stale' && settings.GROUPS_CACHE_SECONDS > 0 ? STALE_SECONDS : 0,
          timeoutSeconds: settings.GROUPS_TIMEOUT_SECONDS,
          derefAliases: settings.GROUPS_DEREF_ALIASES,
          onRefreshFailed: (error) => log.warn({ err: error }, 'Groups could not be read again; what is remembered of them is used'),
          now: () => performance.now(),
        });
  // Where an administrator says which attributes are read, no other is. Other directories take these names for ones they do not have.
  const ofActiveDirectory = settings.PASSWORD_EXPIRY_WARNING_DAYS > 0 ? [USER_ACCOUNT_CONTROL, AD_PASSWORD_EXPIRY] : [USER_ACCOUNT_CONTROL];
  const attributesFor = (whole: boolean) => [
    ...userAttributes(settings.LDAP_USER_ATTRIBUTES, whole),
    ...(settings.LDAP_USER_ATTRIBUTES === undefined ? ofActiveDirectory : []),
  ];
  const attributes = attributesFor(options.customMapper);
  const finding = { directory, queries, userDn: settings.LDAP_USER_DN, log };
  const findUser = createFindUser({ ...finding, attributes });
  const findWhole = createFindUser({ ...finding, attributes: attributesFor(true) });
  const checkPassword = createCheckPassword(directory, attributes);
  const findingVerified = { ...finding, attributes: [...new Set([...attributes, ...ACCOUNT_STATE_ATTRIBUTES])] };
  const enrich = createEnrich({ mapper: options.mapper, groupFinder, queries, settings, log });
  return {
    authenticate: createAuthenticate({ directory, findUser, checkPassword, enrich, settings, log }),
    signInVerified: createSignInVerified({
      directory,
      findUser: createFindUser({ ...findingVerified, mustBeOnly: true }),
      findByFilter: createFindByFilter(findingVerified),
      attributes,
      enrich,
      settings,
      log,
    }),
    searchUsers: createSearchUsers({
      directory,
      queries,
      enrich,
      settings,
      attributes: userAttributes(settings.LDAP_USER_ATTRIBUTES, options.customMapper),
      log,
    }),
    listGroups: createListGroups({ directory, queries, settings, log }),
    changePassword: createChangePassword({ directory, findUser, enrich, settings, log }),
    async inspect(name, context) {
      const entry = await findWhole({ name, escaped: false }, context.signal);
      if (entry === undefined) return undefined;
      assertShown(entry);
      const warning = passwordWarning(entry, undefined, settings.PASSWORD_EXPIRY_WARNING_DAYS, Date.now());
      const { raw, groups, profile } = await enrich.full(entry, 'active', context, warning);
      return { dn: entry.dn, raw, groups, profile };
    },
  };
}
