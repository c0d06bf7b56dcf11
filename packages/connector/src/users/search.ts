/** Lists of people and of groups. A list that a limit cut off is an answer, not an error. */
import type { ListGroupsClaims, Profile, SearchUsersClaims, WireError } from '@landbridge/protocol';
import type { Log } from '@landbridge/runtime';
import type { Directory } from '../ldap/directory.ts';
import { anyOf, withValue } from '../ldap/filter.ts';
import { PAGED_RESULTS_OID } from '../ldap/messages.ts';
import { undecided } from './answers.ts';
import type { Enrich } from './enrich.ts';
import { plainText, spellings } from './find.ts';
import { groupAttributes, groupValues, readGroup } from './groups/group.ts';
import type { Queries } from './queries.ts';
import type { RequestContext, UsersSettings } from './users.ts';

interface SearchOptions {
  directory: Directory;
  queries: (signal?: AbortSignal) => Promise<Queries>;
  settings: UsersSettings;
  log: Log;
}

/** A list may take longer than a sign-in. */
const LIST_TIMEOUT_MS = 25_000;
/** Active Directory returns at most 1000 entries unless they are asked for in pages. */
const PAGE_SIZE = 1000;
/** How many profiles are made at a time where each needs a look at the directory. */
const PROFILES_AT_A_TIME = 16;

/** Pages are asked for only where one would not be enough, and where the directory can. */
async function pages(directory: Directory, limit: number | undefined, signal: AbortSignal): Promise<{ pageSize?: number }> {
  if (limit !== undefined && limit <= PAGE_SIZE) return {};
  return (await directory.rootDse(signal)).supportedControls.has(PAGED_RESULTS_OID) ? { pageSize: PAGE_SIZE } : {};
}

export function createSearchUsers(options: SearchOptions & { enrich: Enrich; attributes: readonly string[] }) {
  const { directory, settings, enrich, attributes, log } = options;

  async function searchUsers(claims: SearchUsersClaims, context: RequestContext): Promise<{ users: Profile[] }> {
    const { signal } = context;
    const { searchBase, searchUsers, allUsers } = await options.queries(signal);
    const term = plainText({ name: claims.search, escaped: claims.escaped });
    if (term === undefined) return { users: [] };
    const filter = term === '' ? withValue(allUsers, '') : anyOf(spellings(term).map((spelling) => withValue(searchUsers, spelling)));
    const { entries } = await directory.search(
      { searchBase, scope: 'sub', filter, attributes, sizeLimit: claims.limit ?? 0, ...(await pages(directory, claims.limit, signal)) },
      { signal, timeoutMs: LIST_TIMEOUT_MS },
    );
    const users: Profile[] = [];
    const found = claims.limit === undefined ? entries : entries.slice(0, claims.limit);
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

  return (claims: SearchUsersClaims, context: RequestContext): Promise<{ users: Profile[] } | { err: WireError }> =>
    searchUsers(claims, context).catch((error: unknown) => {
      log.warn({ err: error, pid: context.correlationId }, 'A search for people failed');
      return undecided(error, true);
    });
}

export function createListGroups(options: SearchOptions) {
  const { directory, settings, log } = options;
  const groupSettings = { property: settings.GROUP_PROPERTY, properties: settings.GROUP_PROPERTIES };

  async function listGroups(claims: ListGroupsClaims, { signal }: RequestContext): Promise<{ groups: unknown[] }> {
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
    const found = claims.limit === undefined ? entries : entries.slice(0, claims.limit);
    return { groups: groupValues(found.map((entry) => readGroup(entry, groupSettings))) };
  }

  return (claims: ListGroupsClaims, context: RequestContext): Promise<{ groups: unknown[] } | { err: WireError }> =>
    listGroups(claims, context).catch((error: unknown) => {
      log.warn({ err: error, pid: context.correlationId }, 'Listing the groups failed');
      return undecided(error, true);
    });
}
