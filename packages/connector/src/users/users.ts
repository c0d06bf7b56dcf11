/**
 * What a hub or the front channel may ask about users: sign in, search, list groups, change a password. This folder decides who may sign in
 * and what a profile holds. How the directory is asked is up to `ldap/`, and how requests arrive up to `hub/` and `frontchannel/`. Requests
 * never throw: every failure is part of their outcome.
 */
import type {
  ChangePasswordClaims,
  KnownUser,
  ListGroupsClaims,
  LoginClaims,
  PasswordTimesClaims,
  RequestOutcome,
  SearchUsersClaims,
  SignInOutcome,
} from '@landbridge/protocol';
import type { Log } from '@landbridge/runtime';
import type { ConnectorSettings } from '../config/settings.ts';
import type { Directory } from '../ldap/directory.ts';
import { ACCOUNT_STATE_ATTRIBUTES } from './account-state.ts';
import { createAuthenticate } from './authenticate.ts';
import { USER_ACCOUNT_CONTROL } from './bind-outcome.ts';
import type { RequestContext } from './context.ts';
import { createIsDenied } from './denial.ts';
import { assertShown, createEnrich } from './enrich.ts';
import { createFindByFilter, createFindUser, ownAttributes, userAttributes } from './find.ts';
import { createGroupFinder, type FoundGroups } from './groups/groups-of.ts';
import { createNamedGroups } from './groups/named.ts';
import { createLockout } from './lockout/lockout.ts';
import type { ProfileMapper } from './mapper/profile-mapper.ts';
import { createChangePassword } from './password/change-password.ts';
import { createPasswordRulesOf } from './password/password-rules.ts';
import { createPasswordTimes } from './password/password-times.ts';
import { AD_PASSWORD_EXPIRY, passwordWarning } from './password/password-warning.ts';
import { queriesOf } from './queries.ts';
import { createRateLimits } from './rate-limits.ts';
import { createListGroups, createSearchUsers } from './search.ts';
import { createSignInVerified, type VerifiedIdentity } from './sign-in-verified.ts';

export interface Users {
  authenticate(claims: LoginClaims, context: RequestContext): Promise<SignInOutcome>;
  /**
   * Signs in a user named by a Kerberos ticket, client certificate, trusted proxy or session: never binds. Disabled, locked and expired
   * accounts are refused as in a sign-in with a password; no match or several matches are `WrongUsername`.
   */
  signInVerified(identity: Pick<VerifiedIdentity, 'name' | 'filter' | 'subject'>, context: RequestContext): Promise<SignInOutcome>;
  searchUsers(claims: SearchUsersClaims, context: RequestContext): Promise<RequestOutcome<'search_users'>>;
  listGroups(claims: ListGroupsClaims, context: RequestContext): Promise<RequestOutcome<'list_groups'>>;
  changePassword(claims: ChangePasswordClaims, context: RequestContext): Promise<RequestOutcome<'change_password'>>;
  passwordTimes(claims: PasswordTimesClaims, context: RequestContext): Promise<RequestOutcome<'password_times'>>;
  /** Everything about one user, for the operator. @returns undefined for an unknown user @throws why the user cannot be shown */
  inspect(name: string, context: RequestContext): Promise<Inspection | undefined>;
}

export interface Inspection extends KnownUser {
  dn: string;
  raw: Record<string, unknown>;
  groups: FoundGroups | undefined;
}

export interface UsersOptions {
  directory: Directory;
  mapper: ProfileMapper;
  /** The source of a custom mapper, which may read any attribute; undefined for the default one. */
  mapperSource: string | undefined;
  settings: ConnectorSettings;
  log: Log;
}

/** With GROUPS_ON_FAILURE=stale: the maximum age of the groups used if they cannot be read. */
const STALE_SECONDS = 86_400;

/** @throws LDAP_FILTER_INVALID if a query in the settings is not a filter, LDAP_USER_DN_INVALID */
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
          log,
          onRefreshFailed: (error) => log.warn({ err: error }, 'Refreshing groups failed; using the cached ones'),
          now: () => performance.now(),
        });
  // If an administrator lists the attributes to read, no others are read. Other directories ignore these names.
  const ofActiveDirectory = settings.PASSWORD_EXPIRY_WARNING_DAYS > 0 ? [USER_ACCOUNT_CONTROL, AD_PASSWORD_EXPIRY] : [USER_ACCOUNT_CONTROL];
  const own = ownAttributes(settings.LDAP_SUBJECT_ATTRIBUTE);
  const withOwn = (attributes: readonly string[]) => [
    ...new Set([...attributes, ...own, ...(settings.LDAP_USER_ATTRIBUTES === undefined ? ofActiveDirectory : [])]),
  ];
  /** What the mapper sees. */
  const mapped = userAttributes(settings.LDAP_USER_ATTRIBUTES, options.mapperSource);
  const attributes = withOwn(mapped);
  const finding = { directory, queries, userDn: settings.LDAP_USER_DN, log };
  const lockout = createLockout({ directory, reserve: settings.LOCKOUT_RESERVE, attributes, log });
  const isDenied = createIsDenied({ directory, text: settings.DENY_SIGN_IN, log });
  const limits = createRateLimits(settings);
  const findUser = createFindUser({ ...finding, attributes: [...new Set([...attributes, ...lockout.attributes])] });
  const findWhole = createFindUser({ ...finding, attributes: withOwn(settings.LDAP_USER_ATTRIBUTES?.length ? mapped : ['*', ...mapped]) });

  const findingVerified = { ...finding, attributes: [...new Set([...attributes, ...ACCOUNT_STATE_ATTRIBUTES])] };
  const enrich = createEnrich({ ...options, groupFinder, queries, attributes: mapped });
  const rulesOf = createPasswordRulesOf({ directory, log });
  // Operators see all details.
  const enrichWhole = createEnrich({ ...options, groupFinder, queries, attributes: ['*', ...mapped] });
  return {
    authenticate: createAuthenticate({ directory, findUser, attributes, enrich, rulesOf, lockout, isDenied, limits, settings, log }),
    signInVerified: createSignInVerified({
      directory,
      findUser: createFindUser(findingVerified),
      findByFilter: createFindByFilter(findingVerified),
      attributes,
      enrich,
      isDenied,
      settings,
      log,
    }),
    searchUsers: createSearchUsers({
      directory,
      queries,
      enrich,
      limits,
      settings,
      attributes: [...mapped, ...own],
      log,
    }),
    listGroups: createListGroups({ directory, queries, limits, settings, log }),
    changePassword: createChangePassword({ directory, findUser, enrich, rulesOf, lockout, isDenied, limits, settings, log }),
    passwordTimes: createPasswordTimes({ directory, queries, limits, subjectSetting: settings.LDAP_SUBJECT_ATTRIBUTE, log }),
    async inspect(name, context) {
      const entry = await findWhole({ name, escaped: false }, context.signal);
      if (entry === undefined) return undefined;
      assertShown(entry);
      const warning = passwordWarning(entry, undefined, settings.PASSWORD_EXPIRY_WARNING_DAYS, Date.now());
      return { dn: entry.dn, ...(await enrichWhole.full(entry, 'active', context, warning)) };
    },
  };
}
