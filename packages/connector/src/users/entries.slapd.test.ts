/** Entries in a real OpenLDAP: several names, other object classes, groups of every kind, binary values. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Slapd, type SlapdOptions, startSlapd, whyNoSlapd } from '@landbridge/lab';
import type { Profile } from '@landbridge/protocol';
import { login, request, type UsersOn, usersOn } from '../../test/users-on.ts';
import type { ConnectorSettings } from '../config/settings.ts';

type LdifEntry = NonNullable<SlapdOptions['entries']>[number];

const BASE = 'dc=example,dc=org';
const PASSWORD = 'Kx7-violet-Moon';
const PHOTO = Buffer.concat([Buffer.from([0xff, 0xd8, 0xff]), Buffer.alloc(3 << 20, 0x5a)]);

const person = (uid: string, more: Record<string, (string | Buffer)[]> = {}): LdifEntry => ({
  dn: `uid=${uid},ou=people,${BASE}`,
  attributes: { objectClass: ['inetOrgPerson'], cn: [uid], sn: [uid], userPassword: [PASSWORD], ...more, uid: [uid, ...(more.uid ?? [])] },
});
const posix = (uid: string, gidNumber: string, more: Record<string, string[]> = {}): LdifEntry => ({
  dn: `uid=${uid},ou=people,${BASE}`,
  attributes: {
    objectClass: ['account', 'posixAccount'],
    uid: [uid],
    cn: [uid],
    uidNumber: ['1001'],
    gidNumber: [gidNumber],
    homeDirectory: ['/h'],
    userPassword: [PASSWORD],
    ...more,
  },
});
const group = (cn: string, objectClass: string, more: Record<string, string[]>): LdifEntry => ({
  dn: `cn=${cn},ou=groups,${BASE}`,
  attributes: { objectClass: [objectClass], cn: [cn], ...more },
});

/** A computer with the object classes of Active Directory, a binary attribute, and group members without an overlay. */
const SCHEMA = `
include /etc/ldap/schema/dyngroup.schema
attributetype ( 1.2.3.4.1 NAME 'employeeToken' EQUALITY octetStringMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.40 )
attributetype ( 1.2.3.4.2 NAME 'isMemberOf' EQUALITY distinguishedNameMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.12 )
objectclass ( 1.2.3.5.1 NAME 'computer' SUP inetOrgPerson STRUCTURAL )
objectclass ( 1.2.3.5.2 NAME 'badge' SUP top AUXILIARY MAY ( employeeToken $ isMemberOf $ x500UniqueIdentifier $ uid ) )
`;

const ENTRIES: LdifEntry[] = [
  person('jdoe', { uid: ['john.doe'], cn: ['Johnny', 'jdoe'], mail: ['first@example.org', 'second@example.org'], departmentNumber: ['7'] }),
  posix('legacy', '5000'),
  posix('pc1$', '5000'),
  { ...person('printer'), attributes: { ...person('printer').attributes, objectClass: ['computer'] } },
  person('twin', { objectClass: ['inetOrgPerson', 'badge'], x500UniqueIdentifier: ["'0101'B"] }),
  person('badge', {
    objectClass: ['inetOrgPerson', 'badge'],
    employeeToken: ['looks like text'],
    jpegPhoto: [PHOTO],
    isMemberOf: [`cn=hidden,ou=secret,${BASE}`, `cn=other,ou=groups,${BASE}`, `cn=empty,ou=groups,${BASE}`, `cn=nowhere,dc=example,dc=net`],
  }),
  person('dyn', { departmentNumber: ['9'] }),
  group('first', 'posixGroup', { gidNumber: ['5001'], memberUid: ['jdoe'] }),
  group('second', 'posixGroup', { gidNumber: ['5002'], memberUid: ['john.doe'] }),
  group('staff', 'posixGroup', { gidNumber: ['5000'] }),
  group('unique', 'groupOfUniqueNames', { uniqueMember: [`uid=jdoe,ou=people,${BASE}`] }),
  group('uniqueWithUid', 'groupOfUniqueNames', { uniqueMember: [`uid=twin,ou=people,${BASE}#'0101'B`] }),
  group('ofAnotherTwin', 'groupOfUniqueNames', { uniqueMember: [`uid=twin,ou=people,${BASE}#'1111'B`] }),
  group('names', 'groupOfNames', { member: [`uid=jdoe,ou=people,${BASE}`] }),
  group('parent', 'groupOfNames', { member: [`cn=names,ou=groups,${BASE}`] }),
  group('other', 'groupOfNames', { member: [`uid=jdoe,ou=people,${BASE}`] }),
  group('empty', 'posixGroup', { gidNumber: ['5009'] }),
  group('dynamic', 'groupOfURLs', { memberURL: [`ldap:///ou=people,${BASE}??sub?(departmentNumber=9)`] }),
  { dn: `ou=secret,${BASE}`, attributes: { objectClass: ['organizationalUnit'], ou: ['secret'] } },
  {
    dn: `cn=hidden,ou=secret,${BASE}`,
    attributes: { objectClass: ['groupOfNames'], cn: ['hidden'], member: [`uid=badge,ou=people,${BASE}`] },
  },
];

