/** What can go wrong between us and a directory server. Above `users/` nobody sees one of these. */
import { CodedError, type SemaphoreRejection } from '@landbridge/runtime';

export type LdapErrorCode =
  /** No connection: name not found, refused, no route, no answer in time. */
  | 'LDAP_UNREACHABLE'
  /** The TLS handshake failed, or the server refused StartTLS. */
  | 'LDAP_TLS_FAILED'
  /** The connection ended with an operation under way. */
  | 'LDAP_CONNECTION_LOST'
  /** The server did not answer an operation in time. */
  | 'LDAP_TIMEOUT'
  /** Too many operations wait already, or one waited too long for its turn. */
  | 'LDAP_BUSY'
  /** Nobody waits for the answer any more. */
  | 'LDAP_ABORTED'
  /** The server sent what is not LDAP, or more than is allowed. */
  | 'LDAP_PROTOCOL'
  /** The service account's bind was refused. */
  | 'LDAP_SERVICE_BIND_REFUSED'
  /** There is nobody to search as: neither an account nor leave to search anonymously. */
  | 'LDAP_NO_SERVICE_ACCOUNT'
  /** The server answered an operation with another result than success. */
  | 'LDAP_RESULT'
  /** A filter is not one (RFC 4515). */
  | 'LDAP_FILTER_INVALID'
  /** The server's clock is far from ours. */
  | 'LDAP_CLOCK_WRONG'
  /** DNS names no server of the domain. */
  | 'LDAP_DISCOVERY_FAILED'
  /** A server to which the directory refers could not be asked. */
  | 'LDAP_REFERRAL';

export class LdapError extends CodedError<LdapErrorCode> {
  /** The result code (RFC 4511, appendix A) where the server gave one. */
  readonly resultCode: number | undefined;
  /**
   * Whether the request may have reached the server. Only a request that cannot have reached it may be repeated where repeating
   * it does harm: a bind that was counted twice locks people out.
   */
  readonly mayHaveBeenSent: boolean;

  constructor(
    code: LdapErrorCode,
    message: string,
    options: { action?: string; cause?: unknown; resultCode?: number; mayHaveBeenSent?: boolean } = {},
  ) {
    super(code, message, options);
    this.name = 'CodedError';
    this.resultCode = options.resultCode;
    this.mayHaveBeenSent = options.mayHaveBeenSent ?? false;
  }
}

/** For an operation that never got its turn. @param operations for the message: `user binds` */
export function busy(operations: string, reason: SemaphoreRejection): LdapError {
  switch (reason) {
    case 'aborted':
      return new LdapError('LDAP_ABORTED', 'The request was given up while it waited');
    case 'timeout':
      return new LdapError('LDAP_BUSY', `One of the ${operations} waited too long: the directory is slow`);
    case 'full':
    case 'closed':
      return new LdapError('LDAP_BUSY', `Too many ${operations} are waiting`, {
        action: 'Allow more at a time (LDAP_NUMBER_OF_PARALLEL_BINDS, LDAP_SEARCH_CONNECTIONS), or find out why the directory is slow',
      });
  }
}

/** For bytes that are no answer of a directory server. */
export function malformed(what: string): LdapError {
  return new LdapError('LDAP_PROTOCOL', `The directory server sent what is not LDAP: ${what}`, {
    action: 'Check that LDAP_URL names the LDAP port of a directory server, and ldaps:// where that port speaks TLS',
    mayHaveBeenSent: true,
  });
}

/** Result codes by number, those that are decided upon here (RFC 4511, appendix A.2). */
export const RESULT = {
  success: 0,
  operationsError: 1,
  timeLimitExceeded: 3,
  sizeLimitExceeded: 4,
  strongerAuthRequired: 8,
  referral: 10,
  adminLimitExceeded: 11,
  confidentialityRequired: 13,
  constraintViolation: 19,
  noSuchObject: 32,
  invalidDnSyntax: 34,
  inappropriateAuthentication: 48,
  invalidCredentials: 49,
  insufficientAccessRights: 50,
  busy: 51,
  unavailable: 52,
  unwillingToPerform: 53,
} as const;

const RESULT_NAMES: ReadonlyMap<number, string> = new Map(Object.entries(RESULT).map(([name, code]) => [code, name]));

/** `invalidCredentials (49)`; codes without a name here stand as their number. */
export function resultText(resultCode: number): string {
  const name = RESULT_NAMES.get(resultCode);
  return name === undefined ? `result ${resultCode}` : `${name} (${resultCode})`;
}
