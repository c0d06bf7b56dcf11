/** Finds a person by the name that was typed. */
import type { Directory } from '../ldap/directory.ts';
import type { Entry } from '../ldap/entry.ts';
import { type BoundFilter, type Filter, unescapeValue, withValue } from '../ldap/filter.ts';
import { DEFAULT_MAPPER_ATTRIBUTES } from './mapper/default-mapper.ts';
import type { Queries } from './queries.ts';

export interface TypedName {
  name: string;
  /** It is escaped for a filter already (RFC 4515). */
  escaped: boolean;
}

/** @returns the first entry that has this name, undefined where there is none; @throws LdapError */
export type FindUser = (typed: TypedName, signal: AbortSignal | undefined) => Promise<Entry | undefined>;

export function createFindUser(options: {
  directory: Directory;
  queries: (signal?: AbortSignal) => Promise<Queries>;
  /** A mapper of the administrator's own may look at any attribute. */
  allAttributes: boolean;
}): FindUser {
  const { directory } = options;
  const attributes = userAttributes(options.allAttributes);
  return async (typed, signal) => {
    if (typed.name === '') return undefined;
    const { searchBase, userByName } = await options.queries(signal);
    const filter = filterFor(userByName, typed);
    if (filter === undefined) return undefined;
    const { entries } = await directory.search({ searchBase, scope: 'sub', filter, attributes, sizeLimit: 1 }, { signal });
    return entries[0];
  };
}

/** @returns undefined where the value cannot stand in a filter: an escaped one with a backslash that escapes nothing */
export function filterFor(filter: Filter, { name, escaped }: TypedName): BoundFilter | undefined {
  const value = escaped ? unescapeValue(name) : Buffer.from(name);
  return value === undefined ? undefined : withValue(filter, value);
}

/**
 * What is asked for of a person's entry. The default mapper's attributes are named one by one: a shorter answer, and none of the
 * secrets that a directory may show to its service account. `memberOf` is operational in some directories, and `*` leaves it out.
 */
export function userAttributes(all: boolean): string[] {
  return all ? ['*', 'memberOf'] : [...DEFAULT_MAPPER_ATTRIBUTES, 'memberOf'];
}
