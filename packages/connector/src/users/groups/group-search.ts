/** A search for groups within the limits of the settings. A truncated result is a failure, since it would be wrong. */
import type { Directory } from '../../ldap/directory.ts';
import type { Entry } from '../../ldap/entry.ts';
import { LdapError, RESULT } from '../../ldap/errors.ts';
import type { BoundFilter } from '../../ldap/filter.ts';
import { PAGED_RESULTS_OID, type Scope } from '../../ldap/messages.ts';

/** Active Directory returns at most 1000 entries per page. */
const PAGE_SIZE = 1000;

/** @throws LdapError; LDAP_RESULT with sizeLimitExceeded or adminLimitExceeded if the directory returned only part of the groups */
export type GroupSearch = (searchBase: string, filter: BoundFilter, attributes: readonly string[], scope?: Scope) => Promise<Entry[]>;

export function createGroupSearch(options: { directory: Directory; timeoutSeconds: number; derefAliases: number }): GroupSearch {
  const { directory, timeoutSeconds, derefAliases } = options;
  return async (searchBase, filter, attributes, scope = 'sub') => {
    const request = { searchBase, scope, filter, attributes, timeLimitSeconds: timeoutSeconds, derefAliases };
    const timeoutMs = timeoutSeconds * 1000;
    let found = await directory.search(request, { timeoutMs });
    // Only if needed: Samba reads each entry twice for paged searches.
    if (found.truncated && (await directory.rootDse()).supportedControls.has(PAGED_RESULTS_OID)) {
      found = await directory.search({ ...request, pageSize: PAGE_SIZE }, { timeoutMs });
    }
    if (!found.truncated) return found.entries;
    throw new LdapError('LDAP_RESULT', `The directory returned only ${found.entries.length} of the groups`, {
      resultCode: found.result.resultCode === RESULT.adminLimitExceeded ? RESULT.adminLimitExceeded : RESULT.sizeLimitExceeded,
      mayHaveBeenSent: true,
      action: "Raise the directory's size limit for the service account",
    });
  };
}
