/**
 * A server may refuse one of our group queries: it does not know the attribute, does not accept a group's name as a member, or does not allow
 * unindexed searches. Only the results of that query are lost.
 */
import type { Log } from '@landbridge/runtime';
import { dnKey } from '../../ldap/dn.ts';
import type { Entry } from '../../ldap/entry.ts';
import { LdapError, RESULT } from '../../ldap/errors.ts';
import { anyOf, type BoundFilter } from '../../ldap/filter.ts';
import type { GroupSearch } from './group-search.ts';

/** Result codes about the query itself: repeating it is pointless, and other queries may still succeed. */
const REFUSED: ReadonlySet<number> = new Set([
  RESULT.protocolError,
  RESULT.adminLimitExceeded,
  RESULT.noSuchAttribute,
  RESULT.undefinedAttributeType,
  RESULT.inappropriateMatching,
  RESULT.invalidAttributeSyntax,
  RESULT.invalidDnSyntax,
  RESULT.insufficientAccessRights,
  RESULT.unwillingToPerform,
]);

export function isRefused(error: unknown): error is LdapError {
  return error instanceof LdapError && error.resultCode !== undefined && REFUSED.has(error.resultCode);
}

export interface GroupQuery {
  /** A description of the query, for the log. */
  name: string;
  filter: BoundFilter;
}

export interface Answered {
  /** Without duplicates. */
  entries: Entry[];
  /** Why a query was refused, if none succeeded. */
  refused: LdapError | undefined;
}

/** Runs the queries in one search if the server allows it. @throws LdapError if the directory is unreachable */
export type RunQueries = (searchBase: string, queries: readonly GroupQuery[], attributes: readonly string[]) => Promise<Answered>;

export function createRunQueries({ search, log }: { search: GroupSearch; log: Log }): RunQueries {
  const logged = new Set<string>();

  async function alone(searchBase: string, { name, filter }: GroupQuery, attributes: readonly string[]): Promise<Entry[] | LdapError> {
    try {
      return await search(searchBase, filter, attributes);
    } catch (error) {
      if (!isRefused(error)) throw error;
      if (!logged.has(name)) {
        logged.add(name);
        log.warn(
          { err: error, query: name },
          `The directory refuses group searches by ${name}; groups that only this search finds are missing`,
        );
      }
      return error;
    }
  }

  return async (searchBase, queries, attributes) => {
    if (queries.length > 1) {
      try {
        return { entries: await search(searchBase, anyOf(queries.map(({ filter }) => filter)), attributes), refused: undefined };
      } catch (error) {
        if (!isRefused(error)) throw error;
      }
    }
    const answers = await Promise.all(queries.map((query) => alone(searchBase, query, attributes)));
    const found = answers.filter((answer) => Array.isArray(answer));
    const refused = answers.find((answer) => answer instanceof LdapError);
    const entries = [...new Map(found.flat().map((entry) => [dnKey(entry.dn), entry])).values()];
    return { entries, refused: found.length === 0 ? refused : undefined };
  };
}
