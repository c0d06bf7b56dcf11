/** `change_password`: an administrator's reset or, with the old password, a user's own change. */
import { type ChangePasswordClaims, type KnownUser, type RequestOutcome, WIRE_ERRORS, type WireErrorName } from '@landbridge/protocol';
import type { Log } from '@landbridge/runtime';
import type { ConnectorSettings } from '../../config/settings.ts';
import type { Directory } from '../../ldap/directory.ts';
import type { Entry } from '../../ldap/entry.ts';
import type { RequestContext } from '../context.ts';
import type { Enrich } from '../enrich.ts';
import { logUndecided, unknownUserFailure } from '../failures.ts';
import { type FindUser, isShown, nobodyIfAmbiguous } from '../find.ts';
import { createRefusalTime } from '../refusal-time.ts';
import { createChangeOwnPassword } from './own-change.ts';
import { createResetPassword } from './reset.ts';

type ChangeResult = RequestOutcome<'change_password'>;

export function createChangePassword(options: {
  directory: Directory;
  findUser: FindUser;
  enrich: Enrich;
  settings: ConnectorSettings;
  log: Log;
}): (claims: ChangePasswordClaims, context: RequestContext) => Promise<ChangeResult> {
  const { findUser, enrich, log } = options;
  const resetPassword = createResetPassword(options);
  const changeOwnPassword = createChangeOwnPassword(options);
  const refusalTime = createRefusalTime();

  async function changePassword(claims: ChangePasswordClaims, context: RequestContext): Promise<ChangeResult> {
    const { password: newPassword, oldPassword } = claims;
    const entry = await findUser({ name: claims.username, escaped: claims.escaped }, context.signal).catch(nobodyIfAmbiguous);
    if (entry === undefined) {
      // Timing must not reveal which names exist.
      if (oldPassword !== undefined) await refusalTime.imitate(context.signal);
      return unknownUserFailure(claims.username);
    }
    // Never send it: it would be an anonymous bind, which succeeds (RFC 4513, section 5.1.2).
    if (oldPassword === '') {
      await refusalTime.imitate(context.signal);
      return await refuse('WrongPassword', entry, context, 'the old password is empty');
    }
    // Never set an empty password.
    if (newPassword === '') return await refuse('PasswordComplexityError', entry, context, 'the new password is empty');
    const start = performance.now();
    const refusal =
      oldPassword === undefined
        ? await resetPassword(entry, newPassword, context)
        : await changeOwnPassword(entry, { oldPassword, newPassword }, context);
    if (refusal !== undefined) {
      if (refusal.error === 'WrongPassword') refusalTime.measured(performance.now() - start);
      return await refuse(refusal.error, entry, context, refusal.reason);
    }
    log.info(
      { correlationId: context.correlationId, dn: entry.dn },
      oldPassword === undefined ? 'Password reset by the service account' : 'Password changed by the user',
    );
    return await profileAfterChange(entry, context);
  }

  /** The password has been changed: a problem with the profile must not look like a failed change. */
  async function profileAfterChange(entry: Entry, context: RequestContext): Promise<KnownUser> {
    if (!isShown(entry)) return { profile: { dn: entry.dn } };
    try {
      const { profile, subject } = await enrich.full(entry, 'active', context);
      return { profile, subject };
    } catch (error) {
      log.warn({ err: error, correlationId: context.correlationId, dn: entry.dn }, 'Password changed, but making the profile failed');
      return { profile: { dn: entry.dn } };
    }
  }

  function refuse(error: WireErrorName, entry: Entry, context: RequestContext, reason: string | undefined): Promise<ChangeResult> {
    log.info({ correlationId: context.correlationId, dn: entry.dn, reason }, `Password not changed: ${WIRE_ERRORS[error].message}`);
    return enrich.refusal(error, entry);
  }

  return (claims, context) => changePassword(claims, context).catch(logUndecided(log, context, 'Changing a password failed'));
}
