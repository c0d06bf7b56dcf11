/** Answers in the contract's words: the named errors, and the one without a name for everything else. */
import {
  type AuthenticateAnswer,
  type Profile,
  UNEXPECTED_ERROR,
  WIRE_ERRORS,
  type WireError,
  type WireErrorName,
} from '@landbridge/protocol';
import { CodedError, errorText } from '@landbridge/runtime';

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
