/** `change_password`: an administrator's reset, or with the old password a person's own change. */
import { type AuthenticateAnswer, type ChangePasswordClaims, type Profile, WIRE_ERRORS, type WireErrorName } from '@landbridge/protocol';
import type { Entry } from '../../ldap/entry.ts';
import { refusal, undecided, wrongUsername } from '../answers.ts';
import { type AuthenticateOptions, profileForRefusal } from '../authenticate.ts';
import { isShown } from '../find.ts';
import { createRefusalTime } from '../refusal-time.ts';
import type { RequestContext } from '../users.ts';
import { createChangeOwnPassword } from './own-change.ts';
import { createResetPassword } from './reset.ts';

export function createChangePassword(
  options: Pick<AuthenticateOptions, 'directory' | 'findUser' | 'enrich' | 'settings' | 'log'>,
): (claims: ChangePasswordClaims, context: RequestContext) => Promise<AuthenticateAnswer> {
  const { findUser, enrich, log } = options;
  const resetPassword = createResetPassword(options);
  const changeOwnPassword = createChangeOwnPassword(options);
  const refusalTime = createRefusalTime();

  async function changePassword(claims: ChangePasswordClaims, context: RequestContext): Promise<AuthenticateAnswer> {
    const { password: newPassword, oldPassword } = claims;
    const entry = await findUser({ name: claims.username, escaped: claims.escaped }, context.signal);
    if (entry === undefined) {
      // Whoever knows no password must not learn by the time it takes which names exist.
      if (oldPassword !== undefined) await refusalTime.imitate(context.signal);
      return wrongUsername(claims.username);
    }
    // It would be an anonymous bind, which succeeds (RFC 4513, section 5.1.2).
    if (oldPassword === '') {
      await refusalTime.imitate(context.signal);
      return await refuse('WrongPassword', entry, context, 'the old password is empty');
    }
    // An account without a password is nobody's wish.
    if (newPassword === '') return await refuse('PasswordComplexityError', entry, context, 'the new password is empty');
    const start = performance.now();
    const outcome =
      oldPassword === undefined
        ? await resetPassword(entry, newPassword, context)
        : await changeOwnPassword(entry, { oldPassword, newPassword }, context);
    if (outcome.kind === 'refused') {
      if (outcome.error === 'WrongPassword') refusalTime.measured(performance.now() - start);
      return await refuse(outcome.error, entry, context, outcome.reason);
    }
    log.info(
      { pid: context.correlationId, dn: entry.dn },
      oldPassword === undefined ? 'Password set by the service account' : 'Password changed by its owner',
    );
    return { profile: await profileAfterChange(entry, context) };
  }

  /** The password is changed: whatever is wrong with the profile must not say that it is not. */
  async function profileAfterChange(entry: Entry, context: RequestContext): Promise<Profile> {
    if (!isShown(entry)) return { dn: entry.dn };
    try {
      return (await enrich.full(entry, 'active', context)).profile;
    } catch (error) {
      log.warn({ err: error, pid: context.correlationId, dn: entry.dn }, 'A password was changed; the profile could not be made');
      return { dn: entry.dn };
    }
  }

  async function refuse(
    error: WireErrorName,
    entry: Entry,
    context: RequestContext,
    reason: string | undefined,
  ): Promise<AuthenticateAnswer> {
    log.info({ pid: context.correlationId, dn: entry.dn, reason }, `Password not changed: ${WIRE_ERRORS[error].message}`);
    return refusal(error, await profileForRefusal(enrich, error, entry, log));
  }

  return (claims, context) =>
    changePassword(claims, context).catch((error: unknown) => {
      log.warn({ err: error, pid: context.correlationId }, 'A password could not be changed');
      return undecided(error, true);
    });
}
