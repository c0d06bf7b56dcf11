/** A domain as data: containers, users and groups with the attributes that Active Directory gives them. */
import { randomBytes } from 'node:crypto';
import { CodedError } from '@landbridge/runtime';
import { escapeDnValue, foldText } from './dn.ts';
import type { Value } from './schema.ts';
import { sidBytes } from './sid.ts';
import { fileTime, generalizedTime } from './time.ts';
import { createTree, type DirectoryEntry, type Tree } from './tree.ts';

export type Attributes = Readonly<Record<string, Value | readonly Value[]>>;

export interface DomainOptions {
  /** `fabrikam.local` by default. */
  dnsName?: string;
  /** The name before the backslash in `FABRIKAM\alice`; by default the first label of the DNS name in capitals. */
  netbiosName?: string;
  /** How many wrong passwords lock an account; 0: never. 5 by default. */
  lockoutThreshold?: number;
  /** 0: until an administrator unlocks the account. 30 minutes by default, as in Active Directory. */
  lockoutDurationMs?: number;
  /** 0: passwords do not expire. 42 days by default, as in Active Directory. */
  maxPasswordAgeMs?: number;
  /** The password of the service account. */
  servicePassword?: string;
  now?: () => number;
}

export interface UserOptions {
  /** Without one, the account accepts no password. */
  password?: string;
  /** By default the sAMAccountName. */
  cn?: string;
  /** `CN=Users` by default. */
  parent?: DirectoryEntry;
  /** Override the attributes of a new account; an empty list removes an attribute. */
  attributes?: Attributes;
  /** May change other entries over LDAP: reset passwords, unlock, write attributes. */
  mayWrite?: boolean;
}

/** What a domain keeps of an account beside the attributes of its entry. */
export interface DomainAccount {
  password: string | undefined;
  readonly mayWrite: boolean;
}

export interface Domain {
  readonly dnsName: string;
  readonly netbiosName: string;
  readonly baseDn: string;
  readonly tree: Tree;
  readonly lockoutThreshold: number;
  readonly lockoutDurationMs: number;
  readonly maxPasswordAgeMs: number;
  readonly now: () => number;
  /** May read and write everything. Its password does not expire. */
  readonly serviceAccount: { dn: string; password: string };
  /** @throws CodedError `ENTRY_EXISTS` */
  addOrganizationalUnit(name: string, parent?: DirectoryEntry): DirectoryEntry;
  /** @throws CodedError `ENTRY_EXISTS` if the DN or the sAMAccountName is taken */
  addUser(sAMAccountName: string, options?: UserOptions): DirectoryEntry;
  /** A global security group. @throws CodedError as `addUser` */
  addGroup(sAMAccountName: string, options?: { cn?: string; parent?: DirectoryEntry; attributes?: Attributes }): DirectoryEntry;
  addMember(group: DirectoryEntry, ...members: DirectoryEntry[]): void;
  /** @param name a DN, userPrincipalName, `DOMAIN\sAMAccountName` or sAMAccountName */
  findAccount(name: string): DirectoryEntry | undefined;
  /** Undefined if the entry is not an account. */
  accountOf(entry: DirectoryEntry): DomainAccount | undefined;
  /** Writes attributes and records the change in `whenChanged` and `uSNChanged`. */
  update(entry: DirectoryEntry, attributes: Attributes): void;
  /** The highest update sequence number, for the root DSE. */
  highestUsn(): number;
}

/** userAccountControl (MS-ADTS 2.2.16). */
export const UAC = { accountDisabled: 0x2, normalAccount: 0x200, dontExpirePassword: 0x10000, smartcardRequired: 0x40000 } as const;

/** `accountExpires` of an account that does not expire (MS-ADA1 2.1). 0 means the same. */
export const NEVER_EXPIRES = '9223372036854775807';

const DOMAIN_USERS_RID = 513;
/** Lower identifiers are reserved for built-in accounts. */
const FIRST_RID = 1104;
const DAY_MS = 86_400_000;

