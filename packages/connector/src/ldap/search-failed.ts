/** What a search's result other than success means, and what an administrator can do about it. */
import { LdapError, RESULT, resultText } from './errors.ts';
import type { LdapResult, SearchRequest } from './messages.ts';

/** How servers say that an entry, or what is asked of it, is not for whoever asks. */
export function isNotShown(resultCode: number): boolean {
  return resultCode === RESULT.noSuchObject || resultCode === RESULT.insufficientAccessRights;
}

/** @param anonymous whether nobody was bound */
export function searchFailed({ searchBase }: SearchRequest, { resultCode, diagnosticMessage }: LdapResult, anonymous: boolean): LdapError {
  const who = anonymous ? 'whoever searches anonymously' : 'the service account';
  const actions: Partial<Record<number, string>> = {
    [RESULT.noSuchObject]: `Check LDAP_BASE and LDAP_BASE_GROUPS: there is no such entry, or ${who} may not see it`,
    [RESULT.referral]: 'Correct LDAP_BASE or LDAP_BASE_GROUPS: this server does not hold that part; or set LDAP_FOLLOW_REFERRALS',
    [RESULT.insufficientAccessRights]: `Give ${who} the right to search there`,
    // Active Directory says this to those who have not bound (MS-ADTS, section 5.1.1.1).
    ...(anonymous && { [RESULT.operationsError]: 'Set LDAP_BIND_USER: this directory does not answer anonymous searches' }),
  };
  const action = actions[resultCode];
  return new LdapError(
    'LDAP_RESULT',
    `The directory answered a search below "${searchBase}" with ${resultText(resultCode)}: ${diagnosticMessage || 'no text'}`,
    { resultCode, mayHaveBeenSent: true, ...(action === undefined ? {} : { action }) },
  );
}
