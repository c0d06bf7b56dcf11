/**
 * Why Active Directory refused a bind. Every refusal has result 49; the reason is only in the diagnostic message, as a Windows error code in
 * hexadecimal: `…, comment: AcceptSecurityContext error, data 52e, v4563`.
 */

/** Windows error codes of a refused bind (MS-ERREF, section 2.2). */
export const BIND_SUB_CODES = {
  '525': 'no such user',
  '52e': 'wrong name or password',
  '52f': 'not allowed to log on this way (account restriction)',
  '530': 'not allowed to log on at this hour (logonHours)',
  '531': 'not allowed to log on at this workstation (userWorkstations)',
  '532': 'password expired',
  '533': 'account disabled',
  '534': 'logon type not granted',
  '568': 'too many security identifiers',
  '701': 'account expired',
  '773': 'password must be changed',
  '775': 'account locked',
} as const;
export type BindSubCode = keyof typeof BIND_SUB_CODES;

/** @returns the sub-code, or undefined if the message has no known one */
export function bindSubCode(diagnosticMessage: string): BindSubCode | undefined {
  const code = /\bdata ([0-9a-f]{3,8})\b/i.exec(diagnosticMessage)?.[1]?.toLowerCase();
  return code !== undefined && isSubCode(code) ? code : undefined;
}

function isSubCode(code: string): code is BindSubCode {
  return Object.hasOwn(BIND_SUB_CODES, code);
}
