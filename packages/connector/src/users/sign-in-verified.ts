/**
 * Signs in users whose identity was verified without a password: finds the user, reads the state of the account and makes the profile.
 * There is no bind, so the result is only as good as the verification.
 */
import { type SignInOutcome, timed, WIRE_ERRORS } from '@landbridge/protocol';
import { CodedError, type Log } from '@landbridge/runtime';
import type { ConnectorSettings } from '../config/settings.ts';
import type { Directory } from '../ldap/directory.ts';
import type { Entry } from '../ldap/entry.ts';
import type { BoundFilter } from '../ldap/filter.ts';
import { ACCOUNT_STATE_ATTRIBUTES, accountState } from './account-state.ts';
import type { RequestContext } from './context.ts';
import { deniedFailure, type IsDenied } from './denial.ts';
import type { Enrich } from './enrich.ts';
import { logUndecided, unknownUserFailure } from './failures.ts';
import { type FindByFilter, type FindUser, isShown, noUserIfAmbiguous } from './find.ts';
import { passwordWarning } from './password/password-warning.ts';

/** A user as a Kerberos ticket, client certificate, trusted proxy or session names them. */
export interface VerifiedIdentity {
  method: 'kerberos' | 'certificate' | 'proxy-header' | 'session';
  /** Looked up like a name typed into a form; with a `filter`, only for log and answer. */
  name: string;
  /** Matches the user if a name does not identify them. Outside input is only in its values. */
  filter?: BoundFilter;
  /** Of a session: the user found must still have this immutable id. */
  subject?: string;
  /** What proved the identity, for the log: the Kerberos principal, the certificate's subject, the header. */
  principal: string;
  /** Of a session: when the password was checked. */
  authenticatedAt?: Date;
  /** Proves to the browser that it reached the right service (RFC 4559, section 5). */
  responseToken?: Buffer;
}

export function createSignInVerified(options: {
  directory: Directory;
  /** Both also request `ACCOUNT_STATE_ATTRIBUTES`. */
  findUser: FindUser;
  findByFilter: FindByFilter;
  /** As requested for a sign-in with a password: the mapper sees the same attributes. */
  attributes: readonly string[];
  enrich: Enrich;
  isDenied: IsDenied;
  settings: ConnectorSettings;
  log: Log;
}): (identity: Pick<VerifiedIdentity, 'name' | 'filter' | 'subject'>, context: RequestContext) => Promise<SignInOutcome> {
  const { directory, enrich, isDenied, settings, log } = options;
  const requested = new Set(options.attributes.map((name) => name.toLowerCase()));
  const hidden = ACCOUNT_STATE_ATTRIBUTES.map((name) => name.toLowerCase()).filter((name) => !requested.has('*') && !requested.has(name));

  async function signIn(
    { name, filter, subject: expected }: Pick<VerifiedIdentity, 'name' | 'filter' | 'subject'>,
    context: RequestContext,
  ): Promise<SignInOutcome> {
    if (directory.searchesAs === 'none') {
      throw new CodedError(
        'LDAP_NO_SERVICE_ACCOUNT',
        'Without a service account the state of an account cannot be read unless the user is bound',
        { action: 'Set LDAP_BIND_USER and its password: signing in without a password needs a service account.' },
      );
    }
    const { signal, correlationId, onStep } = context;
    const find = () =>
      filter === undefined
        ? options.findUser({ name, escaped: false, isProven: expected === undefined }, signal)
        : options.findByFilter(filter, signal);
    const found = await timed(onStep, 'find', find, (entry) => entry?.dn ?? 'no such user').catch((error) => noUserIfAmbiguous(error));
    // With LDAP_USER_DN, an entry without readable attributes may not exist.
    if (found === undefined || !isShown(found)) return unknownUserFailure(name);
    if (expected !== undefined && (await enrich.subjectOf(found, signal)) !== expected) {
      log.warn({ correlationId, dn: found.dn }, 'Session rejected: its user name now belongs to another user');
      return unknownUserFailure(name);
    }
    if (await isDenied(found, context)) return deniedFailure(unknownUserFailure(name));
    const readState = () => accountState(directory, found, Date.now(), signal);
    const state = await timed(onStep, 'account', readState, (result) => (result.kind === 'usable' ? result.ldapStatus : result.reason));
    const entry = withoutState(found);
    const about = { correlationId, dn: entry.dn };
    switch (state.kind) {
      case 'not a user':
        log.info({ ...about, reason: state.reason }, 'Sign-in without a password rejected: not a user account');
        return unknownUserFailure(name);
      case 'refused':
        log.info({ ...about, reason: state.reason }, `Sign-in without a password rejected: ${WIRE_ERRORS[state.error].message}`);
        return await enrich.refusal(state.error, entry, context);
      case 'usable': {
        const warning = passwordWarning(entry, undefined, settings.PASSWORD_EXPIRY_WARNING_DAYS, Date.now());
        const { profile, subject, accountName } = await enrich.full(entry, state.ldapStatus, context, warning);
        return { profile, subject, accountName };
      }
    }
  }

  function withoutState(entry: Entry): Entry {
    const attributes = new Map(entry.attributes);
    for (const name of hidden) attributes.delete(name);
    return { dn: entry.dn, attributes };
  }

  return (identity, context) =>
    signIn(identity, context).catch(logUndecided(log, context, 'Sign-in without a password failed: no answer from the directory', false));
}
