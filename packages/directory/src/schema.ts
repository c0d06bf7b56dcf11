/**
 * What the directory knows about attributes: spelling, comparison of values, and which ones cannot be read or written.
 * The names are those of Active Directory's schema (MS-ADA1 to MS-ADA3).
 */
import { dnIndexKey, foldText } from './dn.ts';
import { sidBytes } from './sid.ts';

/** Text, or bytes if the attribute is binary. */
export type Value = string | Buffer;

export type Syntax = 'text' | 'dn' | 'integer' | 'octets' | 'time' | 'boolean';

const NAMES: Record<Syntax, string> = {
  text: `anr c canonicalName cn co comment company dc department description displayName division dNSHostName employeeID employeeNumber
    employeeType facsimileTelephoneNumber gecos givenName homeDirectory homePhone info initials ipPhone l legacyExchangeDN mail mailNickname
    middleName mobile name o objectClass ou otherTelephone pager personalTitle physicalDeliveryOfficeName postalAddress postalCode
    postOfficeBox preferredLanguage proxyAddresses sAMAccountName servicePrincipalName sn st street streetAddress telephoneNumber title uid
    url userPrincipalName userWorkstations wWWHomePage extensionAttribute1 extensionAttribute2 extensionAttribute3`,
  dn: 'distinguishedName directReports managedBy manager member memberOf objectCategory secretary seeAlso',
  integer: `accountExpires adminCount badPasswordTime badPwdCount codePage countryCode gidNumber groupType instanceType lastLogoff lastLogon
    lastLogonTimestamp lockoutDuration lockoutThreshold lockOutObservationWindow lockoutTime logonCount maxPwdAge minPwdAge minPwdLength
    primaryGroupID pwdHistoryLength pwdLastSet pwdProperties sAMAccountType systemFlags uidNumber userAccountControl uSNChanged uSNCreated`,
  octets: 'jpegPhoto logonHours objectGUID objectSid sIDHistory thumbnailLogo thumbnailPhoto unicodePwd userCertificate userPassword',
  time: 'createTimestamp modifyTimestamp whenChanged whenCreated',
  boolean: 'isCriticalSystemObject isDeleted showInAdvancedViewOnly',
};

const known = new Map<string, { name: string; syntax: Syntax }>();
for (const [syntax, names] of Object.entries(NAMES)) {
  // The keys of the record above are its type's members.
  for (const name of names.split(/\s+/)) known.set(name.toLowerCase(), { name, syntax: syntax as Syntax });
}

/** Equality on these is answered from an index, as in Active Directory; on others the tree is searched. */
export const INDEXED: ReadonlySet<string> = new Set(
  'cn displayname givenname mail manager name objectguid objectsid proxyaddresses samaccountname sn uid userprincipalname'.split(' '),
);

/** No account can read these (MS-ADTS 3.1.1.3.1.4). */
export const UNREADABLE: ReadonlySet<string> = new Set(['unicodepwd', 'userpassword']);

/** Maintained by the directory: cannot be written over LDAP. */
export const SYSTEM_ONLY: ReadonlySet<string> = new Set(
  `badpwdcount badpasswordtime distinguishedname logoncount memberof name objectclass objectguid objectsid samaccounttype usnchanged usncreated
  whenchanged whencreated`.split(/\s+/),
);

/** Attributes of tests that Active Directory does not have are text. */
export function syntaxOf(lowerName: string): Syntax {
  return known.get(lowerName)?.syntax ?? 'text';
}

/** The schema's spelling, or the given one if the schema does not have the attribute. */
export function spellingOf(name: string): string {
  return known.get(name.toLowerCase())?.name ?? name;
}

export function inSchema(lowerName: string): boolean {
  return known.has(lowerName);
}

/** One text for all values that are equal by the attribute's syntax; undefined if the value does not have that syntax. */
export function valueKey(lowerName: string, value: Value): string | undefined {
  const text = typeof value === 'string' ? value : value.toString('utf8');
  switch (syntaxOf(lowerName)) {
    case 'octets':
      return octetsOf(lowerName, value).toString('latin1');
    case 'text':
      return foldText(text);
    case 'dn':
      return dnIndexKey(text);
    case 'integer':
      // Twenty digits exceed 64 bits; the limit keeps long numbers cheap.
      return /^-?\d{1,20}$/.test(text) ? String(BigInt(text)) : undefined;
    case 'time':
      return /^\d{14}(\.\d+)?Z$/.test(text) ? text.slice(0, 14) : undefined;
    case 'boolean':
      return /^(true|false)$/i.test(text) ? text.toUpperCase() : undefined;
  }
}

function octetsOf(lowerName: string, value: Value): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
  // Active Directory also accepts a SID as text; the bytes of a SID never begin with the letter S.
  return (lowerName === 'objectsid' && bytes[0] === 0x53 && sidBytes(bytes.toString('latin1'))) || bytes;
}
