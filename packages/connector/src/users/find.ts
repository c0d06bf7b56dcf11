/** Finds a person by the name that was typed: by a search, or by the name that their entry must have (LDAP_USER_DN). */
import type { Log } from '@landbridge/runtime';
import type { Directory } from '../ldap/directory.ts';
import { type Entry, isSecretAttribute } from '../ldap/entry.ts';
import { LdapError, RESULT } from '../ldap/errors.ts';
import { type BoundFilter, parseFilter, unescapeValue, withValue } from '../ldap/filter.ts';
import { USER_ATTRIBUTES_FOR_GROUPS } from './groups/groups-of.ts';
import { DEFAULT_MAPPER_ATTRIBUTES } from './mapper/default-mapper.ts';
import type { NameQuery, Queries } from './queries.ts';
import { userDnTemplate } from './user-dn.ts';

export interface TypedName {
  name: string;
  /** It is escaped for a filter already (RFC 4515). */
  escaped: boolean;
}

/**
 * @returns the entry of the person who has this name, undefined where there is none. With LDAP_USER_DN it may be one of which only
 *   the name is known: see `isShown`
 * @throws LdapError
 */
export type FindUser = (typed: TypedName, signal: AbortSignal | undefined) => Promise<Entry | undefined>;

/** How many people of one name are counted, for the log. */
const MAX_COUNTED = 10;

const PRESENT = withValue(parseFilter('(objectClass=*)'), '');

/** How servers say that there is no such entry, or none for whoever asks; what was typed may make no valid name either. */
const NOT_SHOWN: ReadonlySet<number> = new Set([RESULT.noSuchObject, RESULT.invalidDnSyntax, RESULT.insufficientAccessRights]);

interface Asking {
  directory: Directory;
  queries: (signal?: AbortSignal) => Promise<Queries>;
  attributes: readonly string[];
  log: Log;
}

/** @throws LDAP_USER_DN_INVALID */
export function createFindUser(
  options: Asking & {
    /** LDAP_USER_DN */
    userDn: string | undefined;
    /** Several people of a name are nobody, also where LDAP_USER_BY_NAME is set: no password decides between them afterwards. */
    mustBeOnly?: boolean;
  },
): FindUser {
  const { directory, attributes } = options;
  const userDn = options.userDn === undefined ? undefined : userDnTemplate(options.userDn);

  async function bySearch(name: string, signal: AbortSignal | undefined): Promise<Entry | undefined> {
    const { searchBase, usersByName } = await options.queries(signal);
    for (const spelling of spellings(name)) {
      for (const query of await usersByName(spelling, signal)) {
        const { entry, isAmbiguous } = await ask(options, options.mustBeOnly ? { ...query, mustBeOnly: true } : query, searchBase, signal);
        // Another way to understand the name must not choose between them.
        if (entry !== undefined || isAmbiguous) return entry;
      }
    }
    return undefined;
  }

  async function byDn(dn: string, signal: AbortSignal | undefined): Promise<Entry> {
    const unseen: Entry = { dn, attributes: new Map() };
    if (directory.searchesAs === 'none') return unseen;
    try {
      const { entries } = await directory.search({ searchBase: dn, scope: 'base', filter: PRESENT, attributes }, { signal });
      return entries[0] ?? unseen;
    } catch (error) {
      if (error instanceof LdapError && error.resultCode !== undefined && NOT_SHOWN.has(error.resultCode)) return unseen;
      throw error;
    }
  }

  return async (typed, signal) => {
    const name = plainText(typed);
    if (name === undefined || name === '') return undefined;
    return userDn === undefined ? await bySearch(name, signal) : await byDn(userDn(name), signal);
  };
}

/** Finds the one person below LDAP_BASE whom a filter matches; several are nobody. @throws LdapError */
export type FindByFilter = (filter: BoundFilter, signal: AbortSignal | undefined) => Promise<Entry | undefined>;

const PERSON = parseFilter('(objectClass=person)');

export function createFindByFilter(options: Asking): FindByFilter {
  return async ({ filter, value }, signal) => {
    const { searchBase } = await options.queries(signal);
    const ofPerson: BoundFilter = { filter: { type: 'and', filters: [PERSON, filter] }, value };
    return (await ask(options, { filter: ofPerson, mustBeOnly: true }, searchBase, signal)).entry;
  };
}

/** What is set decides by its first entry. A name that is understood in our own way leads to one person, or to nobody. */
async function ask(
  { directory, attributes, log }: Asking,
  { filter, mustBeOnly }: NameQuery,
  searchBase: string,
  signal: AbortSignal | undefined,
) {
  const request = { searchBase, scope: 'sub' as const, filter, attributes, sizeLimit: mustBeOnly ? MAX_COUNTED : 1 };
  const { entries, truncated } = await directory.search(request, { signal });
  // Where a limit of the server cut the answer off after the first, there was another one.
  const isAmbiguous = mustBeOnly && (entries.length > 1 || (entries.length === 1 && truncated));
  if (!isAmbiguous) return { entry: entries[0], isAmbiguous };
  const count = `${entries.length}${truncated ? ' or more' : ''}`;
  log.warn({ dns: entries.map(({ dn }) => dn) }, `One name leads to ${count} people, so it is taken for nobody's`);
  return { entry: undefined, isAmbiguous };
}

/**
 * Whether anything of an entry is known beyond its name. Of one that the service account may not see, nothing is until its person
 * has signed in, and not even that there is such an entry.
 */
export function isShown(entry: Entry): boolean {
  return entry.attributes.size > 0;
}

/** @returns what was typed, before anything was escaped; undefined where a backslash escapes nothing */
export function plainText({ name, escaped }: TypedName): string | undefined {
  return escaped ? unescapeValue(name)?.toString() : name;
}

/**
 * As it was typed, then with letters and their accents as one character each, then as two (Unicode Standard Annex 15): a Mac may
 * send the one where the directory holds the other. A name of ASCII has one spelling.
 */
export function spellings(name: string): string[] {
  return [...new Set([name, name.normalize('NFC'), name.normalize('NFD')])];
}

/**
 * What is asked for of a person's entry: what LDAP_USER_ATTRIBUTES lists, else what the default mapper looks at, one by one. That is
 * a shorter answer, and none of the secrets that a directory may show to its service account. `memberOf` is operational in some
 * directories, and `*` leaves it out.
 *
 * @param customMapper it may look at any attribute
 */
export function userAttributes(listed: readonly string[] | undefined, customMapper: boolean): string[] {
  const wanted = listed?.length ? listed : customMapper ? ['*'] : DEFAULT_MAPPER_ATTRIBUTES;
  return [...new Set([...wanted.filter((name) => !isSecretAttribute(name)), ...USER_ATTRIBUTES_FOR_GROUPS])];
}
