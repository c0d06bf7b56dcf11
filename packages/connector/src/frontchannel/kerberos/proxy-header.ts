/**
 * The user whom a reverse proxy that does Kerberos names, in `X-Forwarded-User` or `X-IISNode-Logon_User`, as `user@REALM`, `DOMAIN\user` or `user`.
 * The caller makes sure that the header comes from a trusted proxy.
 */
import type { VerifiedIdentity } from '../../users/sign-in-verified.ts';
import { identityOfPrincipal, isAccountName, type PrincipalRule } from './principal.ts';

/** Longer than any user name with its domain. */
const MAX_LENGTH = 512;
/** Apache httpd writes this for an unset variable. */
const UNSET = '(null)';

/**
 * @param realms KERBEROS_REALMS. If unset, the domain stays with the name: Active Directory then finds users of its own domain only, other
 *   directories find none
 * @returns the user, or why the name is rejected, for the log; undefined if the header names no user
 */
export function identityOfHeader(
  value: string,
  { rule, realms }: { rule: PrincipalRule; realms: readonly string[] | undefined },
): VerifiedIdentity | { refused: string } | undefined {
  const text = value.trim();
  if (text === '' || text === UNSET) return undefined;
  if (text.length > MAX_LENGTH) return { refused: 'the name is too long' };
  const found = userOf(text, rule, realms);
  return 'refused' in found ? found : { ...found, method: 'proxy-header', principal: value };
}

function userOf(
  text: string,
  rule: PrincipalRule,
  realms: readonly string[] | undefined,
): Pick<VerifiedIdentity, 'name' | 'filter'> | { refused: string } {
  const backslash = text.indexOf('\\');
  if (backslash >= 0) return userInDomain(text.slice(0, backslash), text.slice(backslash + 1), realms);
  const at = text.lastIndexOf('@');
  if (at < 0) return isAccountName(text) ? { name: text } : { refused: `${text} is not a user account` };
  if (rule === 'account') return userInDomain(text.slice(at + 1), text.slice(0, at), realms);
  // The other rules match the whole name, including its realm.
  return identityOfPrincipal(text, { rule, realms: realms ?? [text.slice(at + 1)] });
}

/** Proxies write domains in either case. */
function userInDomain(domain: string, account: string, realms: readonly string[] | undefined): { name: string } | { refused: string } {
  if (domain === '' || !isAccountName(account)) return { refused: `${account} of ${domain || 'no domain'} is not a user account` };
  if (realms === undefined) return { name: `${domain}\\${account}` };
  const isTrusted = realms.some((realm) => realm.toLowerCase() === domain.toLowerCase());
  return isTrusted ? { name: account } : { refused: `the domain ${domain} is not trusted (KERBEROS_REALMS: ${realms.join(', ')})` };
}
