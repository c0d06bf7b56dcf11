/** Failures that the connector words itself: an unknown user, and errors that kept a request from being decided. */
import { type Failure, type FailureCode, namedFailure } from '@landbridge/protocol';
import { CodedError, errorText, type Log } from '@landbridge/runtime';
import { LdapError, type LdapErrorCode, RESULT } from '../ldap/errors.ts';
import type { RequestContext } from './context.ts';

export interface FailedRequest {
  failure: Failure;
}

/** The profile of an unknown user is the name as it was asked for. */
export function unknownUserFailure(username: string, { isAmbiguous }: { isAmbiguous?: boolean } = {}): FailedRequest {
  const failure = namedFailure('WrongUsername', { username });
  return { failure: isAmbiguous ? { ...failure, isAmbiguous } : failure };
}

/** `inner` holds code and text of the error, for the hub's operators; nothing from the user's entry. */
export function unexpectedFailure(error: unknown): FailedRequest {
  const inner = error instanceof CodedError ? { code: error.code, message: error.message } : { message: errorText(error) };
  return { failure: { code: 'connector_error', inner } };
}

/** Signed in, but without an id that identifies this user permanently. */
export function subjectMissing(): CodedError {
  return new CodedError('SUBJECT_MISSING', 'The entry shows no immutable id, so applications cannot tell this user from others', {
    action: 'Let the service account read objectGUID, entryUUID, nsUniqueId or ipaUniqueID, or set LDAP_SUBJECT_ATTRIBUTE.',
  });
}

/** The directory decided nothing. @param tried whether the password of the request may have reached the directory */
export function undecidedFailure(error: unknown, tried: boolean): FailedRequest {
  const { failure } = unexpectedFailure(error);
  return { failure: { ...failure, code: codeOf(error), ...(tried ? {} : { tried }) } };
}

/** Logs the error as a failure in which the directory decided nothing. @param tried as for `undecidedFailure` */
export function logUndecided(log: Log, { correlationId }: RequestContext, what: string, tried = true): (error: unknown) => FailedRequest {
  return (error) => {
    log.warn({ err: error, correlationId }, what);
    return undecidedFailure(error, tried);
  };
}

/** No directory answered, as opposed to something being wrong with the request. */
const NO_DIRECTORY: readonly string[] = [
  'LDAP_UNREACHABLE',
  'LDAP_TLS_FAILED',
  'LDAP_CONNECTION_LOST',
  'LDAP_TIMEOUT',
  'LDAP_PROTOCOL',
  'LDAP_SERVICE_BIND_REFUSED',
  'LDAP_DISCOVERY_FAILED',
] satisfies LdapErrorCode[];
const NOT_NOW: readonly number[] = [RESULT.busy, RESULT.unavailable];

function codeOf(error: unknown): FailureCode {
  if (!(error instanceof CodedError)) return 'connector_error';
  if (error.code === 'BUSY' || error.code === 'RATE_LIMITED' || error.code === 'LDAP_BUSY') return 'connector_busy';
  const isNotNow = error instanceof LdapError && error.resultCode !== undefined && NOT_NOW.includes(error.resultCode);
  return isNotNow || NO_DIRECTORY.includes(error.code) ? 'directory_unavailable' : 'connector_error';
}
