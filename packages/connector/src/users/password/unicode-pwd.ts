/** `unicodePwd`, by which Active Directory takes passwords (MS-ADTS, section 3.1.1.3.1.5.1): which form, when, and over what. */
import { CodedError } from '@landbridge/runtime';
import type { Directory } from '../../ldap/directory.ts';

/** @returns the password in double quotes as UTF-16LE */
export function unicodePwd(password: string): Buffer {
  return Buffer.from(`"${password}"`, 'utf16le');
}

/**
 * Active Directory refuses it in clear, too, but only once it has the password, and with the result of one that is too weak.
 *
 * @throws PASSWORD_NOT_ENCRYPTED
 */
export function assertEncrypted(directory: Directory): void {
  if (directory.status().encrypted) return;
  throw new CodedError('PASSWORD_NOT_ENCRYPTED', 'A password is changed in Active Directory over an encrypted connection only', {
    action: 'Use ldaps:// in LDAP_URL, or unset LDAP_INSECURE_NO_TLS',
  });
}
