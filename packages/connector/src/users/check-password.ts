/**
 * Checks a person's password by a bind. Of whom nothing was shown before, the entry is read right after it, on the connection that
 * is theirs at that moment: most directories show people their own.
 */
import { CodedError } from '@landbridge/runtime';
import type { Directory } from '../ldap/directory.ts';
import type { Entry } from '../ldap/entry.ts';
import type { LdapResult } from '../ldap/messages.ts';
import { isShown } from './find.ts';

/** @returns the directory's result, and the entry with what is known of it now; @throws LdapError */
export type CheckPassword = (entry: Entry, password: string, signal: AbortSignal) => Promise<{ result: LdapResult; entry: Entry }>;

export function createCheckPassword(directory: Directory, attributes: readonly string[]): CheckPassword {
  return async (entry, password, signal) => {
    if (isShown(entry)) return { result: await directory.bind(entry.dn, password, { signal }), entry };
    const { result, entry: own } = await directory.bindAndRead(entry.dn, password, attributes, { signal });
    return { result, entry: own ?? entry };
  };
}

/** @throws ENTRY_NOT_SHOWN where no profile can be made of the entry: it would have no id */
export function assertShown(entry: Entry): void {
  if (isShown(entry)) return;
  throw new CodedError('ENTRY_NOT_SHOWN', `The directory shows nothing of ${entry.dn}, so there is no profile`, {
    action:
      'Give the service account, or people themselves, the right to read their entries. Where there is no service account, "landbridge-connector login NAME" shows what they see.',
  });
}
