/** An administrator's reset: the service account sets a person's password, whatever it was before. */
import { CodedError, type Log } from '@landbridge/runtime';
import type { Directory } from '../../ldap/directory.ts';
import type { Entry } from '../../ldap/entry.ts';
import { RESULT } from '../../ldap/errors.ts';
import type { Modification } from '../../ldap/messages.ts';
import type { RequestContext, UsersSettings } from '../users.ts';
import { type ChangeOutcome, changeOutcome } from './change-outcome.ts';
import { assertEncrypted, unicodePwd } from './unicode-pwd.ts';

export type ResetPassword = (entry: Entry, password: string, context: RequestContext) => Promise<ChangeOutcome>;

export function createResetPassword(options: { directory: Directory; settings: UsersSettings; log: Log }): ResetPassword {
  const { directory, settings, log } = options;

  return async (entry, password, { signal, correlationId }) => {
    const { kind } = await directory.rootDse(signal);
    const isActiveDirectory = kind === 'active-directory';
    // It takes pwdReset beside a password without a word, and ignores it.
    if (settings.MUST_CHANGE_PASSWORD_AFTER_RESET && kind === '389-ds') {
      throw new CodedError('MUST_CHANGE_UNSUPPORTED', 'In 389 Directory Server its own policy decides who must change a password', {
        action: 'Unset MUST_CHANGE_PASSWORD_AFTER_RESET, and set passwordMustChange in the directory',
      });
    }
    const isUnicodePwd = settings.ENABLE_ACTIVE_DIRECTORY_UNICODE_PASSWORD ?? isActiveDirectory;
    if (isUnicodePwd) assertEncrypted(directory);
    // One modification, so that there is no moment at which the password is set and the rest is not.
    const change: Modification[] = [
      isUnicodePwd ? replace('unicodePwd', unicodePwd(password)) : replace('userPassword', password),
      // pwdReset is the password policy's (draft-behera-ldap-password-policy-10, section 5.3.6).
      ...(!settings.MUST_CHANGE_PASSWORD_AFTER_RESET
        ? []
        : [isUnicodePwd || isActiveDirectory ? replace('pwdLastSet', '0') : replace('pwdReset', 'TRUE')]),
    ];
    // Password policies of other directories unlock by themselves when the password is set.
    const unlocks = settings.AUTO_UNLOCK_ON_PASSWORD_CHANGE && (isUnicodePwd || isActiveDirectory);
    const all = unlocks ? [...change, replace('lockoutTime', '0')] : change;
    const result = await directory.modify(entry.dn, all, { signal });
    if (!unlocks || result.resultCode !== RESULT.insufficientAccessRights) return changeOutcome(result);
    // Nothing was changed. The right to unlock is often missing beside the right to reset, which is what was asked for.
    const outcome = changeOutcome(await directory.modify(entry.dn, change, { signal }));
    if (outcome.kind === 'changed') {
      log.warn(
        { pid: correlationId, dn: entry.dn },
        'The password was set, but a locked account stays locked: give the service account the right to write lockoutTime',
      );
    }
    return outcome;
  };
}

function replace(attribute: string, value: string | Buffer): Modification {
  return { operation: 'replace', attribute, values: [value] };
}
