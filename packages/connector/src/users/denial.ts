/**
 * DENY_SIGN_IN: users who can never sign in through this connector, whatever the hub requests. Their passwords are not sent to the directory, and the
 * answer is that of a wrong password, so nobody can guess passwords here.
 */
import type { Failure } from '@landbridge/protocol';
import type { Log } from '@landbridge/runtime';
import { type Directory, settingFilter } from '../ldap/directory.ts';
import type { Entry } from '../ldap/entry.ts';
import { isNotShown, LdapError } from '../ldap/errors.ts';
import { withValue } from '../ldap/filter.ts';
import type { RequestContext } from './context.ts';
import { isShown } from './find.ts';

/** Also logs the denial. @throws LdapError if the check failed, so nobody signs in */
export type IsDenied = (entry: Entry, context: RequestContext) => Promise<boolean>;

/** @param text DENY_SIGN_IN @throws LDAP_FILTER_INVALID */
export function createIsDenied(options: { directory: Directory; text: string | undefined; log: Log }): IsDenied {
  const { directory, text, log } = options;
  if (text === undefined) return async () => false;
  const filter = withValue(settingFilter('DENY_SIGN_IN', text), '');

  /** Attributes that the service account cannot read cannot be compared, so a user whose entry is hidden from it is denied. */
  async function matches(entry: Entry, signal: AbortSignal): Promise<boolean> {
    if (!isShown(entry) && directory.searchesAs !== 'none') return true;
    try {
      const { entries } = await directory.search({ searchBase: entry.dn, scope: 'base', filter, attributes: ['1.1'] }, { signal });
      return entries.length > 0;
    } catch (error) {
      if (error instanceof LdapError && error.resultCode !== undefined && isNotShown(error.resultCode)) return true;
      throw error;
    }
  }

  return async (entry, { signal, correlationId }) => {
    const denied = await matches(entry, signal);
    if (denied) log.warn({ correlationId, dn: entry.dn }, 'Denied: the user matches DENY_SIGN_IN; the password was not tried');
    return denied;
  };
}

/** @param refusal as for a wrong password, with the user's profile. The hub learns nothing else. */
export function deniedFailure({ failure }: { failure: Failure }): { failure: Failure } {
  return { failure: { ...failure, denied: true } };
}
