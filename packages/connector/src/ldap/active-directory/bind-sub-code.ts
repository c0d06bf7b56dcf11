/**
 * Why Active Directory refused a bind. It answers every refusal with result 49; the reason stands only in the diagnostic message,
 * as a Windows error in hexadecimal: `…, comment: AcceptSecurityContext error, data 52e, v4563`.
 */

/** Windows system error codes that a bind can meet (MS-ERREF, section 2.2). */
export const BIND_SUB_CODES = {
  '525': 'no such user',
  '52e': 'wrong name or password',
  '52f': 'not allowed to log on like this (an account restriction)',
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

/** @returns the sub-code, or undefined where the message has none that is known */
export function bindSubCode(diagnosticMessage: string): BindSubCode | undefined {
  const code = /\bdata ([0-9a-f]{3,8})\b/i.exec(diagnosticMessage)?.[1]?.toLowerCase();
  return code !== undefined && isSubCode(code) ? code : undefined;
}

function isSubCode(code: string): code is BindSubCode {
  return Object.hasOwn(BIND_SUB_CODES, code);
}
