/** Finds a person by the name that was typed. */
import type { Directory } from '../ldap/directory.ts';
import type { Entry } from '../ldap/entry.ts';
import { unescapeValue } from '../ldap/filter.ts';
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
    const name = plainText(typed);
    if (name === undefined || name === '') return undefined;
    const { searchBase, usersByName } = await options.queries(signal);
    for (const filter of await usersByName(name, signal)) {
      const { entries } = await directory.search({ searchBase, scope: 'sub', filter, attributes, sizeLimit: 1 }, { signal });
      if (entries[0] !== undefined) return entries[0];
    }
    return undefined;
  };
}

/** @returns what was typed, before anything was escaped; undefined where a backslash escapes nothing */
export function plainText({ name, escaped }: TypedName): string | undefined {
  return escaped ? unescapeValue(name)?.toString() : name;
}

/**
 * What is asked for of a person's entry. The default mapper's attributes are named one by one: a shorter answer, and none of the
 * secrets that a directory may show to its service account. `memberOf` is operational in some directories, and `*` leaves it out.
 */
export function userAttributes(all: boolean): string[] {
  return all ? ['*', 'memberOf'] : [...DEFAULT_MAPPER_ATTRIBUTES, 'memberOf'];
}
