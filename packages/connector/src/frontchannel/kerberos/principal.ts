/** Whom a Kerberos principal stands for: which of them are people of a realm that is trusted, and how such a person is found. */
import { parseFilter, withValue } from '../../ldap/filter.ts';
import type { KnownPerson } from '../../users/known-person.ts';

/** KERBEROS_USER */
export type PrincipalRule = 'account' | 'userPrincipalName' | 'krbPrincipalName';

export interface PrincipalRules {
  rule: PrincipalRule;
  /** To the letter: realms that differ in case are different ones (RFC 4120, section 6.1). */
  realms: readonly string[];
}

export interface Principal {
  /** `['alice']`; a service has several: `['HTTP', 'sso.fabrikam.local']`. */
  components: string[];
  realm: string;
}

const BY_USER_PRINCIPAL_NAME = parseFilter('(userPrincipalName={0})');
const BY_KRB_PRINCIPAL_NAME = parseFilter('(krbPrincipalName={0})');

/** What a backslash before these letters stands for (krb5_unparse_name). */
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', b: '\b', '0': '\0' };

/** @param text as the Kerberos library writes it: `/` between components, `@` before the realm, a backslash before either in a name */
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

/** @returns whom to look for, or why nobody: for the log */
export function personOfPrincipal(text: string, { rule, realms }: PrincipalRules): KnownPerson | { refused: string } {
  const principal = parsePrincipal(text);
  if (principal === undefined) return { refused: `${text} is not a principal` };
  const { components, realm } = principal;
  if (!realms.includes(realm))
    return { refused: `${text} is of a realm that is not trusted (${realms.join(', ') || 'none is'}): KERBEROS_REALMS` };
  // Anonymous tickets (RFC 8062) prove nothing but that a KDC gave them.
  if (components[0] === 'WELLKNOWN') return { refused: `${text} is nobody's name` };
  switch (rule) {
    case 'userPrincipalName': {
      const name = `${components.join('/')}@${realm}`;
      return { name, filter: withValue(BY_USER_PRINCIPAL_NAME, name) };
    }
    case 'krbPrincipalName':
      return { name: text, filter: withValue(BY_KRB_PRINCIPAL_NAME, text) };
    case 'account': {
      const [account = '', ...others] = components;
      if (others.length > 0) return { refused: `${text} is a service, and not a person` };
      return isAccountName(account) ? { name: account } : { refused: `${text} is not the account of a person` };
    }
  }
}

/**
 * What is left without its realm must not be read as a name with another one, and computers have accounts that end in `$`.
 */
export function isAccountName(name: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return name !== '' && !/[@\\/\u0000-\u001f\u007f]|\$$/.test(name);
}
