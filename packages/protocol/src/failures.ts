/**
 * Why a sign-in or another request failed: one closed set of codes with everything that follows from each, and the contract's named
 * errors (docs/protocol.md, section 2.4) that lead to them. Codes are part of the hub's API.
 */

interface FailureRow {
  /** The fact, for the hub's API and its operators. */
  message: string;
  /** What an operator can do. */
  advice: string;
  /** HTTP status of the hub's API. */
  status: 401 | 403 | 404 | 422 | 429 | 501 | 502 | 503 | 504;
  /** `refused`: the directory, the guard or a setting said no. `failed`: something between the user and the directory is broken. */
  category: 'refused' | 'failed';
  /** No directory answered, so the credential cache may. */
  allowsCache?: true;
  /** The password may have reached the directory, which then counts it. */
  maybeTried?: true;
  /** The directory accepts the cached password no longer. */
  endsCachedCredential?: true;
  /** The user's sessions in other applications end too. Not after a lockout: an attacker can lock any account. */
  endsSessions?: true;
  /** Another connector may do better, unless the password may have been tried. */
  othersMayAnswer?: true;
  /** The same request may be repeated at once. */
  retryAtOnce?: true;
}

const rows = {
  // One code for both: a user must not learn which names exist.
  invalid_credentials: {
    message: 'The user name or the password is wrong',
    advice: 'Users see no difference between a wrong name and a wrong password; the connector’s own answer is below.',
    status: 401,
    category: 'refused',
  },
  password_expired: {
    message: 'The password has expired',
    advice: 'The password was correct. The user must set a new one before signing in.',
    status: 401,
    category: 'refused',
    endsCachedCredential: true,
  },
  password_change_required: {
    message: 'The password must be changed before the next sign-in',
    advice: 'The password was correct. An administrator requires a new one at the next sign-in.',
    status: 401,
    category: 'refused',
    endsCachedCredential: true,
  },
  account_disabled: {
    message: 'The account is disabled',
    advice: 'Enable the account in the directory.',
    status: 401,
    category: 'refused',
    endsCachedCredential: true,
    endsSessions: true,
  },
  account_expired: {
    message: 'The account has expired',
    advice: 'Extend the account in the directory.',
    status: 401,
    category: 'refused',
    endsCachedCredential: true,
    endsSessions: true,
  },
  account_locked: {
    message: 'The account is locked',
    advice: 'Too many wrong passwords. The lock ends after a while, or when an administrator unlocks the account.',
    status: 401,
    category: 'refused',
    endsCachedCredential: true,
  },
  user_not_found: {
    message: 'No such user',
    advice: 'Check the name and the connector’s search base and filter.',
    status: 404,
    category: 'refused',
  },
  insufficient_access_rights: {
    message: 'The connector may not change passwords in the directory',
    advice: 'Give the connector’s service account the right to reset passwords.',
    status: 403,
    category: 'refused',
  },
  password_complexity: {
    message: 'The new password does not meet the requirements of the directory',
    advice: 'See the directory’s password policy.',
    status: 422,
    category: 'refused',
  },
  too_many_attempts: {
    message: 'Too many attempts: try again later',
    advice:
      'There were too many wrong passwords for this user or from this address. The password was not tried, which could lock the account.',
    status: 429,
    category: 'refused',
  },
  connection_disabled: {
    message: 'This connection is switched off',
    advice: 'Switch the connection on to let users sign in.',
    status: 403,
    category: 'refused',
  },
  directory_unavailable: {
    message: 'The directory does not answer: try again later',
    advice: 'The connector is online, but its directory does not answer. See the connector’s log.',
    status: 503,
    category: 'failed',
    othersMayAnswer: true,
    allowsCache: true,
  },
  connector_offline: {
    message: 'No connector is online for this connection',
    advice: 'Start a connector with this connection’s ticket, and see its log.',
    status: 503,
    category: 'failed',
    allowsCache: true,
  },
  connector_outdated: {
    message: 'No connector of this connection supports this: update the connectors',
    advice: 'Update the connectors of this connection.',
    status: 501,
    category: 'failed',
  },
  connector_busy: {
    message: 'All connectors of this connection are busy: try again in a moment',
    advice: 'Add a connector, or find out why the directory is slow.',
    status: 503,
    category: 'failed',
    othersMayAnswer: true,
    retryAtOnce: true,
  },
  connector_lost: {
    message: 'The connector disconnected before it answered: try again',
    advice: 'The password may already have been tried, so it was not sent to another connector.',
    status: 503,
    category: 'failed',
    othersMayAnswer: true,
    maybeTried: true,
    retryAtOnce: true,
  },
  connector_timeout: {
    message: 'The connector did not answer in time',
    advice: 'The connector is connected but silent. See its log, and check its directory.',
    status: 504,
    category: 'failed',
    allowsCache: true,
    maybeTried: true,
  },
  user_without_id: {
    message: 'The directory shows no immutable id of this user',
    advice:
      'Let the connector’s service account read objectGUID or entryUUID, or set LDAP_SUBJECT_ATTRIBUTE in the connector. From an Auth0 connector, the profile’s id must be a text.',
    status: 502,
    category: 'failed',
  },
  connector_error: {
    message: 'The connector failed: see its log',
    advice: 'The directory answered in an unexpected way. Find the correlation ID in the connector’s log.',
    status: 502,
    category: 'failed',
  },
} as const satisfies Record<string, FailureRow>;

