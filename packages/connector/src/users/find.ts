/** Finds a user by the name that was typed: by a search, or by the DN that their entry must have (LDAP_USER_DN). */
import { CodedError, type Log } from '@landbridge/runtime';
import type { Directory } from '../ldap/directory.ts';
import { dnKey } from '../ldap/dn.ts';
import { type Entry, isSecretAttribute } from '../ldap/entry.ts';
import { LdapError, RESULT } from '../ldap/errors.ts';
import { type BoundFilter, parseFilter, unescapeValue, withValue } from '../ldap/filter.ts';
import { ACCOUNT_NAMES } from './account-name.ts';
import { LOGIN_DISABLED } from './bind-outcome.ts';
import { OWN_ATTRIBUTES_FOR_GROUPS, USER_ATTRIBUTES_FOR_GROUPS } from './groups/groups-of.ts';
import { DEFAULT_MAPPER_ATTRIBUTES } from './mapper/default-mapper.ts';
import { attributesReadBy } from './mapper-attributes.ts';
import { CLASS_ATTRIBUTE, isUser, type Queries, type UserQuery } from './queries.ts';
import { subjectAttributes } from './subject.ts';
import { userDnTemplate } from './user-dn.ts';

export interface TypedName {
  name: string;
  /** Already escaped for a filter (RFC 4515). */
  escaped: boolean;
  /**
   * Proven by a ticket, certificate or trusted proxy instead of a password. Such a name is not a mail address unless LDAP_USER_BY_MAIL says so: a
   * user who may write the attribute could lend the account to a name of another domain.
   */
  isProven?: boolean;
}

/**
 * @returns the entry of the user with this name, undefined if there is none. With LDAP_USER_DN nothing but its DN may be known: see
 *   `isShown`
 * @throws CodedError USER_NAME_AMBIGUOUS if several users have this name; LdapError
 */
export type FindUser = (typed: TypedName, signal: AbortSignal | undefined) => Promise<Entry | undefined>;

/** How many users with the same name are counted, for the log. */
const MAX_COUNTED = 10;

const PRESENT = withValue(parseFilter('(objectClass=*)'), '');

