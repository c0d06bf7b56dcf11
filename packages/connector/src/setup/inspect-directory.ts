/** Looks at a directory before it is relied on: can it be reached, is the service account accepted, is the search base there. */
import { CodedError } from '@landbridge/runtime';
import type { Directory } from '../ldap/directory.ts';
import { LdapError } from '../ldap/errors.ts';
import { parseFilter, withValue } from '../ldap/filter.ts';

export interface DirectoryFindings {
  /** For people: `Active Directory`. */
  product: string;
  searchBase: string;
  encrypted: boolean;
}

/**
 * @param searchBase LDAP_BASE, or undefined: what the directory names
 * @throws LdapError why it cannot be asked; CodedError SEARCH_BASE_MISSING, SEARCH_BASE_UNKNOWN
 */
export async function inspectDirectory(
  directory: Directory,
  searchBase: string | undefined,
  signal: AbortSignal,
): Promise<DirectoryFindings> {
  const rootDse = await directory.rootDse(signal);
  const base = searchBase ?? rootDse.defaultSearchBase;
  if (base === undefined) {
    throw new CodedError('SEARCH_BASE_MISSING', 'The directory does not say where its people are', {
      action: 'Set LDAP_BASE, for example DC=example,DC=com.',
    });
  }
  try {
    const present = withValue(parseFilter('(objectClass=*)'), '');
    const { entries } = await directory.search({ searchBase: base, scope: 'base', filter: present, attributes: ['1.1'] }, { signal });
    if (entries.length > 0) return { product: rootDse.product, searchBase: base, encrypted: directory.status().encrypted };
  } catch (error) {
    // Any other code: the directory was not able to say.
    if (!(error instanceof LdapError) || error.code !== 'LDAP_RESULT') throw error;
    throw searchBaseUnknown(base, error);
  }
  throw searchBaseUnknown(base);
}

function searchBaseUnknown(base: string, cause?: unknown): CodedError {
  return new CodedError('SEARCH_BASE_UNKNOWN', `There is no ${base} in the directory, or the service account may not see it`, {
    action: 'Correct LDAP_BASE, or give LDAP_BIND_USER the right to read there.',
    cause,
  });
}
