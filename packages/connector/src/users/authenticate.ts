/** A sign-in with a password, from top to bottom: find the user, refuse an empty password, bind as the user, make the profile. */
import { type LdapStatus, type LoginClaims, type SignInOutcome, timed, WIRE_ERRORS, type WireErrorName } from '@landbridge/protocol';
import type { Log } from '@landbridge/runtime';
import type { ConnectorSettings } from '../config/settings.ts';
import type { Directory, PasswordOptions } from '../ldap/directory.ts';
import type { Entry } from '../ldap/entry.ts';
import { LdapError, resultText, unexpectedResult } from '../ldap/errors.ts';
import type { LdapResult } from '../ldap/messages.ts';
import { type BindOutcome, bindOutcome } from './bind-outcome.ts';
import type { RequestContext } from './context.ts';
import { deniedFailure, type IsDenied } from './denial.ts';
import { assertShown, type Enrich } from './enrich.ts';
import { undecidedFailure, unexpectedFailure, unknownUserFailure } from './failures.ts';
import { type FindUser, isShown, noUserIfAmbiguous } from './find.ts';
import { type Held, heldFailure, type Lockout } from './lockout/lockout.ts';
import type { PasswordRulesOf } from './password/password-rules.ts';
import { passwordWarning } from './password/password-warning.ts';
import type { RateLimits } from './rate-limits.ts';
import { createRefusalTime } from './refusal-time.ts';

