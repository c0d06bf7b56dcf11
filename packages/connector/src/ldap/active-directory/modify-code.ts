/**
 * Why Active Directory refused a modification. Its diagnostic message begins with a Windows error code in eight hexadecimal digits:
 * `0000052D: AtrErr: DSID-03190F80, #1: …` (the rest differs between versions, and in Samba).
 */

/** Windows error codes of a refused password change (MS-ERREF, section 2.2). */
const MODIFY_CODES = {
  '00000005': 'accessDenied',
  '00000056': 'wrongOldPassword',
  '0000052b': 'wrongOldPassword',
  '0000052d': 'passwordRestriction',
  '00000775': 'accountLocked',
} as const;
export type ModifyCode = (typeof MODIFY_CODES)[keyof typeof MODIFY_CODES];

/** @returns undefined if the message begins with no known code */
export function modifyCode(diagnosticMessage: string): ModifyCode | undefined {
  const code = /^([0-9a-f]{8}): /i.exec(diagnosticMessage)?.[1]?.toLowerCase();
  return code !== undefined && isModifyCode(code) ? MODIFY_CODES[code] : undefined;
}

function isModifyCode(code: string): code is keyof typeof MODIFY_CODES {
  return Object.hasOwn(MODIFY_CODES, code);
}