describe('entries on OpenLDAP', { skip: whyNoSlapd() }, () => {
  let slapd: Slapd;
  const open: UsersOn[] = [];
  before(async () => {
    slapd = await startSlapd({
      users: 1,
      entries: ENTRIES,
      schema: SCHEMA,
      access: `access to dn.subtree="ou=secret,${BASE}" by * none`,
      overlays: 'overlay dynlist\ndynlist-attrset groupOfURLs memberURL member+memberOf@groupOfNames',
    });
  });
  after(async () => {
    for (const one of open) await one.close();
    await slapd?.[Symbol.asyncDispose]();
  });

  function on(settings: Partial<ConnectorSettings> = {}, mapper?: string): UsersOn {
    const made = usersOn({ url: slapd.ldapsUrl, ca: slapd.ca, serviceAccount: slapd.serviceAccount }, settings, mapper);
    open.push(made);
    return made;
  }
  async function answerOf(name: string, made = on()) {
    const answer = await made.users.authenticate(login(name, PASSWORD), request());
    return 'profile' in answer ? answer : assert.fail(`${name}: ${JSON.stringify(answer)}`);
  }
  const profileOf = async (name: string, made?: UsersOn): Promise<Profile> => (await answerOf(name, made)).profile;
  const groupsOf = async (name: string) => {
    const { groups } = await profileOf(name);
    return Array.isArray(groups) ? groups.map(String).sort() : groups;
  };
  const errorOf = async (name: string, made = on()) => {
    const answer = await made.users.authenticate(login(name, PASSWORD), request());
    return 'failure' in answer ? answer.failure.wireName : 'signed in';
  };

  it('with two user names are the same user under either name, in the groups of both', async () => {
    const [one, other] = [await answerOf('jdoe'), await answerOf('john.doe')];
    assert.equal(one.subject, other.subject);
    assert.deepEqual(one.profile, other.profile);
    assert.deepEqual(await groupsOf('john.doe'), ['first', 'names', 'other', 'parent', 'second', 'unique']);
  });

  it('list the value that names them first, and the mapper sees all values', async () => {
    assert.deepEqual((await profileOf('jdoe')).id, ['jdoe', 'john.doe']);
    const mapper = 'module.exports = function (raw) { return { id: raw.uid[0], cn: raw.CN, mail: raw.mail, of: raw.DepartmentNUMBER }; };';
    assert.deepEqual(await profileOf('jdoe', on({}, mapper)), {
      id: 'jdoe',
      cn: ['Johnny', 'jdoe'],
      mail: ['first@example.org', 'second@example.org'],
      of: '7',
    });
  });

  it('of the classes account and posixAccount are users, with their primary group', async () => {
    assert.deepEqual(await groupsOf('legacy'), ['staff']);
    const found = await on().users.searchUsers({ pid: 'x', search: 'legacy', limit: 5, escaped: false }, request());
    assert.ok('users' in found);
    assert.deepEqual(
      found.users.map(({ nickname }) => nickname),
      ['legacy'],
    );
  });

  it('of computers are not users, regardless of their other classes', async () => {
    for (const name of ['pc1$', 'printer']) assert.equal(await errorOf(name), 'WrongUsername', name);
    const found = await on().users.searchUsers({ pid: 'x', search: 'p', limit: 50, escaped: false }, request());
    assert.ok('users' in found && !JSON.stringify(found.users).match(/pc1\$|printer/));
    // Administrators can define what counts as a user.
    assert.equal(await errorOf('printer', on({ LDAP_USER_BY_NAME: '(uid={0})' })), 'signed in');
  });

  it('are in groups that name them with their unique identifier', async () => {
    assert.deepEqual(await groupsOf('twin'), ['uniqueWithUid']);
  });

  it('are in dynamic groups, which the server evaluates', async () => {
    assert.deepEqual(await groupsOf('dyn'), ['dynamic']);
  });

  it('are in the groups that only the entry itself names, unless the group lists its members', async () => {
    // The base excludes a group elsewhere. A group without a member list counts, like one that cannot be read.
    assert.deepEqual(await groupsOf('badge'), ['empty', 'hidden']);
  });

  it('have binary values for attributes that the schema declares as binary', async () => {
    const mapper =
      'module.exports = function (raw) { return { id: raw.uid, isBuffer: Buffer.isBuffer(raw.employeeToken), text: raw.employeeToken.toString() }; };';
    assert.deepEqual(await profileOf('badge', on({}, mapper)), { id: 'badge', isBuffer: true, text: 'looks like text' });
  });

  it('are read without values that no mapper uses', async () => {
    const asked = async (mapper: string, settings: Partial<ConnectorSettings> = {}) => {
      const made = on(settings, mapper);
      const names = new Set<string>();
      const { search } = made.directory;
      made.directory.search = (searched, options) => {
        for (const name of searched.attributes) names.add(name);
        return search(searched, options);
      };
      return { profile: await profileOf('badge', made), names };
    };
    const named = await asked('module.exports = function (raw) { return { id: raw.uid }; };');
    assert.deepEqual(named.profile, { id: 'badge' });
    assert.ok(named.names.has('uid') && !named.names.has('jpegPhoto') && !named.names.has('*'));
    const size = await asked('module.exports = function (raw) { return { size: raw.jpegPhoto.length }; };', {
      PROFILE_MAPPING_MEMORY_LIMIT_MB: 64,
    });
    assert.deepEqual(size.profile, { size: PHOTO.length });
    const all = 'module.exports = function (raw) { return { id: raw.uid, names: Object.keys(raw) }; };';
    assert.ok(!JSON.stringify(await profileOf('badge', on({}, all))).includes('jpegPhoto'));
  });
});
