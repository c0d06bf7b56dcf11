/** A person's own change, for which the old password must be right; also one that has expired or must be changed. */
import { CodedError } from '@landbridge/runtime';
import type { Directory } from '../../ldap/directory.ts';
import type { Entry } from '../../ldap/entry.ts';
import { RESULT } from '../../ldap/errors.ts';
import { type LdapResult, PASSWORD_MODIFY_OID } from '../../ldap/messages.ts';
import { passwordPolicyWord } from '../../ldap/password-policy.ts';
import type { DirectoryKind } from '../../ldap/root-dse.ts';
import { bindOutcome } from '../bind-outcome.ts';
import type { RequestContext, UsersSettings } from '../users.ts';
import { type ChangeOutcome, changeOutcome, undecided } from './change-outcome.ts';
import { assertEncrypted, unicodePwd } from './unicode-pwd.ts';

export type ChangeOwnPassword = (
  entry: Entry,
  passwords: { oldPassword: string; newPassword: string },
  context: RequestContext,
) => Promise<ChangeOutcome>;

/**
 * These say that a password has expired only to whoever has it, and check the old one also where the service account asks (tried:
 * OpenLDAP 2.5, 389 Directory Server 2.3). In others somebody could set a password without knowing the old one.
 */
const RENEWS_EXPIRED: ReadonlySet<DirectoryKind> = new Set(['openldap', '389-ds']);

/** @returns a function that sends the old password once, or again only after the directory has found it right */
export function createChangeOwnPassword(options: { directory: Directory; settings: UsersSettings }): ChangeOwnPassword {
  const { directory, settings } = options;

  return async (entry, passwords, { signal }) => {
    const { kind, supportedExtensions } = await directory.rootDse(signal);
    if (kind === 'active-directory' || settings.ENABLE_ACTIVE_DIRECTORY_UNICODE_PASSWORD) {
      assertEncrypted(directory);
      // Deleting the old and adding the new is a change by whoever knows the old one, over any account's connection, and a wrong
      // one counts towards the lockout. People whose password expired can do it, though they cannot bind.
      const modifications = [
        { operation: 'delete', attribute: 'unicodePwd', values: [unicodePwd(passwords.oldPassword)] },
        { operation: 'add', attribute: 'unicodePwd', values: [unicodePwd(passwords.newPassword)] },
      ] as const;
      return changeOutcome(await directory.modify(entry.dn, modifications, { signal }));
    }
    if (!supportedExtensions.has(PASSWORD_MODIFY_OID)) {
      throw new CodedError('PASSWORD_CHANGE_UNSUPPORTED', 'This directory has no operation by which people change their own password', {
        action: 'Let it support RFC 3062, or switch ENABLE_PASSWORD_SELF_CHANGE off',
      });
    }
    const request = { dn: entry.dn, ...passwords };
    const { bind, change } = await directory.bindAndChangePassword(request, { signal });
    if (change !== undefined) return changeOutcome(change);
    const outcome = bindOutcome(bind);
    if (outcome.kind !== 'refused') throw undecided('bind', bind);
    if (outcome.error !== 'PasswordExpired' || !RENEWS_EXPIRED.has(kind)) return outcome;
    return renewalOutcome(await directory.changePassword(request, { signal }));
  };
}

/** OpenLDAP says so where the service account may not compare passwords (the right `auth`); its policy gives a word of its own. */
function renewalOutcome(result: LdapResult): ChangeOutcome {
  const mayNotCompare = result.resultCode === RESULT.unwillingToPerform && passwordPolicyWord(result)?.error === undefined;
  if (!mayNotCompare) return changeOutcome(result);
  return { kind: 'refused', error: 'InsufficientAccessRightsError', reason: result.diagnosticMessage };
}
