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
import { createAuthenticate } from './authenticate.ts';
import { createChangePassword } from './change-password.ts';
import { createEnrich } from './enrich.ts';
import { createFindUser } from './find.ts';
import { createGroupFinder, type FoundGroups } from './groups/groups-of.ts';
import type { ProfileMapper } from './mapper/profile-mapper.ts';
import { type QuerySettings, queriesOf } from './queries.ts';
import { createListGroups, createSearchUsers } from './search.ts';

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
  LDAP_SEARCH_RESULTS_OMIT_GROUPS: boolean;
  GROUPS: boolean;
  GROUP_PROPERTY: string;
  GROUP_PROPERTIES: readonly string[];
  GROUPS_CACHE_SECONDS: number;
  GROUPS_TIMEOUT_SECONDS: number;
  GROUPS_DEREF_ALIASES: number;
  ALLOW_PASSWORD_EXPIRED: boolean;
  ALLOW_PASSWORD_CHANGE_REQUIRED: boolean;
  ENABLE_ACTIVE_DIRECTORY_UNICODE_PASSWORD: boolean;
  AUTO_UNLOCK_ON_PASSWORD_CHANGE: boolean;
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

/** @throws LDAP_FILTER_INVALID where a query of the settings is not a filter */
export function createUsers(options: UsersOptions): Users {
  const { directory, settings, log } = options;
  const queries = queriesOf(directory, settings);
  const groupFinder = createGroupFinder({
    directory,
    property: settings.GROUP_PROPERTY,
    properties: settings.GROUP_PROPERTIES,
    cacheSeconds: settings.GROUPS_CACHE_SECONDS,
    timeoutSeconds: settings.GROUPS_TIMEOUT_SECONDS,
    derefAliases: settings.GROUPS_DEREF_ALIASES,
  });
  const findUser = createFindUser({ directory, queries, allAttributes: options.customMapper });
  const enrich = createEnrich({ mapper: options.mapper, groupFinder, queries, settings, log });
  return {
    authenticate: createAuthenticate({ directory, findUser, enrich, settings, log }),
    searchUsers: createSearchUsers({ directory, queries, enrich, settings, allAttributes: options.customMapper, log }),
    listGroups: createListGroups({ directory, queries, settings, log }),
    changePassword: createChangePassword({ directory, findUser, enrich, settings, log }),
    async inspect(name, context) {
      const entry = await createFindUser({ directory, queries, allAttributes: true })({ name, escaped: false }, context.signal);
      if (entry === undefined) return undefined;
      const { raw, groups, profile } = await enrich.full(entry, 'active', context);
      return { dn: entry.dn, raw, groups, profile };
    },
  };
}
