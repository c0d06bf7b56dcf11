/** The entries of a test's Active Directory: users and groups of `samba-users.ts`, service accounts, permissions and password policies. */
import { escapeRdnValue, type LdifEntry } from './ldif.ts';
import {
  ACCOUNT_DISABLED,
  crowdNames,
  DONT_EXPIRE_PASSWORD,
  flags,
  GLOBAL,
  groupsAround,
  PASSWORD_NOT_REQUIRED,
  type SambaUsers,
  type Special,
  sambaGroups,
  USERS,
} from './samba-users.ts';

export interface SambaDomain {
  users: SambaUsers;
  /** The service accounts and their parents. */
  accounts: LdifEntry[];
  /** All other entries without memberships, parents first. @param resetSid the account that may reset passwords below OU=Lab */
  entries(resetSid: string): LdifEntry[];
  /** By group DN. A user must be a member of a group before it can become the primary group. */
  members: Map<string, string[]>;
  serviceDn: string;
  resetDn: string;
  primaryGroupDn: string;
  /** For the domain itself. */
  passwordPolicy: LdifEntry['attributes'];
}

/** @param password the password of all users */
export function sambaDomain(baseDn: string, dnsName: string, password: string): SambaDomain {
  const labDn = `OU=Lab,${baseDn}`;
  const peopleDn = `OU=People,${labDn}`;
  const crowdDn = `OU=Crowd,${labDn}`;
  const groupsDn = `OU=Groups,${labDn}`;
  const accountsDn = `OU=Service,${baseDn}`;
  const serviceDn = `CN=svc-read,${accountsDn}`;
  const resetDn = `CN=svc-reset,${accountsDn}`;
  const groups = sambaGroups();
  const groupDn = (name: string) => `${rdn(name)},${groupsDn}`;
  const memberDn = (name: string) =>
    groups.has(name) ? groupDn(name) : (users.find(({ key }) => key === name)?.dn ?? `CN=${name},${crowdDn}`);

  const users = Object.entries<Special>(USERS).map(([key, special]) => {
    const { name = key, cn = name, principalName = name, attributes = {} } = special;
    const userPrincipalName = principalName === null || principalName.includes('@') ? principalName : `${principalName}@${dnsName}`;
    return {
      key,
      attributes,
      name,
      cn,
      dn: `${rdn(cn)},${peopleDn}`,
      mail: `${key}@mail.landbridge.test`,
      userPrincipalName: userPrincipalName ?? undefined,
      groups: groupsAround(key, groups),
    };
  });
  const withPassword = { ...flags(0), unicodePwd: [unicodePassword(password)] };
  return {
    users: Object.fromEntries(users.map(({ key, attributes: _, ...user }) => [key, user])) as SambaUsers,
    accounts: [
      { dn: accountsDn, attributes: { objectClass: ['organizationalUnit'] } },
      user(serviceDn, 'svc-read', { ...withPassword, ...flags(DONT_EXPIRE_PASSWORD) }),
      user(resetDn, 'svc-reset', { ...withPassword, ...flags(DONT_EXPIRE_PASSWORD) }),
    ],
    entries: (resetSid) => [
      { dn: labDn, attributes: { objectClass: ['organizationalUnit'], nTSecurityDescriptor: [labDescriptor(resetSid)] } },
      ...[peopleDn, crowdDn, groupsDn].map((dn) => ({ dn, attributes: { objectClass: ['organizationalUnit'] } })),
      ...users.map(({ dn, name, cn, mail, userPrincipalName, attributes }) =>
        user(dn, name, {
          ...withPassword,
          displayName: [cn],
          mail: [mail],
          userPrincipalName: userPrincipalName === undefined ? [] : [userPrincipalName],
          ...attributes,
        }),
      ),
      ...crowdNames().map((name) => user(`CN=${name},${crowdDn}`, name, flags(ACCOUNT_DISABLED | PASSWORD_NOT_REQUIRED))),
      ...[...groups].map(([name, { type }]) => group(groupDn(name), name, type ?? GLOBAL)),
      passwordSettings('two-days', baseDn, `CN=pwd-expiring,${peopleDn}`),
    ],
    members: new Map(
      [...groups].map(([name, { members, primaryOf }]) => [
        groupDn(name),
        [...members, ...(primaryOf === undefined ? [] : [primaryOf])].map(memberDn),
      ]),
    ),
    serviceDn,
    resetDn,
    primaryGroupDn: groupDn('primary-direct'),
    passwordPolicy: PASSWORD_POLICY,
  };
}

