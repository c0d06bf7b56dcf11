/** An administrator's reset: the service account sets a user's password, whatever the old one was. */
import { CodedError, type Log } from '@landbridge/runtime';
import type { ConnectorSettings } from '../../config/settings.ts';
import type { Directory } from '../../ldap/directory.ts';
import type { Entry } from '../../ldap/entry.ts';
import { RESULT } from '../../ldap/errors.ts';
import type { Modification } from '../../ldap/messages.ts';
import type { NamedRefusal } from '../bind-outcome.ts';
import type { RequestContext } from '../context.ts';
import { changeRefusal } from './change-refusal.ts';
import { assertEncrypted, unicodePwd } from './unicode-pwd.ts';

/** @returns why the directory refused; undefined if the password was set */
export type ResetPassword = (entry: Entry, password: string, context: RequestContext) => Promise<NamedRefusal | undefined>;

export function createResetPassword(options: { directory: Directory; settings: ConnectorSettings; log: Log }): ResetPassword {
  const { directory, settings, log } = options;

  return async (entry, password, { signal, correlationId }) => {
    const { kind } = await directory.rootDse(signal);
    const isActiveDirectory = kind === 'active-directory';
    // It accepts pwdReset beside a password, and silently ignores it.
    if (settings.MUST_CHANGE_PASSWORD_AFTER_RESET && kind === '389-ds') {
      throw new CodedError('MUST_CHANGE_UNSUPPORTED', '389 Directory Server does not let the connector require a password change', {
        action: 'Unset MUST_CHANGE_PASSWORD_AFTER_RESET, and set passwordMustChange in the directory',
      });
    }
    const isUnicodePwd = settings.ENABLE_ACTIVE_DIRECTORY_UNICODE_PASSWORD ?? isActiveDirectory;
    if (isUnicodePwd) assertEncrypted(directory);
    // One modification, so that the password is never set without the rest.
    const change: Modification[] = [
      isUnicodePwd ? replace('unicodePwd', unicodePwd(password)) : replace('userPassword', password),
      // pwdReset belongs to the password policy (draft-behera-ldap-password-policy-10, section 5.3.6).
      ...(!settings.MUST_CHANGE_PASSWORD_AFTER_RESET
        ? []
        : [isUnicodePwd || isActiveDirectory ? replace('pwdLastSet', '0') : replace('pwdReset', 'TRUE')]),
    ];
    // Other directories unlock the account themselves when its password is set.
    const unlocks = settings.AUTO_UNLOCK_ON_PASSWORD_CHANGE && (isUnicodePwd || isActiveDirectory);
    const all = unlocks ? [...change, replace('lockoutTime', '0')] : change;
    const result = await directory.modify(entry.dn, all, { signal });
    if (!unlocks || result.resultCode !== RESULT.insufficientAccessRights) return changeRefusal(result);
    // Nothing was changed. Accounts that may reset passwords often may not unlock accounts, and the reset is what was asked for.
    const refusal = changeRefusal(await directory.modify(entry.dn, change, { signal }));
    if (refusal === undefined) {
      log.warn(
        { correlationId, dn: entry.dn },
        'Password set, but a locked account stays locked: give the service account the right to write lockoutTime',
      );
    }
    return refusal;
  };
}

function replace(attribute: string, value: string | Buffer): Modification {
  return { operation: 'replace', attribute, values: [value] };
}
