/**
 * Whom a reverse proxy names that does Kerberos itself: `X-Forwarded-User`, as `user@REALM`, `DOMAIN\user` or `user`. That the header
 * comes from such a proxy, and from nobody else, is for who calls this.
 */
import type { KnownPerson } from '../../users/known-person.ts';
import { isAccountName, type PrincipalRule, personOfPrincipal } from './principal.ts';

/** No name of a person is longer, with its domain. */
const MAX_LENGTH = 512;
/** What Apache's httpd writes for a variable that is not set. */
const UNSET = '(null)';

/**
 * @param realms KERBEROS_REALMS. Unset, a domain stays with the name: Active Directory finds people of its own domain only, and other
 *   directories find nobody
 * @returns undefined where the proxy names nobody; else whom to look for, or why nobody: for the log
 */
export function personOfHeader(
  value: string,
  { rule, realms }: { rule: PrincipalRule; realms: readonly string[] | undefined },
): KnownPerson | { refused: string } | undefined {
  const text = value.trim();
  if (text === '' || text === UNSET) return undefined;
  if (text.length > MAX_LENGTH) return { refused: 'The name is too long' };
  const backslash = text.indexOf('\\');
  if (backslash >= 0) {
    const [domain, account] = [text.slice(0, backslash), text.slice(backslash + 1)];
    return inDomain(domain, account, realms);
  }
  const at = text.lastIndexOf('@');
  if (at < 0) return isAccountName(text) ? { name: text } : { refused: `${text} is not the account of a person` };
  if (rule === 'account') return inDomain(text.slice(at + 1), text.slice(0, at), realms);
  // The whole of it has to stand in the person's entry, realm and all.
  return personOfPrincipal(text, { rule, realms: realms ?? [text.slice(at + 1)] });
}

/** Proxies write domains in any case. */
function inDomain(domain: string, account: string, realms: readonly string[] | undefined): KnownPerson | { refused: string } {
  if (domain === '' || !isAccountName(account)) return { refused: `${account} of ${domain || 'no domain'} is not the account of a person` };
  if (realms === undefined) return { name: `${domain}\\${account}` };
  const isTrusted = realms.some((realm) => realm.toLowerCase() === domain.toLowerCase());
  return isTrusted ? { name: account } : { refused: `${domain} is not trusted (${realms.join(', ')}): KERBEROS_REALMS` };
}