/** Intervals are negative multiples of 100 ns. */
const interval = (minutes: number) => String(-minutes * 60 * 10_000_000);

/** Five failures lock an account for 30 minutes; passwords may change at any time. */
const PASSWORD_POLICY: LdifEntry['attributes'] = {
  minPwdAge: ['0'],
  minPwdLength: ['7'],
  pwdHistoryLength: ['3'],
  lockoutThreshold: ['5'],
  lockoutDuration: [interval(30)],
  lockOutObservationWindow: [interval(30)],
};

/** A policy for one user (MS-ADTS 3.1.1.4.4.8) with passwords that last two days. Samba treats one day as unlimited. */
function passwordSettings(name: string, baseDn: string, appliesTo: string): LdifEntry {
  return {
    dn: `CN=${name},CN=Password Settings Container,CN=System,${baseDn}`,
    attributes: {
      objectClass: ['msDS-PasswordSettings'],
      'msDS-PSOAppliesTo': [appliesTo],
      'msDS-PasswordSettingsPrecedence': ['10'],
      'msDS-PasswordReversibleEncryptionEnabled': ['FALSE'],
      'msDS-PasswordHistoryLength': ['3'],
      'msDS-PasswordComplexityEnabled': ['TRUE'],
      'msDS-MinimumPasswordLength': ['7'],
      'msDS-MinimumPasswordAge': ['0'],
      'msDS-MaximumPasswordAge': [interval(2 * 24 * 60)],
      'msDS-LockoutThreshold': ['5'],
      'msDS-LockoutDuration': [interval(30)],
      'msDS-LockoutObservationWindow': [interval(30)],
    },
  };
}

/** Permissions (MS-ADTS 5.1.3.2.1) and attributes by their GUIDs. */
const RESET_PASSWORD = '00299570-246d-11d0-a768-00aa006e0529';
const PWD_LAST_SET = 'bf967a0a-0de6-11d0-a285-00aa003049e2';
const LOCKOUT_TIME = '28630ebf-41d5-11d1-a9c1-0000f80367c1';
const USER_CLASS = 'bf967aba-0de6-11d0-a285-00aa003049e2';

/** Administrators may do everything, authenticated users may read, and one account may reset passwords below (MS-DTYP 2.5.1). */
function labDescriptor(resetSid: string): string {
  const mayReset = [`CR;${RESET_PASSWORD}`, `WP;${PWD_LAST_SET}`, `WP;${LOCKOUT_TIME}`].map(
    (what) => `(OA;CIIO;${what};${USER_CLASS};${resetSid})`,
  );
  return `D:AI(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;SY)(A;;RPWPCRCCDCLCLORCWOWDSDDTSW;;;DA)(A;;RPLCLORC;;;AU)${mayReset.join('')}`;
}

/** Samba's database needs the equals sign escaped too (allowed by RFC 4514, section 2.4). */
function rdn(cn: string): string {
  return `CN=${escapeRdnValue(cn).replaceAll('=', '\\=')}`;
}

function user(dn: string, name: string, attributes: LdifEntry['attributes']): LdifEntry {
  return { dn, attributes: { objectClass: ['user'], sAMAccountName: [name], ...attributes } };
}

function group(dn: string, name: string, type: string): LdifEntry {
  // The group's `cn` has characters that an account name must not have.
  return { dn, attributes: { objectClass: ['group'], sAMAccountName: [name.replace(/[,*]/g, '')], groupType: [type] } };
}

/** Encodes a password for `unicodePwd` (MS-ADTS 3.1.1.3.1.5). */
export function unicodePassword(password: string): Buffer {
  return Buffer.from(`"${password}"`, 'utf16le');
}
