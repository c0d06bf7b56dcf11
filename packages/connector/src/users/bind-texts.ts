/**
 * The reason for a refused bind in directories other than Active Directory, if neither the result code nor the password policy control tells it: taken
 * from each product's diagnostic message. The first matching row counts. Sources: Novell TID 10067240 and "eDirectory, LDAP and Password Policy Controls"
 * (April 2002); the sources of 389 Directory Server (pw.c, pw_mgmt.c, acct_plugin.c) and FreeIPA (ipa_lockout.c, ipapwd_prepost.c); the message
 * lists of Oracle Internet Directory (GSL_…_EXCP) and IBM Security Directory Server; the sources of OpenDS and ApacheDS.
 */
import type { WireErrorName } from '@landbridge/protocol';
import { RESULT } from '../ldap/errors.ts';

/** Result codes with which products refuse a user. Without a known text, only the first one means a wrong password. */
const REFUSALS: ReadonlySet<number> = new Set([RESULT.invalidCredentials, RESULT.constraintViolation, RESULT.unwillingToPerform]);

const TEXTS: readonly [text: RegExp, error: WireErrorName][] = [
  // 389 Directory Server, Sun and Oracle Directory Server Enterprise Edition.
  [/password retry limit/i, 'AccountLocked'],
  [/account inactivated|inactivity limit exceeded/i, 'AccountDisabled'],
  // FreeIPA.
  [/too many failed logins|permanently locked/i, 'AccountLocked'],
  [/kerberos principal\b.*\bexpired/i, 'AccountExpired'],
  // Oracle Internet Directory.
  [/GSL_PWDEXPIRED|:9000:/, 'PasswordExpired'],
  [/GSL_ACCOUNTLOCKED|:9001:/, 'AccountLocked'],
  [/GSL_ACC(OUN)?TDISABLED|:9050:/, 'AccountDisabled'],
  // IBM ("Error, Account is locked"), OpenDS, ApacheDS, and other products with the same wording.
  [
    /\b(must|has to|needs to) (be changed|change)\b|\bchange (the |your )?password\b.*\breset\b|\bchanged after reset\b/i,
    'PasswordChangeRequired',
  ],
  [/\b(account|user|login|entry)\b.*\block(ed|out)\b/i, 'AccountLocked'],
  [/\b(account|user|login)\b.*\b(disabled|deactivated|inactive|suspended)\b/i, 'AccountDisabled'],
  [/\baccount\b.*\bexpired\b/i, 'AccountExpired'],
  [/\bpassword\b.*\bexpired\b/i, 'PasswordExpired'],
];

/** eDirectory: `NDS error: log account expired (-220)`. */
const NDS_ERRORS: ReadonlyMap<string, WireErrorName> = new Map([
  ['-197', 'AccountLocked'],
  // Wrong password, unknown user, and login limits: too many, at this hour, or from this address.
  ...['-669', '-601', '-217', '-218', '-219'].map((code) => [code, 'WrongPassword'] as const),
  ['-220', 'AccountExpired'],
  // Expired, without grace logins. eDirectory reports a bad password.
  ['-222', 'PasswordExpired'],
  ['-223', 'PasswordExpired'],
]);

/** @returns undefined if the result does not refuse a user, or its message is unknown */
export function refusalByText({
  resultCode,
  diagnosticMessage,
}: {
  resultCode: number;
  diagnosticMessage: string;
}): WireErrorName | undefined {
  if (!REFUSALS.has(resultCode)) return undefined;
  const code = /\bNDS error\b.*\((-\d{1,5})\)/is.exec(diagnosticMessage)?.[1];
  if (code !== undefined) return NDS_ERRORS.get(code);
  return TEXTS.find(([text]) => text.test(diagnosticMessage))?.[1];
}
