/** Reads a directory's root DSE (RFC 4512, section 5.1): where users are, and what the server supports. */

import { parseGeneralizedTime } from '../asn1/generalized-time.ts';
import { type DirectoryKind, type Recognised, recognise } from './directory-kinds.ts';
import { dnKey, parseDn } from './dn.ts';
import { allTexts, type Entry, firstText } from './entry.ts';
import { ANY_ENTRY } from './filter.ts';
import type { SearchRequest } from './messages.ts';
import { readSchema, type Schema } from './schema.ts';

export interface RootDse extends Recognised {
  /** Where searches begin unless LDAP_BASE is set. */
  defaultSearchBase: string | undefined;
  namingContexts: string[];
  dnsHostName: string | undefined;
  /** Of the whole forest, in Active Directory. */
  configurationNamingContext: string | undefined;
  supportedControls: ReadonlySet<string>;
  supportedExtensions: ReadonlySet<string>;
  /** The server's clock, if the server shows it: Active Directory does. */
  currentTime: Date | undefined;
  /** Undefined if the server does not publish it, or not to this account. */
  schema: Schema | undefined;
}

/** `+` asks for operational attributes, among which OpenLDAP and others publish it. */
export const ROOT_DSE_REQUEST: SearchRequest = {
  searchBase: '',
  scope: 'base',
  filter: ANY_ENTRY,
  attributes: ['*', '+'],
};

/** The entry that holds the schema, named by the root DSE (RFC 4512, section 4.2). @returns undefined if the root DSE names none */
export function schemaRequest(rootDse: Entry): SearchRequest | undefined {
  const searchBase = firstText(rootDse, 'subschemaSubentry');
  if (searchBase === undefined || searchBase === '') return undefined;
  return { searchBase, scope: 'base', filter: ANY_ENTRY, attributes: ['attributeTypes'] };
}

/** @param found the answer to `schemaRequest` @returns undefined if the server does not show the schema */
export function schemaOf(found: readonly Entry[]): Schema | undefined {
  const definitions = found.flatMap(({ attributes }) =>
    // Active Directory may send part of the values, as a range.
    [...attributes].flatMap(([key, { values }]) => (/^attributetypes(;|$)/.test(key) ? values.map(String) : [])),
  );
  return definitions.length === 0 ? undefined : readSchema(definitions);
}

export function readRootDse(entry: Entry, about: { schema?: Schema | undefined; host?: string | undefined } = {}): RootDse {
  const namingContexts = allTexts(entry, 'namingContexts');
  const { schema, host } = about;
  const recognised = recognise({ rootDse: entry, schema, host });
  return {
    ...recognised,
    defaultSearchBase: defaultSearchBase(entry, recognised.kind, namingContexts),
    namingContexts,
    dnsHostName: firstText(entry, 'dnsHostName'),
    configurationNamingContext: firstText(entry, 'configurationNamingContext'),
    supportedControls: new Set(allTexts(entry, 'supportedControl')),
    supportedExtensions: new Set(allTexts(entry, 'supportedExtension')),
    currentTime: parseGeneralizedTime(firstText(entry, 'currentTime')),
    schema,
  };
}

/** Naming contexts of the server's own data. */
const OWN_DATA = [
  ...['configContext', 'monitorContext', 'auditContext', 'changeLog', 'subschemaSubentry'],
  ...['configurationNamingContext', 'schemaNamingContext'],
];
/** Names of databases for configuration, logs, schema, monitoring and keys, in any product. */
const OWN_NAMES =
  /^(cn|o|ou)=(config|configuration|schema|subschema|monitor|(delta|access|change|audit)?log|retro changelog|system|ads|tasks|localhost|backends|admin data|replication.*|deleted.*|ibm.*|pwdpolicy|oraclecontext|oracleschemaversion|netscaperoot|ipaca|kra|audit)$/i;
const OWN_ROOTS = /^(secauthority=|dc=(domain|forest)dnszones$|dc=replicationchanges$)/i;

/** @returns the search base for users, never within the server's own data. Undefined if there is no other naming context. */
function defaultSearchBase(entry: Entry, kind: DirectoryKind, namingContexts: readonly string[]): string | undefined {
  const own = OWN_DATA.flatMap((name) => allTexts(entry, name)).map(dnKey);
  const holdsUsers = (context: string) => {
    const names = parseDn(context);
    // The empty name is the whole tree, including everything else.
    if (names === undefined || names.length === 0 || own.includes(dnKey(context))) return false;
    const texts = names.map((parts) => parts.map(({ type, value }) => `${type}=${value}`).join('+'));
    // Users are below a domain, a country or an organization. A top-level cn=… belongs to the server.
    if (texts.length === 1 && texts[0]?.startsWith('cn=') === true) return false;
    return !texts.some((text) => OWN_ROOTS.test(text) || (OWN_NAMES.test(text) && (texts.length === 1 || text.startsWith('cn='))));
  };
  const named = firstText(entry, 'defaultNamingContext') ?? firstText(entry, 'msDS-DefaultNamingContext');
  const base = named !== undefined && holdsUsers(named) ? named : namingContexts.find(holdsUsers);
  // FreeIPA also holds copies of its accounts for old clients (cn=compat), and staged and deleted users.
  return kind === 'freeipa' && base !== undefined ? `cn=accounts,${base}` : base;
}

export const UNKNOWN_ROOT_DSE: RootDse = {
  kind: 'unknown',
  product: 'a directory that does not show its root DSE',
  recognition: 'Not recognised: the root DSE is hidden, so queries are those for Active Directory',
  defaultSearchBase: undefined,
  namingContexts: [],
  dnsHostName: undefined,
  configurationNamingContext: undefined,
  supportedControls: new Set(),
  supportedExtensions: new Set(),
  currentTime: undefined,
  schema: undefined,
};
