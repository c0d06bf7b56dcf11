/** Which user a Kerberos principal stands for, if it is a user of a trusted realm. */
import { parseFilter, withValue } from '../../ldap/filter.ts';
import type { VerifiedIdentity } from '../../users/sign-in-verified.ts';

/** KERBEROS_USER */
export type PrincipalRule = 'account' | 'userPrincipalName' | 'krbPrincipalName';

export interface PrincipalRules {
  rule: PrincipalRule;
  /** Case-sensitive (RFC 4120, section 6.1). */
  realms: readonly string[];
}

export interface Principal {
  /** `['alice']`; of a service `['HTTP', 'sso.fabrikam.local']`. */
  components: string[];
  realm: string;
}

const BY_USER_PRINCIPAL_NAME = parseFilter('(userPrincipalName={0})');
const BY_KRB_PRINCIPAL_NAME = parseFilter('(krbPrincipalName={0})');

/** Escape sequences of krb5_unparse_name. */
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', b: '\b', '0': '\0' };

/** @param text with `/` between components, `@` before the realm, and a backslash before either of them within a name */
export function parsePrincipal(text: string): Principal | undefined {
  const parts = [''];
  let realmAt = -1;
  for (let at = 0; at < text.length; at++) {
    const letter = text.charAt(at);
    if (letter === '\\') {
      const escaped = text.charAt(++at);
      if (escaped === '') return undefined;
      parts.push(`${parts.pop() ?? ''}${ESCAPES[escaped] ?? escaped}`);
    } else if (letter === '@') {
      if (realmAt >= 0) return undefined;
      realmAt = parts.push('') - 1;
    } else if (letter === '/' && realmAt < 0) {
      parts.push('');
    } else {
      parts.push(`${parts.pop() ?? ''}${letter}`);
    }
  }
  const realm = parts[realmAt];
  const components = parts.slice(0, -1);
  if (realmAt < 0 || !realm || components.some((component) => component === '')) return undefined;
  return { components, realm };
}

/** @returns the user, or why the principal is rejected, for the log */
export function identityOfPrincipal(text: string, { rule, realms }: PrincipalRules): VerifiedIdentity | { refused: string } {
  const principal = parsePrincipal(text);
  if (principal === undefined) return { refused: `${text} is not a principal` };
  const { components, realm } = principal;
  if (!realms.includes(realm)) {
    return { refused: `the realm of ${text} is not trusted (KERBEROS_REALMS: ${realms.join(', ') || 'none'})` };
  }
  // Anonymous tickets (RFC 8062) prove only that a KDC issued them.
  if (components[0] === 'WELLKNOWN') return { refused: `${text} is anonymous` };
  const identity = { method: 'kerberos', principal: text } as const;
  switch (rule) {
    case 'userPrincipalName': {
      const name = `${components.join('/')}@${realm}`;
      return { ...identity, name, filter: withValue(BY_USER_PRINCIPAL_NAME, name) };
    }
    case 'krbPrincipalName':
      return { ...identity, name: text, filter: withValue(BY_KRB_PRINCIPAL_NAME, text) };
    case 'account': {
      const [account = '', ...others] = components;
      if (others.length > 0) return { refused: `${text} is a service, not a user` };
      return isAccountName(account) ? { ...identity, name: account } : { refused: `${text} is not a user account` };
    }
  }
}

/** Whether a name without its realm cannot be mistaken for a name with one, and is not that of a computer, which ends in `$`. */
export function isAccountName(name: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: account names have no control characters
  return name !== '' && !/[@\\/\u0000-\u001f\u007f]|\$$/.test(name);
}