export function createAuthenticate(options: {
  directory: Directory;
  findUser: FindUser;
  /** Read from the entry after a bind, if the service account may not read it. */
  attributes: readonly string[];
  enrich: Enrich;
  rulesOf: PasswordRulesOf;
  lockout: Lockout;
  isDenied: IsDenied;
  limits: RateLimits;
  settings: ConnectorSettings;
  log: Log;
}): (claims: LoginClaims, context: RequestContext) => Promise<SignInOutcome> {
  const { directory, findUser, attributes, enrich, rulesOf, lockout, isDenied, limits, settings, log } = options;
  const refusalTime = createRefusalTime();

  return async ({ username, password, escaped }, context) => {
    const { signal, correlationId, onStep } = context;
    /** What an error means for the password depends on it. */
    const progress: { stage: 'find' | 'bind' | 'decided'; isAmbiguous?: boolean } = { stage: 'find' };
    try {
      const sinceMs = performance.now();
      limits.signIn();
      const find = () => findUser({ name: username, escaped }, signal);
      const read = await timed(onStep, 'find', find, (entry) => entry?.dn ?? 'no such user').catch((error) =>
        noUserIfAmbiguous(error, progress),
      );
      if (read === undefined) {
        await refusalTime.imitate(signal);
        return unknownUserFailure(username, progress);
      }
      const found = lockout.strip(read);
      const retryAfterSeconds = limits.userWaits(found);
      if (retryAfterSeconds !== undefined) {
        log.warn({ correlationId, dn: found.dn }, 'Password not tried: the user has exceeded WRONG_PASSWORDS_PER_USER_PER_MINUTE');
        return heldFailure({ retryAfterSeconds }, await refusalTime.imitateDuring(enrich.refusal('WrongPassword', found, context), signal));
      }
      if (await isDenied(found, context)) {
        return deniedFailure(await refusalTime.imitateDuring(enrich.refusal('WrongPassword', found, context), signal));
      }
      // Never send an empty password: servers take it as an anonymous bind, and accept (RFC 4513, section 5.1.2).
      if (password === '') {
        const refusal = refuse('WrongPassword', found, context, 'the password is empty or not a string');
        return await refusalTime.imitateDuring(refusal, signal);
      }
      const tryPassword = async (server: string | undefined) => {
        progress.stage = 'bind';
        const startedAt = performance.now();
        return { ...(await bind(found, password, { signal, server })), startedAt };
      };
      const attempt = () => lockout.attempt({ entry: read, sinceMs }, tryPassword, signal);
      const tried = await timed(onStep, 'bind', attempt, (end) => ('held' in end ? heldText(end) : bindText(end)));
      if ('held' in tried) {
        log.warn({ correlationId, dn: found.dn, ...tried.held }, 'Password not tried: wrong ones have left only LOCKOUT_RESERVE attempts');
        return heldFailure(tried.held, await refusalTime.imitateDuring(enrich.refusal('WrongPassword', found, context), signal));
      }
      const { result, entry, outcome, startedAt } = tried;
      if (outcome.kind === 'undecided') throw unexpectedResult('The directory answered the bind', result, { mayHaveBeenSent: true });
      progress.stage = 'decided';
      if (outcome.kind === 'accepted') {
        limits.accepted(found);
        return await profileOf(entry, result, 'active', context);
      }
      // If only the user may read the entry, a refused bind leaves nothing to make a profile of.
      if (isAllowed(outcome.error) && isShown(entry)) {
        return await profileOf(entry, result, WIRE_ERRORS[outcome.error].ldapStatus ?? 'active', context);
      }
      const refusal = await refuse(outcome.error, entry, context, outcome.reason);
      // The time includes the profile, because unknown users have no profile to compute.
      refusalTime.measured(performance.now() - startedAt);
      return refusal;
    } catch (error) {
      log.warn({ err: error, correlationId }, 'Sign-in failed: the directory gave no decision');
      if (progress.stage === 'decided') return unexpectedFailure(error);
      return undecidedFailure(error, progress.stage === 'bind' && !(error instanceof LdapError && !error.mayHaveBeenSent));
    }
  };

  /** An entry that the service account may not read is read right after the bind, over the same connection: most directories let users read their own. */
  async function bind(found: Entry, password: string, options: PasswordOptions) {
    const bound: { result: LdapResult; entry?: Entry | undefined } = isShown(found)
      ? { result: await directory.bind(found.dn, password, options) }
      : await directory.bindAndRead(found.dn, password, attributes, options);
    const entry = bound.entry ?? found;
    return { result: bound.result, entry, outcome: bindOutcome(bound.result, entry) };
  }

  async function profileOf(entry: Entry, bound: LdapResult, ldapStatus: LdapStatus, context: RequestContext) {
    assertShown(entry);
    const warning = passwordWarning(entry, bound, settings.PASSWORD_EXPIRY_WARNING_DAYS, Date.now());
    if (warning.passwordGraceLogins !== undefined) {
      log.warn(
        { correlationId: context.correlationId, dn: entry.dn, ...warning },
        'Signed in with an expired password: only a few grace logins are left',
      );
    }
    const { profile, subject, accountName } = await enrich.full(entry, ldapStatus, context, warning);
    return { profile, subject, accountName };
  }

  function isAllowed(error: WireErrorName): boolean {
    return (
      (error === 'PasswordExpired' && settings.ALLOW_PASSWORD_EXPIRED) ||
      (error === 'PasswordChangeRequired' && settings.ALLOW_PASSWORD_CHANGE_REQUIRED)
    );
  }

  async function refuse(error: WireErrorName, entry: Entry, context: RequestContext, reason: string | undefined): Promise<SignInOutcome> {
    const { correlationId } = context;
    if (reason !== undefined) log.info({ correlationId, dn: entry.dn, reason }, `Refused: ${WIRE_ERRORS[error].message}`);
    const { failure } = await enrich.refusal(error, entry, context);
    // The password was right, and the user has to choose another one.
    const mustChange = error === 'PasswordExpired' || error === 'PasswordChangeRequired';
    return { failure: mustChange ? { ...failure, rules: await rulesOf(entry, context.signal) } : failure };
  }
}

function heldText({ held }: Held): string {
  return `not sent: ${held.failures} wrong passwords are counted, and ${held.maxFailures} lock the account`;
}

function bindText({ result, outcome }: { result: LdapResult; outcome: BindOutcome }): string {
  const reason = outcome.kind === 'refused' ? outcome.reason : undefined;
  return reason === undefined ? resultText(result.resultCode) : `${resultText(result.resultCode)}: ${reason}`;
}
