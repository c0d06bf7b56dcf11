/** Checks a directory before it is used: whether it is reachable, accepts the service account, and has the search base. */
import { CodedError } from '@landbridge/runtime';
import type { ConnectorSettings } from '../config/settings.ts';
import type { Directory } from '../ldap/directory.ts';
import { LdapError, RESULT } from '../ldap/errors.ts';
import { ANY_ENTRY } from '../ldap/filter.ts';
import type { RootDse } from '../ldap/root-dse.ts';

export interface DirectoryFindings {
  /** To be shown, for example `Active Directory`. */
  product: string;
  searchBase: string;
  encrypted: boolean;
  /** Warnings for the administrator. */
  remarks: string[];
}

export type InspectedSettings = Pick<ConnectorSettings, 'LDAP_BASE' | 'LDAP_USER_BY_NAME' | 'LDAP_USER_DN'>;

/** Result codes for rejected anonymous searches. Active Directory sends operationsError (MS-ADTS, section 5.1.1.1). */
const ANONYMOUS_REJECTED: ReadonlySet<number> = new Set([
  RESULT.operationsError,
  RESULT.strongerAuthRequired,
  RESULT.confidentialityRequired,
  RESULT.noSuchObject,
  RESULT.inappropriateAuthentication,
  RESULT.insufficientAccessRights,
  RESULT.unwillingToPerform,
]);

/**
 * @throws LdapError why it cannot be searched; CodedError SEARCH_BASE_MISSING, SEARCH_BASE_UNKNOWN,
 *   ANONYMOUS_SEARCH_REFUSED
 */
export async function inspectDirectory(directory: Directory, settings: InspectedSettings, signal: AbortSignal): Promise<DirectoryFindings> {
  const rootDse = await directory.rootDse(signal);
  const { product } = rootDse;
  const { encrypted } = directory.status();
  // Nothing to check: users bind with a DN built from their name.
  if (directory.searchesAs === 'none') return { product, searchBase: settings.LDAP_USER_DN ?? '', encrypted, remarks: [] };
  const searchBase = settings.LDAP_BASE ?? rootDse.defaultSearchBase;
  if (searchBase === undefined) {
    throw new CodedError('SEARCH_BASE_MISSING', 'The directory does not name a default search base', {
      action: 'Set LDAP_BASE, for example DC=example,DC=com.',
    });
  }
  const isReadable = await (directory.searchesAs === 'anonymous' ? canAnyoneSearch : canAccountRead)(directory, searchBase, signal);
  const remarks = isReadable
    ? []
    : [
        `the service account can search below ${searchBase} but cannot read that entry; "landbridge-connector user NAME" shows what it finds`,
      ];
  return { product, searchBase, encrypted, remarks: [...remarks, ...hiddenRootDse(rootDse, settings)] };
}

/** A directory without a readable root DSE is treated like Active Directory. */
function hiddenRootDse({ kind }: RootDse, settings: InspectedSettings): string[] {
  if (kind !== 'unknown' || settings.LDAP_USER_BY_NAME !== undefined || settings.LDAP_USER_DN !== undefined) return [];
  return [
    'the root DSE of the directory is not readable, so it is treated like Active Directory; if it is a different one, set LDAP_USER_BY_NAME, LDAP_SEARCH_GROUPS and the other filters',
  ];
}

/** @returns whether the account can read the entry of the search base, which is not necessary to search below it */
async function canAccountRead(directory: Directory, searchBase: string, signal: AbortSignal): Promise<boolean> {
  try {
    return (await isAnswered(directory, searchBase, 'base', signal)) || (await isAnswered(directory, searchBase, 'sub', signal));
  } catch (error) {
    // With any other code, the directory could not answer.
    if (!(error instanceof LdapError) || error.code !== 'LDAP_RESULT') throw error;
    throw new CodedError('SEARCH_BASE_UNKNOWN', `The search base ${searchBase} does not exist, or the service account cannot see it`, {
      action: 'Correct LDAP_BASE, or allow LDAP_BIND_USER to search there.',
      cause: error,
    });
  }
}

async function canAnyoneSearch(directory: Directory, searchBase: string, signal: AbortSignal): Promise<true> {
  const refused = (cause?: unknown) =>
    new CodedError('ANONYMOUS_SEARCH_REFUSED', `The directory rejects anonymous searches below ${searchBase}`, {
      action: 'Set LDAP_BIND_USER and LDAP_BIND_PASSWORD instead of ANONYMOUS_SEARCH_ENABLED, or correct LDAP_BASE.',
      cause,
    });
  try {
    // Some directories answer a rejected anonymous search with no entries and no error.
    if ((await isAnswered(directory, searchBase, 'base', signal)) || (await isAnswered(directory, searchBase, 'sub', signal))) return true;
  } catch (error) {
    if (error instanceof LdapError && error.resultCode !== undefined && ANONYMOUS_REJECTED.has(error.resultCode)) throw refused(error);
    throw error;
  }
  throw refused();
}

async function isAnswered(directory: Directory, searchBase: string, scope: 'base' | 'sub', signal: AbortSignal): Promise<boolean> {
  const { entries } = await directory.search({ searchBase, scope, filter: ANY_ENTRY, attributes: ['1.1'], sizeLimit: 1 }, { signal });
  return entries.length > 0;
}
