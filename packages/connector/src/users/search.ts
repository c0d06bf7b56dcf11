/** Lists of users and of groups. A list cut off by a limit is a result, not an error. */
import type { ListGroupsClaims, Profile, RequestOutcome, SearchUsersClaims } from '@landbridge/protocol';
import type { Log } from '@landbridge/runtime';
import type { ConnectorSettings } from '../config/settings.ts';
import type { Directory } from '../ldap/directory.ts';
import { anyOf, withValue } from '../ldap/filter.ts';
import { PAGED_RESULTS_OID } from '../ldap/messages.ts';
import type { RequestContext } from './context.ts';
import type { Enrich } from './enrich.ts';
import { logUndecided } from './failures.ts';
import { plainText, spellings } from './find.ts';
import { groupAttributes, groupValues, readGroup } from './groups/group.ts';
import { isUser, type Queries } from './queries.ts';
import type { RateLimits } from './rate-limits.ts';

interface SearchOptions {
  directory: Directory;
  queries: (signal?: AbortSignal) => Promise<Queries>;
  limits: RateLimits;
  settings: ConnectorSettings;
  log: Log;
}

/** A list may take longer than a sign-in. */
const LIST_TIMEOUT_MS = 25_000;
/** Active Directory returns at most 1000 entries per page. */
const PAGE_SIZE = 1000;
/** How many profiles are made at a time if each needs a search for groups. */
const PROFILES_AT_A_TIME = 16;

/** Asks for pages only if one may not be enough and the directory supports them. */
async function pages(directory: Directory, limit: number | undefined, signal: AbortSignal): Promise<{ pageSize?: number }> {
  if (limit !== undefined && limit <= PAGE_SIZE) return {};
  return (await directory.rootDse(signal)).supportedControls.has(PAGED_RESULTS_OID) ? { pageSize: PAGE_SIZE } : {};
}

export function createSearchUsers(options: SearchOptions & { enrich: Enrich; attributes: readonly string[] }) {
  const { directory, limits, settings, enrich, attributes, log } = options;

  async function searchUsers(claims: SearchUsersClaims, context: RequestContext): Promise<{ users: Profile[] }> {
    const { signal } = context;
    limits.search();
    const { searchBase, searchUsers, allUsers } = await options.queries(signal);
    const term = plainText({ name: claims.search, escaped: claims.escaped });
    if (term === undefined) return { users: [] };
    const query = term === '' ? allUsers : searchUsers;
    const filter = anyOf((term === '' ? [''] : spellings(term)).map((spelling) => withValue(query.filter, spelling)));
    const { entries } = await directory.search(
      { searchBase, scope: 'sub', filter, attributes, sizeLimit: claims.limit ?? 0, ...(await pages(directory, claims.limit, signal)) },
      { signal, timeoutMs: LIST_TIMEOUT_MS },
    );
    limits.found(entries.length);
    const users: Profile[] = [];
    const matching = query.fromSettings ? entries : entries.filter(isUser);
    const found = claims.limit === undefined ? matching : matching.slice(0, claims.limit);
    for (let start = 0; start < found.length; start += PROFILES_AT_A_TIME) {
      const some = found
        .slice(start, start + PROFILES_AT_A_TIME)
        .map(async (entry) =>
          settings.LDAP_SEARCH_RESULTS_OMIT_GROUPS
            ? await enrich.brief(entry, 'active')
            : (await enrich.full(entry, 'active', context)).profile,
        );
      users.push(...(await Promise.all(some)));
    }
    return { users };
  }

  return (claims: SearchUsersClaims, context: RequestContext): Promise<RequestOutcome<'search_users'>> =>
    searchUsers(claims, context).catch(logUndecided(log, context, 'Searching for users failed'));
}

export function createListGroups(options: SearchOptions) {
  const { directory, limits, settings, log } = options;
  const groupSettings = { property: settings.GROUP_PROPERTY, properties: settings.GROUP_PROPERTIES };

  async function listGroups(claims: ListGroupsClaims, { signal }: RequestContext): Promise<{ groups: unknown[] }> {
    limits.search();
    const { groupsSearchBase, listGroups } = await options.queries(signal);
    const { entries } = await directory.search(
      {
        searchBase: groupsSearchBase,
        scope: 'sub',
        filter: withValue(listGroups, ''),
        attributes: groupAttributes(groupSettings),
        sizeLimit: claims.limit ?? 0,
        derefAliases: settings.GROUPS_DEREF_ALIASES,
        ...(await pages(directory, claims.limit, signal)),
      },
      { signal, timeoutMs: LIST_TIMEOUT_MS },
    );
    limits.found(entries.length);
    const found = claims.limit === undefined ? entries : entries.slice(0, claims.limit);
    return { groups: groupValues(found.map((entry) => readGroup(entry, groupSettings))) };
  }

  return (claims: ListGroupsClaims, context: RequestContext): Promise<RequestOutcome<'list_groups'>> =>
    listGroups(claims, context).catch(logUndecided(log, context, 'Listing groups failed'));
}
