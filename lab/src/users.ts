/** Users and groups of a test's directory: many ordinary users, and one for each special case that directories or clients get wrong. */
import { createHash, randomBytes } from 'node:crypto';
import { escapeRdnValue, type LdifEntry } from './ldif.ts';

export interface SlapdUser {
  dn: string;
  /** The name typed at sign-in; programs under test search `(uid={0})`. */
  uid: string;
  cn: string;
  password: string;
  /** The `cn` of each group, including nested ones, sorted. */
  groups: string[];
}

export interface SlapdUsers {
  /** `user00000`, `user00001`, … in order. */
  ordinary: SlapdUser[];
  /** By special case; see `specialUsers`. */
  special: Record<SpecialName, SlapdUser>;
}

export type SpecialName = keyof ReturnType<typeof specialUsers>;

interface Special {
  uid: string;
  cn?: string;
  /** Builds the RDN from both `cn` and `uid`. */
  multiValuedRdn?: boolean;
  attributes?: LdifEntry['attributes'];
}

/** Starts like a picture and is valid UTF-8, so that clients that guess take it for text. */
export const UTF8_PICTURE = Buffer.from('GIF89a not a picture, but bytes: \u00e9\u20ac');
export const MANY_VALUES = 1500;

/** @param policies the parent DN of password policies */
function specialUsers(policies: string) {
  return {
    /** All characters that RFC 4514 escapes. */
    rfc4514: { uid: 'rfc4514', cn: '# "quoted", a+b; <c> \\d\\ e=f ' },
    /** A NUL in the DN. */
    nul: { uid: 'nul', cn: 'nul\0inside' },
    leadingHash: { uid: '#leading.hash', cn: '#hash' },
    spaces: { uid: 'spaces', cn: ' spaces ' },
    umlauts: { uid: 'jürgen.größe', cn: 'Jürgen Größe, Łódź 東京' },
    parenthesis: { uid: 'paren(thesis', cn: 'Paren(thesis)' },
    star: { uid: 'st*r', cn: 'St*r' },
    backslash: { uid: 'back\\slash', cn: 'Back\\slash' },
    /** A string replacement that interprets `$$` searches for a different name. */
    dollar: { uid: 'dollar$$x', cn: 'Dollar $$ $& Sign' },
    multiValuedRdn: { uid: 'double.name', cn: 'Double + Name', multiValuedRdn: true },
    noValue: { uid: 'no.value' },
    oneValue: { uid: 'one.value', attributes: { description: ['only one'] } },
    manyValues: {
      uid: 'many.values',
      attributes: { description: Array.from({ length: MANY_VALUES }, (_, i) => `value ${String(i).padStart(4, '0')}`) },
    },
    binary: { uid: 'binary', attributes: { jpegPhoto: [UTF8_PICTURE], 'userCertificate;binary': [UTF8_PICTURE] } },
    /** Locked by an administrator through the password policy. */
    locked: { uid: 'locked', attributes: { pwdPolicySubentry: [`cn=strict,${policies}`], pwdAccountLockedTime: ['000001010000Z'] } },
    expiredPassword: {
      uid: 'expired.password',
      attributes: { pwdPolicySubentry: [`cn=strict,${policies}`], pwdChangedTime: ['20200101000000Z'] },
    },
    mustChangePassword: { uid: 'must.change', attributes: { pwdPolicySubentry: [`cn=strict,${policies}`], pwdReset: ['TRUE'] } },
    /** In a group that contains itself, two levels up. */
    inCycle: { uid: 'in.cycle' },
  } satisfies Record<string, Special>;
}

/** Ordinary users are in departments, departments in divisions, and divisions in one group. */
const DEPARTMENTS = 50;
const DIVISIONS = 5;

/**
 * @param userCount the number of ordinary users
 * @returns the users, and all entries from `baseDn` down, parents first
 */
