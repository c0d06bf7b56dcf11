/**
 * The names that Windows accepts at logon: `alice`, `FABRIKAM\alice`, `alice@fabrikam.local`, and a user principal name with another suffix
 * (MS-ADTS, section 5.1.1.1.1). Used with Active Directory if LDAP_USER_BY_NAME is not set.
 */
import type { Directory } from '../ldap/directory.ts';
import { parseDn } from '../ldap/dn.ts';
import { firstText } from '../ldap/entry.ts';
import { LdapError, RESULT } from '../ldap/errors.ts';
import { type BoundFilter, parseFilter, withValue } from '../ldap/filter.ts';

const BY_ACCOUNT_NAME = parseFilter('(sAMAccountName={0})');
const BY_PRINCIPAL_NAME = parseFilter('(|(userPrincipalName={0})(sAMAccountName={0}))');
const NETBIOS_NAME = parseFilter('(&(objectClass=crossRef)(nCName={0})(nETBIOSName=*))');

const NOT_SHOWN: ReadonlySet<number> = new Set([RESULT.noSuchObject, RESULT.insufficientAccessRights, RESULT.referral]);

export interface WindowsNames {
  /** @returns the filters to try in order until one finds a user; none for a name of another domain */
  filtersFor(name: string, signal: AbortSignal | undefined): Promise<BoundFilter[]>;
}

/** @returns the DNS name of `dc=example,dc=org` (RFC 2247); empty if the DN has no such part */
export function dnsNameOf(dn: string): string {
  return (parseDn(dn) ?? [])
    .flatMap((parts) => parts.filter(({ type }) => type === 'dc').map(({ value }) => value))
    .join('.')
    .toLowerCase();
}

/**
 * @param domainDn the users' domain: the directory's default naming context
 * @param configurationDn the forest's configuration, which contains the domain's NetBIOS name
 */
export function createWindowsNames(directory: Directory, domainDn: string, configurationDn: string | undefined): WindowsNames {
  const dnsName = dnsNameOf(domainDn);
  let netBiosName: string | undefined;

  /** If the configuration does not show it, assume the usual name: the first label of the DNS name. @throws LdapError */
  async function readNetBiosName(signal: AbortSignal | undefined): Promise<string> {
    const searchBase = `CN=Partitions,${configurationDn ?? `CN=Configuration,${domainDn}`}`;
    const request = { searchBase, scope: 'one' as const, filter: withValue(NETBIOS_NAME, domainDn), attributes: ['nETBIOSName'] };
    const { entries } = await directory.search(request, { signal }).catch((error: unknown) => {
      // Missing or not readable, which will not change. After any other error it is read again.
      if (error instanceof LdapError && error.resultCode !== undefined && NOT_SHOWN.has(error.resultCode)) return { entries: [] };
      throw error;
    });
    const name = entries[0] && firstText(entries[0], 'nETBIOSName');
    return (name ?? dnsName.split('.')[0] ?? '').toLowerCase();
  }

  async function isThisDomain(name: string, signal: AbortSignal | undefined): Promise<boolean> {
    if (name.toLowerCase() === dnsName) return true;
    netBiosName ??= await readNetBiosName(signal);
    return name.toLowerCase() === netBiosName;
  }

  return {
    async filtersFor(name, signal) {
      const backslash = name.indexOf('\\');
      if (backslash >= 0) {
        const [domain, account] = [name.slice(0, backslash), name.slice(backslash + 1)];
        return account !== '' && (await isThisDomain(domain, signal)) ? [withValue(BY_ACCOUNT_NAME, account)] : [];
      }
      const at = name.lastIndexOf('@');
      if (at < 0) return [withValue(BY_ACCOUNT_NAME, name)];
      const [account, suffix] = [name.slice(0, at), name.slice(at + 1)];
      // Every user also has account@domain, unless that is another user's principal name.
      const implicit = account !== '' && suffix.toLowerCase() === dnsName ? [withValue(BY_ACCOUNT_NAME, account)] : [];
      return [withValue(BY_PRINCIPAL_NAME, name), ...implicit];
    },
  };
}
