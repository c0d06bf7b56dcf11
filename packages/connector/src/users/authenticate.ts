/** A sign-in, from top to bottom: find the person, refuse an empty password, bind with theirs, then make the profile. */
import type { AuthenticateAnswer, LoginClaims, Profile, WireErrorName } from '@landbridge/protocol';
import { WIRE_ERRORS } from '@landbridge/protocol';
import type { Log } from '@landbridge/runtime';
import type { Directory } from '../ldap/directory.ts';
import type { Entry } from '../ldap/entry.ts';
import { LdapError, resultText } from '../ldap/errors.ts';
import type { LdapResult } from '../ldap/messages.ts';
import { refusal, undecided, unexpected, wrongUsername } from './answers.ts';
import { bindOutcome, type Outcome } from './bind-outcome.ts';
import { assertShown, type CheckPassword } from './check-password.ts';
import type { Enrich, LdapStatus } from './enrich.ts';
import { type FindUser, isShown } from './find.ts';
import { passwordWarning } from './password/password-warning.ts';
import { createRefusalTime } from './refusal-time.ts';
import { timed } from './steps.ts';
import type { RequestContext, UsersSettings } from './users.ts';

export interface AuthenticateOptions {
  directory: Directory;
  findUser: FindUser;
  checkPassword: CheckPassword;
  enrich: Enrich;
  settings: UsersSettings;
  log: Log;
}

export function createAuthenticate(
  options: AuthenticateOptions,
): (claims: LoginClaims, context: RequestContext) => Promise<AuthenticateAnswer> {
  const { findUser, checkPassword, enrich, settings, log } = options;
  const refusalTime = createRefusalTime();

  async function authenticate(claims: LoginClaims, context: RequestContext, progress: Progress): Promise<AuthenticateAnswer> {
    const found = await timed(
      context,
      'find',
      findUser({ name: claims.username, escaped: claims.escaped }, context.signal),
      (user) => user?.dn ?? 'nobody',
    );
    if (found === undefined) {
      await refusalTime.imitate(context.signal);
      return wrongUsername(claims.username);
    }
    // Servers take an empty password as an anonymous bind and say yes (RFC 4513, section 5.1.2): it is never sent.
    if (claims.password === '') {
      await refusalTime.imitate(context.signal);
      return refuse('WrongPassword', found, context, 'the password is empty');
    }
    const start = performance.now();
    progress.stage = 'bind';
    const { result, entry, outcome } = await timed(context, 'bind', decide(found, claims.password, context.signal), bindText);
    if (outcome.kind !== 'undecided') progress.stage = 'decided';
    switch (outcome.kind) {
      case 'accepted':
        return signedIn(entry, result, 'active', context);
      case 'refused':
        // There is no profile of an entry that only its person may see, and who is not bound.
        if (allowed(outcome.error) && isShown(entry))
          return signedIn(entry, result, WIRE_ERRORS[outcome.error].ldapStatus ?? 'active', context);
        refusalTime.measured(performance.now() - start);
        return refuse(outcome.error, entry, context, outcome.reason);
      case 'undecided':
        throw new LdapError(
          'LDAP_RESULT',
          `The directory answered the bind with ${resultText(result.resultCode)}: ${result.diagnosticMessage || 'no text'}`,
          {
            resultCode: result.resultCode,
            mayHaveBeenSent: true,
          },
        );
    }
  }

  async function decide(found: Entry, password: string, signal: AbortSignal) {
    const { result, entry } = await checkPassword(found, password, signal);
    return { result, entry, outcome: bindOutcome(result, entry) };
  }

  async function signedIn(entry: Entry, bind: LdapResult, ldapStatus: LdapStatus, context: RequestContext): Promise<AuthenticateAnswer> {
    assertShown(entry);
    const warning = passwordWarning(entry, bind, settings.PASSWORD_EXPIRY_WARNING_DAYS, Date.now());
    if (warning.passwordGraceLogins !== undefined) {
      log.warn(
        { pid: context.correlationId, dn: entry.dn, ...warning },
        'Signed in with an expired password, which works only a few times',
      );
    }
    return { profile: (await enrich.full(entry, ldapStatus, context, warning)).profile };
  }

  function allowed(error: WireErrorName): boolean {
    return (
      (error === 'PasswordExpired' && settings.ALLOW_PASSWORD_EXPIRED) ||
      (error === 'PasswordChangeRequired' && settings.ALLOW_PASSWORD_CHANGE_REQUIRED)
    );
  }

  async function refuse(
    error: WireErrorName,
    entry: Entry,
    context: RequestContext,
    reason: string | undefined,
  ): Promise<AuthenticateAnswer> {
    if (reason !== undefined) log.info({ pid: context.correlationId, dn: entry.dn, reason }, `Refused: ${WIRE_ERRORS[error].message}`);
    return refusal(error, await profileForRefusal(enrich, error, entry, log));
  }

  return async (claims, context) => {
    const progress: Progress = { stage: 'find' };
    try {
      return await authenticate(claims, context, progress);
    } catch (error) {
      log.warn({ err: error, pid: context.correlationId }, 'A sign-in could not be decided');
      if (progress.stage === 'decided') return unexpected(error);
      return undecided(error, progress.stage === 'bind' && !(error instanceof LdapError && !error.mayHaveBeenSent));
    }
  };
}

/** How far a sign-in came: what its failure means for the password depends on it. */
interface Progress {
  stage: 'find' | 'bind' | 'decided';
}

function bindText({ result, outcome }: { result: LdapResult; outcome: Outcome }): string {
  const reason = outcome.kind === 'refused' ? outcome.reason : undefined;
  return reason === undefined ? resultText(result.resultCode) : `${resultText(result.resultCode)}: ${reason}`;
}

/** A mapper that fails must not turn a refusal into another error. */
export async function profileForRefusal(enrich: Enrich, error: WireErrorName, entry: Entry, log: Log): Promise<Profile> {
  if (!isShown(entry)) return { dn: entry.dn };
  try {
    return await enrich.brief(entry, WIRE_ERRORS[error].ldapStatus ?? 'active');
  } catch (caught) {
    log.warn({ err: caught, dn: entry.dn }, 'The profile of a refused sign-in could not be mapped');
    return { dn: entry.dn };
  }
}
