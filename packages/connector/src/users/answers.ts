/** Error answers (docs/protocol.md, section 2.4): the named errors, and the unnamed one for everything else. */
import {
  type AuthenticateAnswer,
  type ErrorReason,
  type Profile,
  UNEXPECTED_ERROR,
  WIRE_ERRORS,
  type WireError,
  type WireErrorName,
} from '@landbridge/protocol';
import { CodedError, errorText } from '@landbridge/runtime';
import { LdapError, type LdapErrorCode, RESULT } from '../ldap/errors.ts';

/** Nobody has this name: the profile is the name as it was asked for. */
export function wrongUsername(username: string): AuthenticateAnswer {
  return { err: { message: WIRE_ERRORS.WrongUsername.message, username, name: 'WrongUsername' }, profile: { username } };
}

export function refusal(name: WireErrorName, profile: Profile): AuthenticateAnswer {
  return { err: { message: WIRE_ERRORS[name].message, profile, name }, profile };
}

/** `inner` holds code and text of the error for the operator of the hub; nothing from a person's entry. */
export function unexpected(error: unknown): { err: WireError } {
  const inner = error instanceof CodedError ? { code: error.code, message: error.message } : { message: errorText(error) };
  return { err: { message: UNEXPECTED_ERROR, inner } };
}

/**
 * The same where nothing was found out, with the reason where it is one of those that a hub can do something about.
 *
 * @param tried whether the password of the request may have reached the directory
 */
export function undecided(error: unknown, tried: boolean): { err: WireError } {
  const { err } = unexpected(error);
  const reason = reasonOf(error);
  return { err: { ...err, ...(reason === undefined ? {} : { reason }), ...(tried ? {} : { tried }) } };
}

/** What says that nobody could be asked, rather than that something is wrong with what was asked. */
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

function reasonOf(error: unknown): ErrorReason | undefined {
  if (!(error instanceof CodedError)) return undefined;
  if (error.code === 'BUSY' || error.code === 'LDAP_BUSY') return 'busy';
  const isNotNow = error instanceof LdapError && error.resultCode !== undefined && NOT_NOW.includes(error.resultCode);
  return isNotNow || NO_DIRECTORY.includes(error.code) ? 'directory_unavailable' : undefined;
}