/** @returns a domain with its well-known containers, the group Domain Users and a service account */
export function createDomain(options: DomainOptions = {}): Domain {
  const dnsName = options.dnsName ?? 'fabrikam.local';
  const netbiosName = options.netbiosName ?? (dnsName.split('.')[0] ?? dnsName).toUpperCase();
  const baseDn = dnsName
    .split('.')
    .map((label) => `DC=${escapeDnValue(label)}`)
    .join(',');
  const now = options.now ?? Date.now;
  const lockoutThreshold = options.lockoutThreshold ?? 5;
  const lockoutDurationMs = options.lockoutDurationMs ?? 30 * 60_000;
  const maxPasswordAgeMs = options.maxPasswordAgeMs ?? 42 * DAY_MS;
  const tree = createTree(baseDn);
  const accounts = new Map<DirectoryEntry, DomainAccount>();
  const domainSid = `S-1-5-21-${[4, 4, 4].map((size) => randomBytes(size).readUInt32LE()).join('-')}`;
  let nextRid = FIRST_RID;
  let usn = 12_000;

  function add(dn: string, category: string, classes: readonly string[], attributes: Attributes): DirectoryEntry {
    usn++;
    const moment = generalizedTime(now());
    return tree.add(dn, {
      objectClass: ['top', ...classes],
      objectCategory: `CN=${category},CN=Schema,CN=Configuration,${baseDn}`,
      objectGUID: randomBytes(16),
      instanceType: '4',
      whenCreated: moment,
      whenChanged: moment,
      uSNCreated: String(usn),
      uSNChanged: String(usn),
      ...attributes,
    });
  }

  function securityPrincipal(rid: number): { objectSid: Buffer } {
    const sid = sidBytes(`${domainSid}-${rid}`);
    if (sid === undefined) throw new CodedError('BAD_SID', `${domainSid}-${rid} is not a SID`);
    return { objectSid: sid };
  }

  function accountNamed(sAMAccountName: string): DirectoryEntry | undefined {
    for (const entry of tree.withValue('samaccountname', foldText(sAMAccountName)) ?? []) return entry;
    return undefined;
  }

  function isFlagged(entry: DirectoryEntry, flag: number): boolean {
    return (Number(tree.text(entry, 'userAccountControl') ?? 0) & flag) !== 0;
  }

  function refuseTaken(sAMAccountName: string): void {
    if (accountNamed(sAMAccountName)) throw new CodedError('ENTRY_EXISTS', `The sAMAccountName ${sAMAccountName} is taken`);
  }

  const root = add(baseDn, 'Domain-DNS', ['domain', 'domainDNS'], {
    dc: dnsName.split('.')[0] ?? dnsName,
    name: dnsName.split('.')[0] ?? dnsName,
    objectSid: sidBytes(domainSid) ?? [],
    // Intervals are negative numbers of 100-nanosecond steps.
    maxPwdAge: String(-BigInt(maxPasswordAgeMs) * 10_000n),
    lockoutDuration: String(-BigInt(lockoutDurationMs) * 10_000n),
    lockOutObservationWindow: String(-BigInt(lockoutDurationMs) * 10_000n),
    lockoutThreshold: String(lockoutThreshold),
    minPwdLength: '7',
    pwdProperties: '1',
  });
  const users = add(`CN=Users,${baseDn}`, 'Container', ['container'], { cn: 'Users', name: 'Users' });

  const domain: Omit<Domain, 'serviceAccount'> = {
    dnsName,
    netbiosName,
    baseDn,
    tree,
    lockoutThreshold,
    lockoutDurationMs,
    maxPasswordAgeMs,
    now,
    addOrganizationalUnit: (name, parent = root) =>
      add(`OU=${escapeDnValue(name)},${parent.dn}`, 'Organizational-Unit', ['organizationalUnit'], { ou: name, name }),
    addUser(sAMAccountName, { password, cn = sAMAccountName, parent = users, attributes = {}, mayWrite = false } = {}) {
      refuseTaken(sAMAccountName);
      const entry = add(`CN=${escapeDnValue(cn)},${parent.dn}`, 'Person', ['person', 'organizationalPerson', 'user'], {
        cn,
        name: cn,
        sAMAccountName,
        sAMAccountType: '805306368',
        userPrincipalName: `${sAMAccountName}@${dnsName}`,
        userAccountControl: String(UAC.normalAccount),
        displayName: cn,
        accountExpires: NEVER_EXPIRES,
        pwdLastSet: fileTime(now()),
        badPwdCount: '0',
        badPasswordTime: '0',
        lastLogon: '0',
        logonCount: '0',
        countryCode: '0',
        codePage: '0',
        primaryGroupID: String(DOMAIN_USERS_RID),
        ...securityPrincipal(nextRid++),
        ...attributes,
      });
      accounts.set(entry, { password: isFlagged(entry, UAC.smartcardRequired) ? undefined : password, mayWrite });
      return entry;
    },
    addGroup(sAMAccountName, { cn = sAMAccountName, parent = users, attributes = {} } = {}) {
      refuseTaken(sAMAccountName);
      return addGroup(sAMAccountName, cn, parent, nextRid++, attributes);
    },
    addMember(group, ...members) {
      for (const member of members) tree.link(group, member);
    },
    findAccount(name) {
      const slash = name.indexOf('\\');
      if (slash > 0 && !name.includes('=')) {
        return foldText(name.slice(0, slash)) === foldText(netbiosName) ? accountNamed(name.slice(slash + 1)) : undefined;
      }
      for (const entry of tree.withValue('userprincipalname', foldText(name)) ?? []) return entry;
      // Every account also has the implicit name sAMAccountName@dns.domain, whatever its userPrincipalName is.
      const suffix = `@${foldText(dnsName)}`;
      if (foldText(name).endsWith(suffix)) return accountNamed(name.slice(0, -suffix.length));
      return tree.find(name) ?? accountNamed(name);
    },
    accountOf: (entry) => accounts.get(entry),
    update(entry, attributes) {
      usn++;
      const forgetsPassword = !isFlagged(entry, UAC.smartcardRequired);
      const changed = { ...attributes, whenChanged: generalizedTime(now()), uSNChanged: String(usn) };
      for (const [name, value] of Object.entries(changed)) {
        tree.replace(entry, name, typeof value === 'string' || Buffer.isBuffer(value) ? [value] : value);
      }
      // An account that newly requires a smart card gets a random password (MS-SAMR 3.1.1.8.10).
      const account = accounts.get(entry);
      if (account !== undefined && forgetsPassword && isFlagged(entry, UAC.smartcardRequired)) account.password = undefined;
    },
    highestUsn: () => usn,
  };

  function addGroup(sAMAccountName: string, cn: string, parent: DirectoryEntry, rid: number, attributes: Attributes): DirectoryEntry {
    return add(`CN=${escapeDnValue(cn)},${parent.dn}`, 'Group', ['group'], {
      cn,
      name: cn,
      sAMAccountName,
      sAMAccountType: '268435456',
      // A global security group (MS-ADTS 2.2.12).
      groupType: '-2147483646',
      ...securityPrincipal(rid),
      ...attributes,
    });
  }
  // Every user's primary group. Membership by primaryGroupID shows neither in `member` nor in `memberOf`.
  addGroup('Domain Users', 'Domain Users', users, DOMAIN_USERS_RID, { isCriticalSystemObject: 'TRUE' });

  const servicePassword = options.servicePassword ?? 'Svc-Passw0rd!';
  const service = domain.addUser('svc-landbridge', {
    password: servicePassword,
    mayWrite: true,
    attributes: {
      userAccountControl: String(UAC.normalAccount | UAC.dontExpirePassword),
      description: 'Reads the directory for the connector',
    },
  });
  return { ...domain, serviceAccount: { dn: service.dn, password: servicePassword } };
}
