/** A user's own password change: the old password must be right, but may have expired or be due for a change. */
import { CodedError } from '@landbridge/runtime';
import type { ConnectorSettings } from '../../config/settings.ts';
import type { Directory } from '../../ldap/directory.ts';
import type { DirectoryKind } from '../../ldap/directory-kinds.ts';
import type { Entry } from '../../ldap/entry.ts';
import { RESULT, unexpectedResult } from '../../ldap/errors.ts';
import { type LdapResult, PASSWORD_MODIFY_OID } from '../../ldap/messages.ts';
import { passwordPolicyWord } from '../../ldap/password-policy.ts';
import { bindOutcome, type NamedRefusal } from '../bind-outcome.ts';
import type { RequestContext } from '../context.ts';
import { changeRefusal } from './change-refusal.ts';
import { assertEncrypted, unicodePwd } from './unicode-pwd.ts';

/** @returns why the directory refused; undefined if the password was changed */
export type ChangeOwnPassword = (
  entry: Entry,
  passwords: { oldPassword: string; newPassword: string },
  context: RequestContext,
  /** The URL of the only server that may get the old password. */
  server: string | undefined,
) => Promise<NamedRefusal | undefined>;

/**
 * These report an expired password only if it was right, and check the old one even if the service account asks (tested with OpenLDAP 2.5
 * and 389 Directory Server 2.3). In other directories, an attacker could set a password without knowing the old one.
 */
const RENEWS_EXPIRED: ReadonlySet<DirectoryKind> = new Set(['openldap', '389-ds']);

/** @returns a function that sends the old password once, and again only after the directory has accepted it */
export function createChangeOwnPassword(options: { directory: Directory; settings: ConnectorSettings }): ChangeOwnPassword {
  const { directory, settings } = options;

  return async (entry, passwords, { signal }, server) => {
    const { kind, supportedExtensions } = await directory.rootDse(signal);
    if (kind === 'active-directory' || settings.ENABLE_ACTIVE_DIRECTORY_UNICODE_PASSWORD) {
      assertEncrypted(directory);
      // Deleting the old value and adding a new one proves knowledge of the old password, over any account's connection, and a wrong one
      // counts towards the lockout. It works for users with an expired password, who cannot bind.
      const modifications = [
        { operation: 'delete', attribute: 'unicodePwd', values: [unicodePwd(passwords.oldPassword)] },
        { operation: 'add', attribute: 'unicodePwd', values: [unicodePwd(passwords.newPassword)] },
      ] as const;
      return changeRefusal(await directory.modify(entry.dn, modifications, { signal, server }));
    }
    if (!supportedExtensions.has(PASSWORD_MODIFY_OID)) {
      throw new CodedError('PASSWORD_CHANGE_UNSUPPORTED', 'This directory does not let users change their own passwords', {
        action: 'Enable the password modify operation (RFC 3062) in the directory, or set ENABLE_PASSWORD_SELF_CHANGE=false',
      });
    }
    const request = { dn: entry.dn, ...passwords };
    const { bind, change } = await directory.bindAndChangePassword(request, { signal, server });
    if (change !== undefined) return changeRefusal(change);
    const outcome = bindOutcome(bind);
    if (outcome.kind !== 'refused') throw unexpectedResult('The directory answered the bind', bind, { mayHaveBeenSent: true });
    if (outcome.error !== 'PasswordExpired' || !RENEWS_EXPIRED.has(kind)) return outcome;
    return renewalRefusal(await directory.changePassword(request, { signal, server }));
  };
}

/** OpenLDAP's answer, without a policy error, if the service account may not compare passwords (access level `auth`). */
function renewalRefusal(result: LdapResult): NamedRefusal | undefined {
  const mayNotCompare = result.resultCode === RESULT.unwillingToPerform && passwordPolicyWord(result)?.error === undefined;
  if (!mayNotCompare) return changeRefusal(result);
  return { error: 'InsufficientAccessRightsError', reason: result.diagnosticMessage };
}
