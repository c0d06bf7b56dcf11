/**
 * A sign-in of somebody whose ticket, certificate or proxy has already said who they are: find the person, read the state of the
 * account, make the profile. No password is asked for and nobody is bound, so everything depends on whom the caller names.
 */
import { type AuthenticateAnswer, WIRE_ERRORS } from '@landbridge/protocol';
import { CodedError, type Log } from '@landbridge/runtime';
import type { Directory } from '../ldap/directory.ts';
import type { Entry } from '../ldap/entry.ts';
import type { BoundFilter } from '../ldap/filter.ts';
import { ACCOUNT_STATE_ATTRIBUTES, accountState } from './account-state.ts';
import { refusal, undecided, wrongUsername } from './answers.ts';
import { profileForRefusal } from './authenticate.ts';
import type { Enrich } from './enrich.ts';
import { type FindByFilter, type FindUser, isShown } from './find.ts';
import { passwordWarning } from './password/password-warning.ts';
import { timed } from './steps.ts';
import type { RequestContext, UsersSettings } from './users.ts';

export interface KnownPerson {
  /** As somebody would type it into a form; beside a filter it is for answer and log only. */
  name: string;
  /** Matches the one person meant, where that is not by name. What came from outside stands in its value. */
  filter?: BoundFilter | undefined;
}

export function createSignInKnown(options: {
  directory: Directory;
  /** These two ask for `ACCOUNT_STATE_ATTRIBUTES` as well. */
  findUser: FindUser;
  findByFilter: FindByFilter;
  /** What a sign-in with a password asks for: a mapper sees no more here than there. */
  attributes: readonly string[];
  enrich: Enrich;
  settings: UsersSettings;
  log: Log;
}): (person: KnownPerson, context: RequestContext) => Promise<AuthenticateAnswer> {
  const { directory, enrich, settings, log } = options;
  const wanted = new Set(options.attributes.map((name) => name.toLowerCase()));
  const hidden = ACCOUNT_STATE_ATTRIBUTES.map((name) => name.toLowerCase()).filter((name) => !wanted.has('*') && !wanted.has(name));

  function find({ name, filter }: KnownPerson, signal: AbortSignal): Promise<Entry | undefined> {
    return filter === undefined ? options.findUser({ name, escaped: false }, signal) : options.findByFilter(filter, signal);
  }

  async function signIn(person: KnownPerson, context: RequestContext): Promise<AuthenticateAnswer> {
    if (directory.searchesAs === 'nobody') {
      throw new CodedError(
        'LDAP_NO_SERVICE_ACCOUNT',
        'Nobody may search the directory, so an account that is not bound cannot be looked at',
        {
          action: 'Set LDAP_BIND_USER and its password: signing in without a password needs a service account.',
        },
      );
    }
    const found = await timed(context, 'find', find(person, context.signal), (entry) => entry?.dn ?? 'nobody');
    // With LDAP_USER_DN an entry of which nothing is shown may not exist.
    if (found === undefined || !isShown(found)) return wrongUsername(person.name);
    const state = await timed(context, 'account', accountState(directory, found, Date.now(), context.signal), (result) =>
      result.kind === 'usable' ? result.ldapStatus : result.reason,
    );
    const entry = withoutState(found);
    switch (state.kind) {
      case 'nobody':
        log.info({ pid: context.correlationId, dn: entry.dn }, `Refused: ${state.reason}`);
        return wrongUsername(person.name);
      case 'refused':
        log.info({ pid: context.correlationId, dn: entry.dn, reason: state.reason }, `Refused: ${WIRE_ERRORS[state.error].message}`);
        return refusal(state.error, await profileForRefusal(enrich, state.error, entry, log));
      case 'usable': {
        const warning = passwordWarning(entry, undefined, settings.PASSWORD_EXPIRY_WARNING_DAYS, Date.now());
        return { profile: (await enrich.full(entry, state.ldapStatus, context, warning)).profile };
      }
    }
  }

  function withoutState(entry: Entry): Entry {
    const attributes = new Map(entry.attributes);
    for (const name of hidden) attributes.delete(name);
    return { dn: entry.dn, attributes };
  }

  return (person, context) =>
    signIn(person, context).catch((error: unknown) => {
      log.warn({ err: error, pid: context.correlationId }, 'A sign-in without a password could not be decided');
      return undecided(error, false);
    });
}
