/**
 * The people and groups of a test's Active Directory: an account for each state that refuses a sign-in, names that are hard to look
 * up, and groups of every shape. The domain that is made of them is in `samba-domain.ts`.
 */
import type { LdifEntry } from './ldif.ts';

export interface SambaPerson {
  /** The sAMAccountName. */
  name: string;
  dn: string;
  cn: string;
  userPrincipalName: string | undefined;
  mail: string;
  /** The `cn` of each group that `member` leads to, nested ones and distribution groups included, sorted; without the primary group. */
  groups: string[];
}

export type SambaPersonName = keyof typeof PEOPLE;
export type SambaPeople = Record<SambaPersonName, SambaPerson>;

export interface Special {
  /** By default the key of the record. */
  name?: string;
  cn?: string;
  /** A whole name, or the part before the domain's suffix. `null`: none. By default the sAMAccountName. */
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

export const PEOPLE = {
  alice: { cn: 'Alice Archer', attributes: { givenName: ['Alice'], sn: ['Archer'], title: ['Engineer'], department: ['IT'] } },
  bob: { cn: 'Bob Baker', attributes: { givenName: ['Bob'], sn: ['Baker'] } },
  carol: { cn: 'Carol Clark', attributes: { givenName: ['Carol'], sn: ['Clark'] } },
  // States of an account.
  disabled: { attributes: flags(ACCOUNT_DISABLED) },
  'acct-expired': { attributes: { accountExpires: [YESTERDAY] } },
  'disabled-expired': { attributes: { ...flags(ACCOUNT_DISABLED), accountExpires: [YESTERDAY] } },
  'must-change': {},
  'pwd-expired': {},
  /** By a policy of its own the password is good for two days. */
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
  /** A letter and its accent as two characters (NFD). */
  combining: { name: 'zoe\u0308.lukasz', cn: 'Zoe\u0308 \u0141ukasz' },
  jdoe: { cn: 'Doe, John (IT) *' },
  weird: { cn: '#Weird + "quoted" <x>; a=b\\c' },
  /** Twenty characters, as many as a user's name may have. */
  longest: { name: 'x'.repeat(20), cn: 'Longest Name' },
  'no-upn': { principalName: null },
  'other-upn': { principalName: 'sso.name' },
  'other-suffix': { principalName: 'other.suffix@brand.example' },
  // Memberships.
  'many-groups': {},
  deep: {},
  'own-primary': {},
} satisfies Record<string, Special>;

/** groupType (MS-ADTS 2.2.12): a security group has the highest bit. */
export const GLOBAL = '-2147483646';
const DOMAIN_LOCAL = '-2147483644';
const UNIVERSAL = '-2147483640';
const GLOBAL_DISTRIBUTION = '2';

const MANY_GROUPS = 320;
const NESTING = 50;
const CROWD = 1600;

/** A group's members by name, people and groups alike; a name of a group comes before that of a person. */
export interface SambaGroup {
  type?: string;
  members: string[];
  /** A person whose primary group it is: such a membership shows neither in `member` nor in `memberOf`. */
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

/** @returns the names of all groups around one, without duplicates, sorted */
export function groupsAround(member: string, groups: Map<string, SambaGroup>): string[] {
  const found = new Set<string>();
  const parentsOf = (name: string) => [...groups].filter(([, { members }]) => members.includes(name)).map(([parent]) => parent);
  for (const parent of parentsOf(member)) found.add(parent);
  // A set gives also what is added while it is walked, and each once: cycles end.
  for (const name of found) for (const parent of parentsOf(name)) found.add(parent);
  return [...found].sort();
}

/** @returns steps of 100 nanoseconds since 1601 (MS-DTYP 2.3.3) */
export function toFileTime(unixMs: number): string {
  return String((BigInt(Math.trunc(unixMs)) + 11_644_473_600_000n) * 10_000n);
}
