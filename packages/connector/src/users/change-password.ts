/** Sets a person's password with the service account's rights (write-back). */
import { type AuthenticateAnswer, type ChangePasswordClaims, WIRE_ERRORS } from '@landbridge/protocol';
import { LdapError, resultText } from '../ldap/errors.ts';
import type { Modification } from '../ldap/messages.ts';
import { refusal, unexpected, wrongUsername } from './answers.ts';
import { type AuthenticateOptions, profileForRefusal } from './authenticate.ts';
import { passwordChangeOutcome } from './bind-outcome.ts';
import type { RequestContext, UsersSettings } from './users.ts';

export function createChangePassword(
  options: AuthenticateOptions,
): (claims: ChangePasswordClaims, context: RequestContext) => Promise<AuthenticateAnswer> {
  const { directory, findUser, enrich, settings, log } = options;

  async function changePassword(claims: ChangePasswordClaims, context: RequestContext): Promise<AuthenticateAnswer> {
    const entry = await findUser({ name: claims.username, escaped: claims.escaped }, context.signal);
    if (entry === undefined) return wrongUsername(claims.username);
    // An account without a password is nobody's wish.
    if (claims.password === '')
      return refusal('PasswordComplexityError', await profileForRefusal(enrich, 'PasswordComplexityError', entry, log));
    if (settings.ENABLE_ACTIVE_DIRECTORY_UNICODE_PASSWORD && !directory.status().encrypted) {
      // Active Directory refuses it too (MS-ADTS, section 3.1.1.3.1.5), but with the result of a password that is too weak.
      throw new LdapError('LDAP_RESULT', 'A password is changed in Active Directory over an encrypted connection only', {
        action: 'Use ldaps:// in LDAP_URL, or set LDAP_STARTTLS',
      });
    }
    const result = await directory.modify(entry.dn, passwordModifications(claims.password, settings), { signal: context.signal });
    const outcome = passwordChangeOutcome(result);
    switch (outcome.kind) {
      case 'accepted':
        return { profile: (await enrich.full(entry, 'active', context)).profile };
      case 'refused':
        log.info(
          { pid: context.correlationId, dn: entry.dn, reason: outcome.reason },
          `Password not changed: ${WIRE_ERRORS[outcome.error].message}`,
        );
        return refusal(outcome.error, await profileForRefusal(enrich, outcome.error, entry, log));
      case 'undecided':
        throw new LdapError(
          'LDAP_RESULT',
          `The directory answered the password change with ${resultText(result.resultCode)}: ${result.diagnosticMessage || 'no text'}`,
          {
            resultCode: result.resultCode,
            mayHaveBeenSent: true,
          },
        );
    }
  }

  return (claims, context) =>
    changePassword(claims, context).catch((error: unknown) => {
      log.warn({ err: error, pid: context.correlationId }, 'A password could not be changed');
      return unexpected(error);
    });
}

function passwordModifications(password: string, settings: UsersSettings): Modification[] {
  // unicodePwd takes the password in double quotes as UTF-16LE (MS-ADTS, section 3.1.1.3.1.5).
  const change: Modification = settings.ENABLE_ACTIVE_DIRECTORY_UNICODE_PASSWORD
    ? { operation: 'replace', attribute: 'unicodePwd', values: [Buffer.from(`"${password}"`, 'utf16le')] }
    : { operation: 'replace', attribute: 'userPassword', values: [password] };
  return settings.AUTO_UNLOCK_ON_PASSWORD_CHANGE ? [change, { operation: 'replace', attribute: 'lockoutTime', values: ['0'] }] : [change];
}
