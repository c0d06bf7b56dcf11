/** Why a request did not succeed: stable codes, and what a person may be told. */
import type { WireErrorName } from '@landbridge/protocol';

/**
 * The message of each code. A wrong name and a wrong password are one code: whoever signs in must not learn which names exist.
 * Codes are part of the API.
 */
export const FAILURES = {
  invalid_credentials: 'The name or the password is wrong',
  password_expired: 'The password has expired',
  password_change_required: 'The password must be changed before the next sign-in',
  account_disabled: 'The account is disabled',
  account_expired: 'The account has expired',
  account_locked: 'The account is locked',
  user_not_found: 'There is no such user',
  insufficient_access_rights: 'The connector may not change passwords in the directory',
  password_complexity: 'The new password does not meet the requirements of the directory',
  too_many_attempts: 'Too many attempts: try again later',
  connection_disabled: 'This connection is switched off',
  directory_unavailable: 'The directory does not answer: try again later',
  connector_offline: 'No connector is online for this connection',
  connector_outdated: 'No connector of this connection can do this: a newer version is needed',
  connector_busy: 'All connectors of this connection are busy: try again in a moment',
  connector_lost: 'The connector was lost before it answered: try again',
  connector_timeout: 'The connector did not answer in time',
  connector_error: 'The connector could not do it: its log says why',
} as const;

export type FailureCode = keyof typeof FAILURES;

/** A connector's own error names as codes. */
export const ERROR_CODES = {
  WrongUsername: 'invalid_credentials',
  WrongPassword: 'invalid_credentials',
  PasswordExpired: 'password_expired',
  PasswordChangeRequired: 'password_change_required',
  AccountDisabled: 'account_disabled',
  AccountExpired: 'account_expired',
  AccountLocked: 'account_locked',
  InsufficientAccessRightsError: 'insufficient_access_rights',
  PasswordComplexityError: 'password_complexity',
} as const satisfies Record<WireErrorName, FailureCode>;
