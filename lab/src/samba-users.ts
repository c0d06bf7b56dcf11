/**
 * Users and groups of a test's Active Directory: an account for each state that rejects a sign-in, names that are hard to look up, and
 * groups of all shapes. `samba-domain.ts` builds the domain from them.
 */
import type { LdifEntry } from './ldif.ts';

export interface SambaUser {
  /** The sAMAccountName. */
  name: string;
  dn: string;
  cn: string;
  userPrincipalName: string | undefined;
  mail: string;
  /** The `cn` of each group reachable through `member`, including nested and distribution groups, sorted; without the primary group. */
  groups: string[];
}

export type SambaUserName = keyof typeof USERS;
export type SambaUsers = Record<SambaUserName, SambaUser>;

export interface Special {
  /** By default the key of the record. */
  name?: string;
  cn?: string;
  /** A full name, or the part before the domain suffix. `null`: none. By default the sAMAccountName. */
  principalName?: string | null;
  attributes?: LdifEntry['attributes'];
}

/** userAccountControl (MS-ADTS 2.2.16). */
export const NORMAL_ACCOUNT = 0x200;
export const ACCOUNT_DISABLED = 0x2;
export const PASSWORD_NOT_REQUIRED = 0x20;
export const DONT_EXPIRE_PASSWORD = 0x10000;
export const SMARTCARD_REQUIRED = 0x40000;

const YESTERDAY = toFileTime(Date.now() - 86_400_000);
export const flags = (value: number): LdifEntry['attributes'] => ({ userAccountControl: [String(NORMAL_ACCOUNT | value)] });

export const USERS = {
  alice: { cn: 'Alice Archer', attributes: { givenName: ['Alice'], sn: ['Archer'], title: ['Engineer'], department: ['IT'] } },
  bob: { cn: 'Bob Baker', attributes: { givenName: ['Bob'], sn: ['Baker'] } },
  carol: { cn: 'Carol Clark', attributes: { givenName: ['Carol'], sn: ['Clark'] } },
  // Account states.
  disabled: { attributes: flags(ACCOUNT_DISABLED) },
  'acct-expired': { attributes: { accountExpires: [YESTERDAY] } },
  'disabled-expired': { attributes: { ...flags(ACCOUNT_DISABLED), accountExpires: [YESTERDAY] } },
  'must-change': {},
  'pwd-expired': {},
  /** Its own policy gives passwords two days. */
  'pwd-expiring': {},
  'pwd-never-expires': { attributes: flags(DONT_EXPIRE_PASSWORD) },
  locked: {},
  /** Has a random password. */
  'smartcard-only': {},
  'no-logon-hours': { attributes: { logonHours: [Buffer.alloc(21)] } },
  'wrong-workstation': { attributes: { userWorkstations: ['SOMEPC'] } },
  // Names.
  turkish: { name: 'ipek.ışık', cn: 'İpek Işık' },
  greek: { name: 'Οδυσσέας', cn: 'Οδυσσέας Σίσυφος' },
  cyrillic: { name: 'юлия.щукина', cn: 'Юлия Щукина' },
  japanese: { name: '山田太郎', cn: '山田 太郎' },
  emoji: { name: 'smile😀', cn: '😀 Smile 👩‍👩‍👧' },
  /** A letter and a combining accent (NFD). */
  combining: { name: 'zoe\u0308.lukasz', cn: 'Zoe\u0308 \u0141ukasz' },
  jdoe: { cn: 'Doe, John (IT) *' },
  weird: { cn: '#Weird + "quoted" <x>; a=b\\c' },
  /** 20 characters, the maximum. */
  longest: { name: 'x'.repeat(20), cn: 'Longest Name' },
  'no-upn': { principalName: null },
  'other-upn': { principalName: 'sso.name' },
  'other-suffix': { principalName: 'other.suffix@brand.example' },
  // Memberships.
  'many-groups': {},
  deep: {},
  'own-primary': {},
} satisfies Record<string, Special>;

/** groupType (MS-ADTS 2.2.12): the highest bit marks security groups. */
export const GLOBAL = '-2147483646';
const DOMAIN_LOCAL = '-2147483644';
const UNIVERSAL = '-2147483640';
const GLOBAL_DISTRIBUTION = '2';

const MANY_GROUPS = 320;
const NESTING = 50;
const CROWD = 1600;

/** Members by name. If a group and a user have the same name, it means the group. */
export interface SambaGroup {
  type?: string;
  members: string[];
  /** The user whose primary group it is; such a membership is in neither `member` nor `memberOf`. */
  primaryOf?: string;
}

export function sambaGroups(): Map<string, SambaGroup> {
  const groups = new Map<string, SambaGroup>(
    Object.entries({
      'nest-1': { members: ['alice'] },
      'team-a': { members: ['bob'] },
      'nest-2': { members: ['nest-1', 'team-a'] },
      'nest-3': { members: ['nest-2', 'primary-nested'] },
      'nest-4': { members: ['nest-3'] },
      'uni-all': { type: UNIVERSAL, members: ['nest-4'] },
      'dl-app-users': { type: DOMAIN_LOCAL, members: ['uni-all'] },
      'dist-list': { type: GLOBAL_DISTRIBUTION, members: ['alice'] },
      'dist-nested': { type: GLOBAL_DISTRIBUTION, members: ['nest-2'] },
      'cycle-a': { members: ['carol', 'cycle-b'] },
      'cycle-b': { members: ['cycle-a'] },
      'primary-direct': { members: [], primaryOf: 'own-primary' },
      'primary-nested': { members: ['primary-direct'] },
      'größe Ω команда 部門 😀, (x) *': { members: ['turkish', 'greek', 'cyrillic', 'japanese', 'emoji', 'combining'] },
    } satisfies Record<string, SambaGroup>),
  );
  for (let i = 1; i <= MANY_GROUPS; i++) groups.set(`many-${String(i).padStart(3, '0')}`, { members: ['many-groups'] });
  for (let i = 1; i <= NESTING; i++) {
    const name = (n: number) => `deep-${String(n).padStart(2, '0')}`;
    groups.set(name(i), { members: [i === 1 ? 'deep' : name(i - 1)] });
  }
  groups.set('big-group', { members: ['bob', ...crowdNames()] });
  return groups;
}

export function crowdNames(): string[] {
  return Array.from({ length: CROWD - 1 }, (_, i) => `u${String(i + 1).padStart(4, '0')}`);
}

/** @returns the names of all groups around a member, sorted */
export function groupsAround(member: string, groups: Map<string, SambaGroup>): string[] {
  const found = new Set<string>();
  const parentsOf = (name: string) => [...groups].filter(([, { members }]) => members.includes(name)).map(([parent]) => parent);
  for (const parent of parentsOf(member)) found.add(parent);
  // Iterating over a set includes members added meanwhile, each once, so cycles end.
  for (const name of found) for (const parent of parentsOf(name)) found.add(parent);
  return [...found].sort();
}

/** @returns a FILETIME: 100 ns units since 1601 (MS-DTYP 2.3.3) */
export function toFileTime(unixMs: number): string {
  return String((BigInt(Math.trunc(unixMs)) + 11_644_473_600_000n) * 10_000n);
}
