/** `change_password`: an administrator's reset or, with the old password, a user's own change. */
import { type ChangePasswordClaims, type KnownUser, type RequestOutcome, WIRE_ERRORS, type WireErrorName } from '@landbridge/protocol';
import type { Log } from '@landbridge/runtime';
import type { ConnectorSettings } from '../../config/settings.ts';
import type { Directory } from '../../ldap/directory.ts';
import type { Entry } from '../../ldap/entry.ts';
import type { RequestContext } from '../context.ts';
import { deniedFailure, type IsDenied } from '../denial.ts';
import type { Enrich } from '../enrich.ts';
import { logUndecided, unknownUserFailure } from '../failures.ts';
import { type FindUser, isShown, noUserIfAmbiguous } from '../find.ts';
import { heldFailure, type Lockout } from '../lockout/lockout.ts';
import type { RateLimits } from '../rate-limits.ts';
import { createRefusalTime } from '../refusal-time.ts';
import { createChangeOwnPassword } from './own-change.ts';
import type { PasswordRulesOf } from './password-rules.ts';
import { createResetPassword } from './reset.ts';

type ChangeResult = RequestOutcome<'change_password'>;

export function createChangePassword(options: {
  directory: Directory;
  findUser: FindUser;
  enrich: Enrich;
  rulesOf: PasswordRulesOf;
  lockout: Lockout;
  isDenied: IsDenied;
  limits: RateLimits;
  settings: ConnectorSettings;
  log: Log;
}): (claims: ChangePasswordClaims, context: RequestContext) => Promise<ChangeResult> {
  const { findUser, enrich, rulesOf, lockout, isDenied, limits, log } = options;
  const resetPassword = createResetPassword(options);
  const changeOwnPassword = createChangeOwnPassword(options);
  const refusalTime = createRefusalTime();

  async function changePassword(claims: ChangePasswordClaims, context: RequestContext): Promise<ChangeResult> {
    const { password: newPassword, oldPassword } = claims;
    const sinceMs = performance.now();
    const found: { isAmbiguous?: boolean } = {};
    limits.signIn();
    const read = await findUser({ name: claims.username, escaped: claims.escaped }, context.signal).catch((error) =>
      noUserIfAmbiguous(error, found),
    );
    if (read === undefined) {
      // Timing must not reveal which names exist.
      if (oldPassword !== undefined) await refusalTime.imitate(context.signal);
      return unknownUserFailure(claims.username, found);
    }
    const entry = lockout.strip(read);
    const retryAfterSeconds = oldPassword === undefined ? undefined : limits.userWaits(entry);
    if (retryAfterSeconds !== undefined) {
      const { correlationId } = context;
      log.warn({ correlationId, dn: entry.dn }, 'Old password not tried: more wrong ones than WRONG_PASSWORDS_PER_USER_PER_MINUTE allows');
      const refusal = refusalTime.imitateDuring(enrich.refusal('WrongPassword', entry, context), context.signal);
      return heldFailure({ retryAfterSeconds }, await refusal);
    }
    if (await isDenied(entry, context)) {
      return deniedFailure(await refusalTime.imitateDuring(enrich.refusal('WrongPassword', entry, context), context.signal));
    }
    // Never send it: it would be an anonymous bind, which succeeds (RFC 4513, section 5.1.2).
    if (oldPassword === '') {
      const refused = refuse('WrongPassword', entry, context, 'the old password is empty or not a string');
      return await refusalTime.imitateDuring(refused, context.signal);
    }
    // Never set an empty password.
    if (newPassword === '') return await refuse('PasswordComplexityError', entry, context, 'the new password is empty or not a string');
    let startedAt = performance.now();
    const tryOldPassword = async (old: string, server: string | undefined) => {
      startedAt = performance.now();
      return { refusal: await changeOwnPassword(entry, { oldPassword: old, newPassword }, context, server) };
    };
    const tried =
      oldPassword === undefined
        ? { refusal: await resetPassword(entry, newPassword, context) }
        : await lockout.attempt({ entry: read, sinceMs }, (server) => tryOldPassword(oldPassword, server), context.signal);
    if ('held' in tried) {
      const { correlationId } = context;
      log.warn(
        { correlationId, dn: entry.dn, ...tried.held },
        'Old password not tried: wrong ones have left only LOCKOUT_RESERVE attempts',
      );
      return heldFailure(tried.held, await refusalTime.imitateDuring(enrich.refusal('WrongPassword', entry, context), context.signal));
    }
    const { refusal } = tried;
    if (refusal !== undefined) {
      const refused = await refuse(refusal.error, entry, context, refusal.reason);
      if (refusal.error === 'WrongPassword') refusalTime.measured(performance.now() - startedAt);
      return refused;
    }
    if (oldPassword !== undefined) limits.accepted(entry);
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
      const { profile, subject, accountName } = await enrich.full(entry, 'active', context);
      return { profile, subject, accountName };
    } catch (error) {
      log.warn({ err: error, correlationId: context.correlationId, dn: entry.dn }, 'Password changed, but making the profile failed');
      return { profile: { dn: entry.dn } };
    }
  }

  async function refuse(error: WireErrorName, entry: Entry, context: RequestContext, reason: string | undefined): Promise<ChangeResult> {
    log.info({ correlationId: context.correlationId, dn: entry.dn, reason }, `Password not changed: ${WIRE_ERRORS[error].message}`);
    const { failure } = await enrich.refusal(error, entry, context);
    return { failure: error === 'PasswordComplexityError' ? { ...failure, rules: await rulesOf(entry, context.signal) } : failure };
  }

  return (claims, context) => changePassword(claims, context).catch(logUndecided(log, context, 'Changing a password failed'));
}
