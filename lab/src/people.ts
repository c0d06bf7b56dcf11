/** The people and groups that are put into a test's directory: many ordinary ones, and one for each thing that directories get wrong. */
import { createHash, randomBytes } from 'node:crypto';
import { escapeRdnValue, type LdifEntry } from './ldif.ts';

export interface SlapdUser {
  dn: string;
  /** What the person types; programs under test look for `(uid={0})`. */
  uid: string;
  cn: string;
  password: string;
  /** The `cn` of each group, nested ones included, sorted. */
  groups: string[];
}

export interface People {
  /** `user00000`, `user00001`, … in the order of their numbers. */
  ordinary: SlapdUser[];
  /** By what is special about them; see `specialPeople` for what each stands for. */
  special: Record<SpecialName, SlapdUser>;
}

export type SpecialName = keyof ReturnType<typeof specialPeople>;

interface Special {
  uid: string;
  cn?: string;
  /** Makes the RDN of both `cn` and `uid`. */
  multiValuedRdn?: boolean;
  attributes?: LdifEntry['attributes'];
}

/** Bytes that begin like a picture and are valid UTF-8, so that a client that guesses takes them for text. */
export const UTF8_PICTURE = Buffer.from('GIF89a not a picture, but bytes: \u00e9\u20ac');
export const MANY_VALUES = 1500;

/** @param policies the DN under which password policies stand */
function specialPeople(policies: string) {
  return {
    /** Every character that RFC 4514 escapes, in one name. */
    rfc4514: { uid: 'rfc4514', cn: '# "quoted", a+b; <c> \\d\\ e=f ' },
    /** A NUL in the DN. */
    nul: { uid: 'nul', cn: 'nul\0inside' },
    leadingHash: { uid: '#leading.hash', cn: '#hash' },
    spaces: { uid: 'spaces', cn: ' spaces ' },
    umlauts: { uid: 'jürgen.größe', cn: 'Jürgen Größe, Łódź 東京' },
    parenthesis: { uid: 'paren(thesis', cn: 'Paren(thesis)' },
    star: { uid: 'st*r', cn: 'St*r' },
    backslash: { uid: 'back\\slash', cn: 'Back\\slash' },
    /** A text replacement that reads `$$` as a pattern looks for another name. */
    dollar: { uid: 'dollar$$x', cn: 'Dollar $$ $& Sign' },
    multiValuedRdn: { uid: 'double.name', cn: 'Double + Name', multiValuedRdn: true },
    noValue: { uid: 'no.value' },
    oneValue: { uid: 'one.value', attributes: { description: ['only one'] } },
    manyValues: {
      uid: 'many.values',
      attributes: { description: Array.from({ length: MANY_VALUES }, (_, i) => `value ${String(i).padStart(4, '0')}`) },
    },
    binary: { uid: 'binary', attributes: { jpegPhoto: [UTF8_PICTURE], 'userCertificate;binary': [UTF8_PICTURE] } },
    /** The password policy's lock, set by an administrator. */
    locked: { uid: 'locked', attributes: { pwdPolicySubentry: [`cn=strict,${policies}`], pwdAccountLockedTime: ['000001010000Z'] } },
    expiredPassword: {
      uid: 'expired.password',
      attributes: { pwdPolicySubentry: [`cn=strict,${policies}`], pwdChangedTime: ['20200101000000Z'] },
    },
    mustChangePassword: { uid: 'must.change', attributes: { pwdPolicySubentry: [`cn=strict,${policies}`], pwdReset: ['TRUE'] } },
    /** In a group that is, two steps up, a member of itself. */
    inCycle: { uid: 'in.cycle' },
  } satisfies Record<string, Special>;
}

/** Departments have ordinary people as members; divisions have departments; one group has the divisions. */
const DEPARTMENTS = 50;
const DIVISIONS = 5;

/**
 * @param userCount how many ordinary people
 * @returns the people, and all entries below and with `baseDn`, parents first
 */
export function generatePeople(baseDn: string, userCount: number): { people: People; entries: LdifEntry[] } {
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
    // Nothing is refused or written at a bind, so that load does not turn into writes.
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
  const specials = specialPeople(policiesDn);
  const special = Object.fromEntries(
    Object.entries<Special>(specials).map(([name, person], i) => [
      name,
      add(person.uid, person, name === 'inCycle' ? ['cycle-a'] : [department(i)]),
    ]),
  ) as Record<SpecialName, SlapdUser>;

  for (const [cn, member] of members) {
    entries.push({
      dn: groupDn(cn),
      attributes: {
        objectClass: ['groupOfNames'],
        cn: [cn],
        // A group must have a member by its class; its own name harms nobody.
        member: member.length > 0 ? member : [groupDn(cn)],
        memberOf: (parents.get(cn) ?? []).map(groupDn),
      },
    });
  }
  return { people: { ordinary, special }, entries };
}

function department(i: number): string {
  return `department-${String(i % DEPARTMENTS).padStart(2, '0')}`;
}

function firstRdnValue(dn: string): string {
  return dn.replace(/^[^=]*=([^,]*).*$/, '$1');
}

function withAncestors(direct: string[], parents: Map<string, string[]>): string[] {
  const seen = new Set(direct);
  // A set gives also what is added while it is walked, and each once: cycles end.
  for (const group of seen) for (const parent of parents.get(group) ?? []) seen.add(parent);
  return [...seen].sort();
}

function policy(cn: string, parentDn: string, attributes: LdifEntry['attributes']): LdifEntry {
  return {
    dn: `cn=${cn},${parentDn}`,
    attributes: { objectClass: ['pwdPolicy', 'device'], cn: [cn], pwdAttribute: ['userPassword'], ...attributes },
  };
}

/** `{SSHA}`: cheap to check, so that a test's load falls on the programs under test and not on the directory. */
export function saltedSha(password: string): string {
  const salt = randomBytes(8);
  return `{SSHA}${Buffer.concat([createHash('sha1').update(password).update(salt).digest(), salt]).toString('base64')}`;
}