export function generateUsers(baseDn: string, userCount: number): { users: SlapdUsers; entries: LdifEntry[] } {
  const [peopleDn, groupsDn, policiesDn] = ['people', 'groups', 'policies'].map((name) => `ou=${name},${baseDn}`) as [
    string,
    string,
    string,
  ];
  const entries: LdifEntry[] = [
    { dn: baseDn, attributes: { objectClass: ['dcObject', 'organization'], dc: [firstRdnValue(baseDn)], o: ['Landbridge test'] } },
    ...['people', 'groups', 'policies', 'accounts'].map((ou) => ({
      dn: `ou=${ou},${baseDn}`,
      attributes: { objectClass: ['organizationalUnit'], ou: [ou] },
    })),
    // Binds are neither rejected nor written, so that load causes no writes.
    policy('default', policiesDn, {}),
    policy('strict', policiesDn, { pwdLockout: ['TRUE'], pwdMaxFailure: ['3'], pwdMaxAge: ['86400'], pwdMustChange: ['TRUE'] }),
  ];

  const members = new Map<string, string[]>();
  const parents = new Map<string, string[]>();
  const groupDn = (cn: string) => `cn=${cn},${groupsDn}`;
  const nest = (child: string, parent: string) => {
    members.set(parent, [...(members.get(parent) ?? []), groupDn(child)]);
    parents.set(child, [...(parents.get(child) ?? []), parent]);
  };
  for (let i = 0; i < DEPARTMENTS; i++) {
    members.set(department(i), []);
    nest(department(i), `division-${i % DIVISIONS}`);
  }
  for (let i = 0; i < DIVISIONS; i++) nest(`division-${i}`, 'everyone');
  for (const [child, parent] of [
    ['cycle-a', 'cycle-b'],
    ['cycle-b', 'cycle-c'],
    ['cycle-c', 'cycle-a'],
  ] as const)
    nest(child, parent);

  const add = (uid: string, special: Special, direct: string[]): SlapdUser => {
    const { cn = uid, multiValuedRdn = false, attributes = {} } = special;
    const password = `${uid}-Passw0rd`;
    const rdn = `cn=${escapeRdnValue(cn)}${multiValuedRdn ? `+uid=${escapeRdnValue(uid)}` : ''}`;
    const dn = `${rdn},${peopleDn}`;
    for (const group of direct) members.get(group)?.push(dn);
    entries.push({
      dn,
      attributes: {
        objectClass: ['inetOrgPerson'],
        cn: [cn],
        sn: [cn.trim() || uid],
        uid: [uid],
        userPassword: [saltedSha(password)],
        memberOf: direct.map(groupDn),
        ...attributes,
      },
    });
    return { dn, uid, cn, password, groups: withAncestors(direct, parents) };
  };

  const ordinary = Array.from({ length: userCount }, (_, i) => {
    const uid = `user${String(i).padStart(5, '0')}`;
    const attributes = { givenName: ['User'], mail: [`${uid}@example.org`], telephoneNumber: [`+49 30 ${100000 + i}`] };
    return add(uid, { uid, cn: `User ${String(i).padStart(5, '0')}`, attributes }, [department(i)]);
  });
  const specials = specialUsers(policiesDn);
  const special = Object.fromEntries(
    Object.entries<Special>(specials).map(([name, user], i) => [
      name,
      add(user.uid, user, name === 'inCycle' ? ['cycle-a'] : [department(i)]),
    ]),
  ) as Record<SpecialName, SlapdUser>;

  for (const [cn, member] of members) {
    entries.push({
      dn: groupDn(cn),
      attributes: {
        objectClass: ['groupOfNames'],
        cn: [cn],
        // groupOfNames needs a member; its own name is harmless.
        member: member.length > 0 ? member : [groupDn(cn)],
        memberOf: (parents.get(cn) ?? []).map(groupDn),
      },
    });
  }
  return { users: { ordinary, special }, entries };
}

function department(i: number): string {
  return `department-${String(i % DEPARTMENTS).padStart(2, '0')}`;
}

function firstRdnValue(dn: string): string {
  return dn.replace(/^[^=]*=([^,]*).*$/, '$1');
}

function withAncestors(direct: string[], parents: Map<string, string[]>): string[] {
  const seen = new Set(direct);
  // Iterating over a set includes members added meanwhile, each once, so cycles end.
  for (const group of seen) for (const parent of parents.get(group) ?? []) seen.add(parent);
  return [...seen].sort();
}

function policy(cn: string, parentDn: string, attributes: LdifEntry['attributes']): LdifEntry {
  return {
    dn: `cn=${cn},${parentDn}`,
    attributes: { objectClass: ['pwdPolicy', 'device'], cn: [cn], pwdAttribute: ['userPassword'], ...attributes },
  };
}

/** `{SSHA}` is cheap to verify, so that the load is on the programs under test and not on the directory. */
export function saltedSha(password: string): string {
  const salt = randomBytes(8);
  return `{SSHA}${Buffer.concat([createHash('sha1').update(password).update(salt).digest(), salt]).toString('base64')}`;
}
