/** `unicodePwd`, with which Active Directory sets passwords (MS-ADTS, section 3.1.1.3.1.5.1), and the encryption it requires. */
import { CodedError } from '@landbridge/runtime';
import type { Directory } from '../../ldap/directory.ts';

/** @returns the password in double quotes as UTF-16LE */
export function unicodePwd(password: string): Buffer {
  return Buffer.from(`"${password}"`, 'utf16le');
}

/**
 * Active Directory refuses it in clear text as well, but only after the password was sent, and with the same result as for a weak password.
 *
 * @throws PASSWORD_NOT_ENCRYPTED
 */
export function assertEncrypted(directory: Directory): void {
  if (directory.status().encrypted) return;
  throw new CodedError('PASSWORD_NOT_ENCRYPTED', 'Active Directory changes passwords over encrypted connections only', {
    action: 'Use ldaps:// in LDAP_URL, or unset LDAP_INSECURE_NO_TLS',
  });
}
