/** A sign-in, from top to bottom: find the person, refuse an empty password, bind with theirs, then make the profile. */
import type { AuthenticateAnswer, LoginClaims, Profile, WireErrorName } from '@landbridge/protocol';
import { WIRE_ERRORS } from '@landbridge/protocol';
import type { Log } from '@landbridge/runtime';
import type { Directory } from '../ldap/directory.ts';
import type { Entry } from '../ldap/entry.ts';
import { LdapError, resultText } from '../ldap/errors.ts';
import { refusal, unexpected, wrongUsername } from './answers.ts';
import { bindOutcome } from './bind-outcome.ts';
import type { Enrich } from './enrich.ts';
import type { FindUser } from './find.ts';
import { createRefusalTime } from './refusal-time.ts';
import { timed } from './steps.ts';
import type { RequestContext, UsersSettings } from './users.ts';

export interface AuthenticateOptions {
  directory: Directory;
  findUser: FindUser;
  enrich: Enrich;
  settings: UsersSettings;
  log: Log;
}

export function createAuthenticate(
  options: AuthenticateOptions,
): (claims: LoginClaims, context: RequestContext) => Promise<AuthenticateAnswer> {
  const { directory, findUser, enrich, settings, log } = options;
  const refusalTime = createRefusalTime();

  async function authenticate(claims: LoginClaims, context: RequestContext): Promise<AuthenticateAnswer> {
    const entry = await timed(
      context,
      'find',
      findUser({ name: claims.username, escaped: claims.escaped }, context.signal),
      (found) => found?.dn ?? 'nobody',
    );
    if (entry === undefined) {
      await refusalTime.imitate(context.signal);
      return wrongUsername(claims.username);
    }
    // Servers take an empty password as an anonymous bind and say yes (RFC 4513, section 5.1.2): it is never sent.
    if (claims.password === '') {
      await refusalTime.imitate(context.signal);
      return refuse('WrongPassword', entry, context, 'the password is empty');
    }
    const start = performance.now();
    const result = await timed(context, 'bind', directory.bind(entry.dn, claims.password, { signal: context.signal }), ({ resultCode }) =>
      resultText(resultCode),
    );
    const outcome = bindOutcome(result);
    switch (outcome.kind) {
      case 'accepted':
        return { profile: (await enrich.full(entry, 'active', context)).profile };
      case 'refused':
        if (allowed(outcome.error))
          return { profile: (await enrich.full(entry, WIRE_ERRORS[outcome.error].ldapStatus ?? 'active', context)).profile };
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

  return (claims, context) =>
    authenticate(claims, context).catch((error: unknown) => {
      log.warn({ err: error, pid: context.correlationId }, 'A sign-in could not be decided');
      return unexpected(error);
    });
}

/** A mapper that fails must not turn a refusal into another error. */
export async function profileForRefusal(enrich: Enrich, error: WireErrorName, entry: Entry, log: Log): Promise<Profile> {
  try {
    return await enrich.brief(entry, WIRE_ERRORS[error].ldapStatus ?? 'active');
  } catch (caught) {
    log.warn({ err: caught, dn: entry.dn }, 'The profile of a refused sign-in could not be mapped');
    return { dn: entry.dn };
  }
}