export type FailureCode = keyof typeof rows;
export const FAILURES: Readonly<Record<FailureCode, FailureRow>> = rows;

/** `ldapStatus` of a profile (docs/protocol.md, section 2.4). */
export type LdapStatus =
  | 'active'
  | 'password_expired'
  | 'account_disabled'
  | 'account_expired'
  | 'password_change_required'
  | 'account_locked'
  | 'wrong_password'
  | 'insufficient_access_rights'
  | 'password_complexity_error';

/** The named errors on the wire: message, the profile's `ldapStatus`, and our code. */
export const WIRE_ERRORS = {
  WrongUsername: { message: 'Wrong username', ldapStatus: undefined, code: 'invalid_credentials' },
  WrongPassword: { message: 'Wrong password', ldapStatus: 'wrong_password', code: 'invalid_credentials' },
  PasswordExpired: { message: 'Password expired', ldapStatus: 'password_expired', code: 'password_expired' },
  AccountDisabled: { message: 'Account disabled', ldapStatus: 'account_disabled', code: 'account_disabled' },
  AccountExpired: { message: 'Account expired', ldapStatus: 'account_expired', code: 'account_expired' },
  PasswordChangeRequired: {
    message: 'Password change required',
    ldapStatus: 'password_change_required',
    code: 'password_change_required',
  },
  AccountLocked: { message: 'Account locked', ldapStatus: 'account_locked', code: 'account_locked' },
  InsufficientAccessRightsError: {
    message: 'Service Account has Insufficient Access Rights',
    ldapStatus: 'insufficient_access_rights',
    code: 'insufficient_access_rights',
  },
  PasswordComplexityError: {
    // The apostrophe is U+2019, as Auth0 connectors send it.
    message: 'Password doesn’t meet minimum requirements',
    ldapStatus: 'password_complexity_error',
    code: 'password_complexity',
  },
} as const satisfies Record<string, { message: string; ldapStatus: LdapStatus | undefined; code: FailureCode }>;

export type WireErrorName = keyof typeof WIRE_ERRORS;

export function isWireErrorName(name: string | undefined): name is WireErrorName {
  return name !== undefined && Object.hasOwn(WIRE_ERRORS, name);
}

/** The message of every error without a name. */
export const UNEXPECTED_ERROR = 'Unexpected Error';

/** `reason` of an error (capability `reasons`), and our code. */
export const ERROR_REASONS = {
  directory_unavailable: 'directory_unavailable',
  busy: 'connector_busy',
  too_many_attempts: 'too_many_attempts',
} as const satisfies Record<string, FailureCode>;
export type ErrorReason = keyof typeof ERROR_REASONS;
