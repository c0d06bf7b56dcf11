/** Looks at a directory before it is relied on: can it be reached, is the service account accepted, is the search base there. */
import { CodedError } from '@landbridge/runtime';
import type { Directory } from '../ldap/directory.ts';
import { LdapError, RESULT } from '../ldap/errors.ts';
import { parseFilter, withValue } from '../ldap/filter.ts';
import type { RootDse } from '../ldap/root-dse.ts';

export interface DirectoryFindings {
  /** For people: `Active Directory`. */
  product: string;
  searchBase: string;
  encrypted: boolean;
  /** What works for now, and deserves a word to the administrator. */
  remarks: string[];
}

export interface InspectedSettings {
  LDAP_BASE: string | undefined;
  LDAP_USER_BY_NAME: string | undefined;
  LDAP_USER_DN: string | undefined;
}

const PRESENT = withValue(parseFilter('(objectClass=*)'), '');

/** How directories refuse a search to those who have not bound. Active Directory says operationsError (MS-ADTS, section 5.1.1.1). */
const REFUSED_TO_ANYBODY: ReadonlySet<number> = new Set([
  RESULT.operationsError,
  RESULT.strongerAuthRequired,
  RESULT.confidentialityRequired,
  RESULT.noSuchObject,
  RESULT.inappropriateAuthentication,
  RESULT.insufficientAccessRights,
  RESULT.unwillingToPerform,
]);

/**
 * @throws LdapError why it cannot be asked; CodedError SEARCH_BASE_MISSING, SEARCH_BASE_UNKNOWN,
 *   ANONYMOUS_SEARCH_REFUSED
 */
export async function inspectDirectory(directory: Directory, settings: InspectedSettings, signal: AbortSignal): Promise<DirectoryFindings> {
  const rootDse = await directory.rootDse(signal);
  const { product } = rootDse;
  const { encrypted } = directory.status();
  // Nothing is searched: each person's bind shows what there is.
  if (directory.searchesAs === 'none') return { product, searchBase: settings.LDAP_USER_DN ?? '', encrypted, remarks: [] };
  const searchBase = settings.LDAP_BASE ?? rootDse.defaultSearchBase;
  if (searchBase === undefined) {
    throw new CodedError('SEARCH_BASE_MISSING', 'The directory does not say where its people are', {
      action: 'Set LDAP_BASE, for example DC=example,DC=com.',
    });
  }
  const isShown = await (directory.searchesAs === 'anonymous' ? anybodySees : accountSees)(directory, searchBase, signal);
  const remarks = isShown
    ? []
    : [`the service account may search below ${searchBase}, but not read that entry; "landbridge-connector user NAME" shows what it sees`];
  return { product, searchBase, encrypted, remarks: [...remarks, ...hiddenRootDse(rootDse, settings)] };
}

/** Without its root DSE it is taken for an Active Directory. */
function hiddenRootDse({ kind }: RootDse, settings: InspectedSettings): string[] {
  if (kind !== 'unknown' || settings.LDAP_USER_BY_NAME !== undefined || settings.LDAP_USER_DN !== undefined) return [];
  return [
    'the directory does not show its root DSE, so people are looked for as in Active Directory; if it is none, set LDAP_USER_BY_NAME, LDAP_SEARCH_GROUPS and the other queries',
  ];
}

/** @returns whether the account may read the entry of the search base: to search below it, it need not */
async function accountSees(directory: Directory, searchBase: string, signal: AbortSignal): Promise<boolean> {
  try {
    return (await isAnswered(directory, searchBase, 'base', signal)) || (await isAnswered(directory, searchBase, 'sub', signal));
  } catch (error) {
    // Any other code: the directory was not able to say.
    if (!(error instanceof LdapError) || error.code !== 'LDAP_RESULT') throw error;
    throw new CodedError('SEARCH_BASE_UNKNOWN', `There is no ${searchBase} in the directory, or the service account may not see it`, {
      action: 'Correct LDAP_BASE, or give LDAP_BIND_USER the right to search there.',
      cause: error,
    });
  }
}

async function anybodySees(directory: Directory, searchBase: string, signal: AbortSignal): Promise<true> {
  const refused = (cause?: unknown) =>
    new CodedError('ANONYMOUS_SEARCH_REFUSED', `The directory does not answer anonymous searches below ${searchBase}`, {
      action: 'Set LDAP_BIND_USER and LDAP_BIND_PASSWORD instead of ANONYMOUS_SEARCH_ENABLED; or correct LDAP_BASE.',
      cause,
    });
  try {
    // A directory that hides everything from strangers may answer them with nothing and no error.
    if ((await isAnswered(directory, searchBase, 'base', signal)) || (await isAnswered(directory, searchBase, 'sub', signal))) return true;
  } catch (error) {
    if (error instanceof LdapError && error.resultCode !== undefined && REFUSED_TO_ANYBODY.has(error.resultCode)) throw refused(error);
    throw error;
  }
  throw refused();
}

async function isAnswered(directory: Directory, searchBase: string, scope: 'base' | 'sub', signal: AbortSignal): Promise<boolean> {
  const { entries } = await directory.search({ searchBase, scope, filter: PRESENT, attributes: ['1.1'], sizeLimit: 1 }, { signal });
  return entries.length > 0;
}
