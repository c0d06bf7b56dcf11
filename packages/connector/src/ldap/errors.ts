/** What can go wrong between the connector and a directory server. */
import { CodedError, type SemaphoreRejection } from '@landbridge/runtime';

/** The part of a result that is shown to the operator. */
interface Refusal {
  resultCode: number;
  diagnosticMessage: string;
}

export type LdapErrorCode =
  /** No connection: unknown host name, refused, no route, timeout. */
  | 'LDAP_UNREACHABLE'
  /** The TLS handshake failed, or the server refused StartTLS. */
  | 'LDAP_TLS_FAILED'
  /** The connection ended with an operation in flight. */
  | 'LDAP_CONNECTION_LOST'
  /** The server did not answer an operation in time. */
  | 'LDAP_TIMEOUT'
  /** Too many operations are waiting, or one waited too long for its turn. */
  | 'LDAP_BUSY'
  /** The caller gave up. */
  | 'LDAP_ABORTED'
  /** The server sent something that is not LDAP, or exceeds a limit. */
  | 'LDAP_PROTOCOL'
  /** The service account's bind was refused. */
  | 'LDAP_SERVICE_BIND_REFUSED'
  /** Neither a service account nor permission to search anonymously. */
  | 'LDAP_NO_SERVICE_ACCOUNT'
  /** The server answered an operation with a result other than success. */
  | 'LDAP_RESULT'
  /** Not a filter (RFC 4515). */
  | 'LDAP_FILTER_INVALID'
  /** The server's clock is too far from this machine's. */
  | 'LDAP_CLOCK_WRONG'
  /** DNS names no server of the domain. */
  | 'LDAP_DISCOVERY_FAILED'
  /** A server that the directory refers to could not be asked. */
  | 'LDAP_REFERRAL';

export class LdapError extends CodedError<LdapErrorCode> {
  /** The result code (RFC 4511, appendix A) if the server gave one. */
  readonly resultCode: number | undefined;
  /**
   * Whether the request may have reached the server. If repeating a request does harm, it may be repeated only if it cannot have: a
   * bind that is counted twice locks accounts.
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

/** For an operation that was never started. @param operations for the message: `user binds` */
export function busy(operations: string, reason: SemaphoreRejection): LdapError {
  switch (reason) {
    case 'aborted':
      return new LdapError('LDAP_ABORTED', 'The caller gave up');
    case 'timeout':
      return new LdapError('LDAP_BUSY', `Some ${operations} waited too long: the directory is slow`);
    case 'full':
    case 'closed':
      return new LdapError('LDAP_BUSY', `Too many ${operations} are waiting`, {
        action: 'Allow more at a time (LDAP_NUMBER_OF_PARALLEL_BINDS, LDAP_SEARCH_CONNECTIONS), or find out why the directory is slow',
      });
  }
}

/** For bytes that are not an LDAP message. */
export function malformed(what: string): LdapError {
  return new LdapError('LDAP_PROTOCOL', `The directory server sent something that is not LDAP: ${what}`, {
    action: 'Check that LDAP_URL names the LDAP port of a directory server, with ldaps:// if that port speaks TLS',
    mayHaveBeenSent: true,
  });
}

/** The result codes that this program acts on (RFC 4511, appendix A.2). */
export const RESULT = {
  success: 0,
  operationsError: 1,
  protocolError: 2,
  timeLimitExceeded: 3,
  sizeLimitExceeded: 4,
  authMethodNotSupported: 7,
  strongerAuthRequired: 8,
  referral: 10,
  adminLimitExceeded: 11,
  confidentialityRequired: 13,
  noSuchAttribute: 16,
  undefinedAttributeType: 17,
  inappropriateMatching: 18,
  constraintViolation: 19,
  invalidAttributeSyntax: 21,
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

/** `invalidCredentials (49)`; a code without a name here becomes `result 80`. */
export function resultText(resultCode: number): string {
  const name = RESULT_NAMES.get(resultCode);
  return name === undefined ? `result ${resultCode}` : `${name} (${resultCode})`;
}

/** A bind or a change that may have reached a server is never repeated: it may have been counted, or done. */
export function cannotHaveBeenSent({ code, mayHaveBeenSent }: LdapError): boolean {
  return !mayHaveBeenSent && code !== 'LDAP_ABORTED' && code !== 'LDAP_BUSY';
}

/** @param subject the start of a sentence: "The directory answered the bind" */
export function unexpectedResult(
  subject: string,
  { resultCode, diagnosticMessage }: Refusal,
  options: { action?: string; mayHaveBeenSent?: boolean } = {},
): LdapError {
  const text = diagnosticMessage === '' ? '' : `: ${diagnosticMessage}`;
  return new LdapError('LDAP_RESULT', `${subject} with ${resultText(resultCode)}${text}`, { ...options, resultCode });
}

/** Whether a server says that an entry does not exist, or that the account may not read it. */
export function isNotShown(resultCode: number): boolean {
  return resultCode === RESULT.noSuchObject || resultCode === RESULT.insufficientAccessRights;
}

/** @param anonymous whether the search ran without a bind */
export function searchFailed(searchBase: string, result: Refusal, anonymous: boolean): LdapError {
  const who = anonymous ? 'anonymous callers' : 'the service account';
  const actions: Partial<Record<number, string>> = {
    [RESULT.noSuchObject]: `Check LDAP_BASE and LDAP_BASE_GROUPS: the entry does not exist, or ${who} may not read it`,
    [RESULT.referral]: 'Correct LDAP_BASE or LDAP_BASE_GROUPS, since this server does not hold that part, or set LDAP_FOLLOW_REFERRALS',
    [RESULT.insufficientAccessRights]: `Give ${who} the right to search there`,
    // Active Directory's answer to a search without a bind (MS-ADTS, section 5.1.1.1).
    ...(anonymous && { [RESULT.operationsError]: 'Set LDAP_BIND_USER: this directory does not answer anonymous searches' }),
  };
  const action = actions[result.resultCode];
  return unexpectedResult(`The directory answered a search below "${searchBase}"`, result, {
    mayHaveBeenSent: true,
    ...(action === undefined ? {} : { action }),
  });
}
