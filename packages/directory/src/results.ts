/** Results of operations: LDAP result codes (RFC 4511, appendix A) with Active Directory's messages. */

export const RESULT_CODE = {
  success: 0,
  operationsError: 1,
  protocolError: 2,
  timeLimitExceeded: 3,
  sizeLimitExceeded: 4,
  authMethodNotSupported: 7,
  strongerAuthRequired: 8,
  referral: 10,
  unavailableCriticalExtension: 12,
  noSuchAttribute: 16,
  constraintViolation: 19,
  attributeOrValueExists: 20,
  noSuchObject: 32,
  invalidDnSyntax: 34,
  invalidCredentials: 49,
  insufficientAccessRights: 50,
  busy: 51,
  unavailable: 52,
  unwillingToPerform: 53,
  entryAlreadyExists: 68,
} as const;

export interface OperationResult {
  resultCode: number;
  diagnosticMessage?: string;
  matchedDn?: string;
  referrals?: readonly string[];
}

export const SUCCESS: OperationResult = { resultCode: RESULT_CODE.success };

// Active Directory ends each of these messages with a NUL character.
const END = '\0';

/** Why a bind was refused, as the hexadecimal Windows error behind `data` (Win32 error codes, MS-ERREF 2.2). */
export type BindRefusal =
  /** Wrong password, no such account, or an invalid name. */
  | '52e'
  /** Outside the permitted hours. */
  | '530'
  /** Not from this workstation. */
  | '531'
  /** The password expired. */
  | '532'
  /** The account is disabled. */
  | '533'
  /** The account expired. */
  | '701'
  /** The password must be changed. */
  | '773'
  /** The account is locked. */
  | '775';

export function bindRefused(data: BindRefusal): OperationResult {
  return {
    resultCode: RESULT_CODE.invalidCredentials,
    diagnosticMessage: `80090308: LdapErr: DSID-0C0903A9, comment: AcceptSecurityContext error, data ${data}, v1db1${END}`,
  };
}

export const BIND_NEEDED: OperationResult = {
  resultCode: RESULT_CODE.operationsError,
  diagnosticMessage: `000004DC: LdapErr: DSID-0C090A5C, comment: In order to perform this operation a successful bind must be completed on the connection., data 0, v4563${END}`,
};

export const TLS_NEEDED: OperationResult = {
  resultCode: RESULT_CODE.strongerAuthRequired,
  diagnosticMessage: `00002028: LdapErr: DSID-0C090259, comment: The server requires binds to turn on integrity checking if SSL\\TLS are not already active on the connection, data 0, v4563${END}`,
};

export function noSuchObject(bestMatch: string): OperationResult {
  return {
    resultCode: RESULT_CODE.noSuchObject,
    matchedDn: bestMatch,
    diagnosticMessage: `0000208D: NameErr: DSID-0310028D, problem 2001 (NO_OBJECT), data 0, best match of:\n\t'${bestMatch}'\n${END}`,
  };
}

export function badName(dn: string): OperationResult {
  return {
    resultCode: RESULT_CODE.invalidDnSyntax,
    diagnosticMessage: `0000208F: NameErr: DSID-03100225, problem 2006 (BAD_NAME), data 8350, best match of:\n\t'${dn.slice(0, 200)}'\n${END}`,
  };
}

/** A name in another domain: Active Directory refers the client there. */
export function elsewhere(dnsName: string, dn: string): OperationResult {
  return {
    resultCode: RESULT_CODE.referral,
    diagnosticMessage: `0000202B: RefErr: DSID-0310082F, data 0, 1 access points\n\tref 1: '${dnsName}'\n${END}`,
    referrals: [`ldap://${dnsName}/${encodeURI(dn)}`],
  };
}

/** Code 1F if the connection or the value is unsuitable, 52D if the password is too weak. */
export function unwilling(windowsError: string): OperationResult {
  return {
    resultCode: RESULT_CODE.unwillingToPerform,
    diagnosticMessage: `${windowsError.padStart(8, '0')}: SvcErr: DSID-031A1254, problem 5003 (WILL_NOT_PERFORM), data 0\n${END}`,
  };
}

/** A user's own password change: code 56 if the old one is wrong, 52D if the new one is too weak. */
export function passwordConstraint(windowsError: string): OperationResult {
  const code = windowsError.padStart(8, '0');
  return {
    resultCode: RESULT_CODE.constraintViolation,
    diagnosticMessage: `${code}: AtrErr: DSID-03191083, #1:\n\t0: ${code}: DSID-03191083, problem 1005 (CONSTRAINT_ATT_TYPE), data 0, Att 9005a (unicodePwd)\n${END}`,
  };
}

export const ACCESS_DENIED: OperationResult = {
  resultCode: RESULT_CODE.insufficientAccessRights,
  diagnosticMessage: `00000005: SecErr: DSID-031521E1, problem 4003 (INSUFF_ACCESS_RIGHTS), data 0\n${END}`,
};