/** A server's answer if an entry does not exist or may not be read, or if the typed name makes no valid DN. */
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
  },
): FindUser {
  const { directory, attributes } = options;
  const userDn = options.userDn === undefined ? undefined : userDnTemplate(options.userDn);

  /** All searches run at once, whatever they find: otherwise the time would tell unknown names from known ones. */
  async function bySearch({ name, isProven }: { name: string; isProven: boolean }, signal: AbortSignal | undefined) {
    const { searchBase, usersByName } = await options.queries(signal);
    const queries = await Promise.all(spellings(name).map((spelling) => usersByName(spelling, { isProven }, signal)));
    const matches = await Promise.allSettled(queries.flat().map((query) => matching(options, query, searchBase, signal)));
    for (const match of matches) {
      if (match.status === 'rejected') throw match.reason;
      const entry = onlyOne(match.value, options.log);
      if (entry !== undefined) return entry;
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
    return userDn === undefined ? await bySearch({ name, isProven: typed.isProven === true }, signal) : await byDn(userDn(name), signal);
  };
}

/** Finds the only user below LDAP_BASE that matches a filter. @throws CodedError USER_NAME_AMBIGUOUS; LdapError */
export type FindByFilter = (filter: BoundFilter, signal: AbortSignal | undefined) => Promise<Entry | undefined>;

export function createFindByFilter(options: Asking): FindByFilter {
  return async ({ filter, value }, signal) => {
    const { searchBase, users } = await options.queries(signal);
    const query: UserQuery = { filter: { type: 'and', filters: [filter, users] }, value, fromSettings: false };
    return onlyOne(await matching(options, query, searchBase, signal), options.log);
  };
}

interface Match {
  /** Different ones. */
  entries: readonly Entry[];
  /** A limit of the server ended the result. */
  truncated: boolean;
}

/** @throws LdapError */
async function matching(
  { directory, attributes }: Asking,
  query: UserQuery,
  searchBase: string,
  signal: AbortSignal | undefined,
): Promise<Match> {
  const request = { searchBase, scope: 'sub' as const, filter: query, attributes, sizeLimit: MAX_COUNTED };
  const { entries, truncated } = await directory.search(request, { signal });
  const users = query.fromSettings ? entries : entries.filter(isUser);
  // Referrals may lead to one entry twice.
  return { entries: [...new Map(users.map((entry) => [dnKey(entry.dn), entry])).values()], truncated };
}

/**
 * Which of several entries comes first is up to the directory, and a user who can write a name into their own entry could come before its
 * owner. So none counts, with any filter, and another interpretation of the name must not choose between them.
 *
 * @throws CodedError USER_NAME_AMBIGUOUS
 */
function onlyOne({ entries, truncated }: Match, log: Log): Entry | undefined {
  const [first, ...others] = entries;
  // If a server limit truncated the result after the first entry, there was another one.
  if (others.length === 0 && !(first !== undefined && truncated)) return first;
  const message = `Ambiguous user name: ${others.length + 1}${truncated ? ' or more' : ''} entries match, so none is used`;
  log.warn({ dns: entries.map(({ dn }) => dn) }, message);
  throw new CodedError('USER_NAME_AMBIGUOUS', message, {
    action: 'Narrow LDAP_BASE or LDAP_USER_BY_NAME until one entry per name is left, or make the names unique.',
  });
}

/**
 * Treats an ambiguous name like an unknown one, because users must not see the difference: `findUser(…).catch((error) => noUserIfAmbiguous(error, found))`.
 * @param found receives the fact, for operators
 * @throws any other error
 */
export function noUserIfAmbiguous(error: unknown, found: { isAmbiguous?: boolean } = {}): undefined {
  if (!(error instanceof CodedError) || error.code !== 'USER_NAME_AMBIGUOUS') throw error;
  found.isAmbiguous = true;
}

/**
 * Whether anything beyond an entry's DN is known. Nothing is, not even whether it exists, if the service account may not read it and its
 * user has not signed in yet.
 */
export function isShown(entry: Entry): boolean {
  return entry.attributes.size > 0;
}

/** @returns the name without filter escapes; undefined if an escape is invalid */
export function plainText({ name, escaped }: TypedName): string | undefined {
  return escaped ? unescapeValue(name)?.toString() : name;
}

/**
 * As typed, then with precomposed accents, then with decomposed ones (Unicode Standard Annex 15): a Mac may send one form while the
 * directory contains the other. An ASCII name has a single spelling.
 */
export function spellings(name: string): string[] {
  return [...new Set([name, name.normalize('NFC'), name.normalize('NFD')])];
}

/**
 * The attributes to request of a user's entry: those in LDAP_USER_ATTRIBUTES, or else those that the mapper reads. Naming them keeps the answer
 * short and free of secrets that a directory may show its service account. `memberOf` is operational in some directories, so `*` does not
 * include it.
 *
 * @param mapper the source of a custom mapper; undefined for the default one. If it is unclear which attributes it reads, all are requested.
 */
export function userAttributes(listed: readonly string[] | undefined, mapper: string | undefined): string[] {
  const read = mapper === undefined ? DEFAULT_MAPPER_ATTRIBUTES : attributesReadBy(mapper)?.filter((name) => !isOperational(name));
  const requested = listed?.length ? listed : (read ?? ['*']);
  return [...new Set([...requested.filter((name) => !isSecretAttribute(name)), ...USER_ATTRIBUTES_FOR_GROUPS])];
}

/** Requested for the connector's own use, regardless of the mapper. */
export function ownAttributes(subject: string | undefined): string[] {
  return [...subjectAttributes(subject), ...ACCOUNT_NAMES, ...OWN_ATTRIBUTES_FOR_GROUPS, CLASS_ATTRIBUTE, LOGIN_DISABLED];
}

/**
 * `*` does not include operational attributes. A mapper gets them only if LDAP_USER_ATTRIBUTES names them: a mapper with `raw.entryUUID || raw.uid` has always
 * used the latter, and user ids must not change.
 */
const OPERATIONAL: ReadonlySet<string> = new Set(
  (
    'entryUUID nsUniqueId GUID orclGuid ibm-entryUuid isMemberOf ibm-allGroups createTimestamp modifyTimestamp creatorsName modifiersName ' +
    'entryDN structuralObjectClass hasSubordinates numSubordinates subschemaSubentry entryCSN canonicalName tokenGroups allowedAttributes'
  )
    .toLowerCase()
    .split(' '),
);

function isOperational(name: string): boolean {
  return OPERATIONAL.has(name.toLowerCase());
}

/** @param requested attributes of the mapper @returns the names in `own`, in lower case, that the mapper must not see, so that they do not change profiles */
export function hiddenAttributes(own: readonly string[], requested: readonly string[]): string[] {
  const seen = new Set(requested.map((name) => name.toLowerCase()));
  return own.map((name) => name.toLowerCase()).filter((name) => !seen.has(name) && (!seen.has('*') || isOperational(name)));
}
