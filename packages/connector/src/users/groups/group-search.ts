/** A search for groups, with the limits that the settings give it. An answer that was cut off is a failure: it would be a wrong one. */
import type { Directory } from '../../ldap/directory.ts';
import type { Entry } from '../../ldap/entry.ts';
import { LdapError, RESULT } from '../../ldap/errors.ts';
import type { BoundFilter } from '../../ldap/filter.ts';
import { PAGED_RESULTS_OID, type Scope } from '../../ldap/messages.ts';

/** Active Directory returns at most 1000 entries unless they are asked for in pages. */
const PAGE_SIZE = 1000;

/** @throws LdapError; LDAP_RESULT with sizeLimitExceeded where the directory gave a part only */
export type GroupSearch = (searchBase: string, filter: BoundFilter, attributes: readonly string[], scope?: Scope) => Promise<Entry[]>;

export function createGroupSearch(options: { directory: Directory; timeoutSeconds: number; derefAliases: number }): GroupSearch {
  const { directory, timeoutSeconds, derefAliases } = options;
  return async (searchBase, filter, attributes, scope = 'sub') => {
    const request = { searchBase, scope, filter, attributes, timeLimitSeconds: timeoutSeconds, derefAliases };
    const timeoutMs = timeoutSeconds * 1000;
    let found = await directory.search(request, { timeoutMs });
    // Pages only where they are needed: Samba reads each entry twice for them.
    if (found.truncated && (await directory.rootDse()).supportedControls.has(PAGED_RESULTS_OID)) {
      found = await directory.search({ ...request, pageSize: PAGE_SIZE }, { timeoutMs });
    }
    if (!found.truncated) return found.entries;
    throw new LdapError('LDAP_RESULT', `The directory gave a part of the groups only: ${found.entries.length} of them, and no more`, {
      resultCode: RESULT.sizeLimitExceeded,
      mayHaveBeenSent: true,
      action: "Raise the directory's size limit for the service account",
    });
  };
}
