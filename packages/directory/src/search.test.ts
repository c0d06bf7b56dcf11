import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { escapeFilter } from 'ldapts';
import { type BoundClient, bound, openldap } from '../test/clients.ts';
import { createDomain, createFabrikam, type DirectoryServer, startDirectory } from './index.ts';

const PEOPLE = 'OU=People,OU=Lab,DC=fabrikam,DC=local';
const GROUPS = 'OU=Groups,OU=Lab,DC=fabrikam,DC=local';

let directory: DirectoryServer;
let reader: BoundClient;

before(async () => {
  directory = await startDirectory();
  reader = await bound(directory);
});
after(async () => {
  await reader[Symbol.asyncDispose]();
  await directory.stop();
});

test('anyone can read the root DSE, which describes the server', async () => {
  const { code, stdout } = await openldap('ldapsearch', directory.url, [
    '-LLL',
    '-s',
    'base',
    '-b',
    '',
    'defaultNamingContext',
    'supportedCapabilities',
    'supportedExtension',
  ]);
  assert.equal(code, 0);
  assert.match(stdout, /^defaultNamingContext: DC=fabrikam,DC=local$/m);
  assert.match(stdout, /^supportedCapabilities: 1\.2\.840\.113556\.1\.4\.800$/m);
  assert.doesNotMatch(stdout, /1\.3\.6\.1\.4\.1\.1466\.20037|dnsHostName/);
});

test('filters find what Active Directory finds', async (t) => {
  const table: [filter: string, names: string[]][] = [
    ['(sAMAccountName=ALICE)', ['alice']],
    ['(cn=alice)', ['alice']],
    ['(userPrincipalName=Alice@Fabrikam.LOCAL)', ['alice']],
    [`(distinguishedName=cn=ALICE,${PEOPLE.toLowerCase()})`, ['alice']],
    ['(&(objectCategory=person)(anr=ali))', ['alice']],
    ['(&(objectCategory=person)(anr=alice ad))', ['alice']],
    ['(anr=Adams Alice)', ['alice']],
    ['(anr=lice)', []],
    ['(anr=)', []],
    ['(&(objectCategory=group)(cn=nest-*))', ['nest-1', 'nest-2', 'nest-3', 'nest-4']],
    ['(&(objectCategory=user)(cn=nest-*))', []],
    [`(&(objectCategory=CN=Person,CN=Schema,CN=Configuration,DC=fabrikam,DC=local)(cn=a*e))`, ['alice']],
    ['(&(objectClass=USER)(sn=*dam*))', ['alice']],
    ['(sn=A*d*m*s)', ['alice']],
    ['(sn=Ada*dams)', []],
    ['(sn=adams*adams)', []],
    ['(description=Try this user first)', ['alice']],
    ['(displayName=jorg muller)', ['jmueller']],
    [escapeFilter`(cn=${'Müller, Jörg (IT) *\\'})`, ['jmueller']],
    [escapeFilter`(sAMAccountName=${"o'neil(ext)$$1"})`, ["o'neil(ext)$$1"]],
    [escapeFilter`(sAMAccountName=${'ΕΛΈΝΗ'})`, ['ελένη']],
    [escapeFilter`(cn=${'Ελένη Παππά 🙂'})`, ['ελένη']],
    ['(sAMAccountName=*$$1)', ["o'neil(ext)$$1"]],
    ['(&(objectCategory=person)(userAccountControl:1.2.840.113556.1.4.803:=2))', ['disabled', 'disabled-expired']],
    [
      '(&(objectCategory=person)(userAccountControl:1.2.840.113556.1.4.804:=65538))',
      ['disabled', 'disabled-expired', 'pwd-never-expires', 'svc-landbridge'],
    ],
    ['(&(groupType:1.2.840.113556.1.4.803:=2147483648)(cn=sales))', ['sales']],
    [`(member=CN=alice,${PEOPLE})`, ['nest-1']],
    [`(memberOf=cn=SALES,${GROUPS})`, ['bob']],
    [`(member:1.2.840.113556.1.4.1941:=CN=alice,${PEOPLE})`, ['circle-a', 'circle-b', 'nest-1', 'nest-2', 'nest-3', 'nest-4']],
    [`(member:1.2.840.113556.1.4.1941:=CN=circle-a,${GROUPS})`, ['circle-a', 'circle-b']],
    [`(&(objectCategory=person)(memberOf:1.2.840.113556.1.4.1941:=CN=nest-4,${GROUPS}))`, ['alice']],
    [`(member:1.2.840.113556.1.4.1941:=CN=nobody,${PEOPLE})`, []],
    [`(manager=CN=bob,${PEOPLE})`, ['alice']],
    ['(&(objectCategory=person)(lockoutTime>=1))', ['locked']],
    ['(&(objectCategory=person)(pwdLastSet<=0))', ['must-change']],
    ['(&(objectCategory=person)(logonHours=*))', ['no-logon-hours']],
    ['(&(sAMAccountName=ali*)(!(mail=nobody@fabrikam.local)))', ['alice']],
    // An unknown attribute is neither present nor absent.
    ['(&(sAMAccountName=ali*)(!(noSuchAttribute=x)))', []],
    ['(&(sAMAccountName=ali*)(|(noSuchAttribute=x)(mail=*)))', ['alice']],
    ['(userAccountControl=abc)', []],
    ['(unicodePwd=*)', []],
    ['(|(cn=alice)(cn=bob)(sAMAccountName=alice))', ['alice', 'bob']],
  ];
  for (const [filter, names] of table) {
    await t.test(filter, async () => assert.deepEqual(await reader.names(filter), names));
  }
});

test('a filter accepts the bytes of a GUID and of a SID, and a SID as text', async () => {
  const [alice] = await reader.find('(cn=alice)', {
    attributes: ['objectGUID', 'objectSid', 'thumbnailPhoto'],
    explicitBufferAttributes: ['objectGUID', 'objectSid'],
  });
  const { objectGUID, objectSid, thumbnailPhoto } = alice ?? {};
  assert.ok(Buffer.isBuffer(objectGUID) && Buffer.isBuffer(objectSid) && Buffer.isBuffer(thumbnailPhoto));
  assert.equal(objectGUID.length, 16);
  const escaped = (bytes: Buffer) => bytes.toString('hex').replace(/../g, '\\$&');
  const args = ['-LLL', '-D', directory.serviceAccount.dn, '-w', directory.serviceAccount.password, '-b', directory.baseDn];
  const parts = [2, 3, 4].map((_, index) => objectSid.readUInt32LE(12 + 4 * index));
  const sid = `S-1-5-21-${parts.join('-')}-${objectSid.readUInt32LE(24)}`;
  for (const filter of [`(objectGUID=${escaped(objectGUID)})`, `(objectSid=${escaped(objectSid)})`, `(objectSid=${sid})`]) {
    const { stdout } = await openldap('ldapsearch', directory.url, [...args, filter, 'sAMAccountName']);
    assert.match(stdout, /^sAMAccountName: alice$/m, filter);
    assert.equal(stdout.match(/^dn:/gm)?.length, 1, filter);
  }
});

test('a DN with special characters finds its entry as a base, in a filter and by its groups', async () => {
  const weird = directory.users.find(({ name }) => name === 'weird')?.dn ?? '';
  assert.equal(weird, `CN=\\#Weird \\+ \\"quoted\\" \\<x\\>\\; a\\=b\\\\c,${PEOPLE}`);
  const [entry] = await reader.find('(objectClass=*)', { base: weird, scope: 'base' });
  assert.equal(entry?.sAMAccountName, 'weird');
  assert.deepEqual(await reader.names(escapeFilter`(member:1.2.840.113556.1.4.1941:=${weird})`), ['it (all), *']);
});

test('a search stays within its scope', async () => {
  const dns = async (scope: 'base' | 'one' | 'sub', filter: string) =>
    (await reader.find(filter, { base: 'OU=Lab,DC=fabrikam,DC=local', scope, attributes: ['1.1'] })).map(({ dn }) => dn);
  assert.deepEqual(await dns('base', '(objectClass=*)'), ['OU=Lab,DC=fabrikam,DC=local']);
  assert.deepEqual((await dns('one', '(objectClass=*)')).sort(), [
    'OU=Groups,OU=Lab,DC=fabrikam,DC=local',
    'OU=People,OU=Lab,DC=fabrikam,DC=local',
  ]);
  assert.deepEqual(await dns('one', '(sAMAccountName=alice)'), []);
  assert.deepEqual(await dns('base', '(sAMAccountName=alice)'), []);
  assert.deepEqual(await dns('sub', '(sAMAccountName=alice)'), [`CN=alice,${PEOPLE}`]);
  assert.deepEqual(await dns('sub', '(sAMAccountName=svc-landbridge)'), []);
});

test('returns all, some or no attributes, or only their names, in the spelling of the schema', async () => {
  const select = async (attributes: string[], returnAttributeValues = true) => {
    const [entry = {}] = await reader.find('(cn=alice)', { attributes, returnAttributeValues });
    return Object.fromEntries(Object.entries(entry).filter(([name]) => name !== 'dn'));
  };
  assert.deepEqual(await select(['1.1']), { '1.1': [] });
  const { stdout } = await openldap('ldapsearch', directory.url, [
    '-LLL',
    '-D',
    directory.serviceAccount.dn,
    '-w',
    directory.serviceAccount.password,
    '-b',
    PEOPLE,
    '(cn=alice)',
    'SAMACCOUNTNAME',
    'Mail',
    'unicodePwd',
    'nosuch',
  ]);
  assert.deepEqual(stdout.trim().split('\n').slice(1).sort(), ['mail: alice@fabrikam.local', 'sAMAccountName: alice']);
  assert.deepEqual(await select(['mail', 'memberOf'], false), { mail: [], memberOf: [] });
  const everything = await select(['*', 'mail']);
  assert.equal(everything.memberOf, `CN=nest-1,${GROUPS}`);
  assert.equal(everything.whenCreated?.toString().length, 17);
});

test('a search of the whole domain returns references to other partitions, and one below it does not', async () => {
  const { client } = reader;
  const whole = await client.search(directory.baseDn, { filter: '(cn=alice)' });
  assert.equal(whole.searchReferences.length, 3);
  const below = await client.search('OU=Lab,DC=fabrikam,DC=local', { filter: '(cn=alice)' });
  assert.deepEqual([below.searchEntries.length, below.searchReferences.length], [1, 0]);
  const { stdout } = await openldap('ldapsearch', directory.url, [
    '-D',
    directory.serviceAccount.dn,
    '-w',
    directory.serviceAccount.password,
    '-b',
    directory.baseDn,
    '-E',
    '!domainScope',
    '(cn=alice)',
    '1.1',
  ]);
  assert.doesNotMatch(stdout, /numReferences/);
});

test('rejects a base that is missing, in another domain or invalid', async () => {
  const search = (base: string) => reader.client.search(base, { filter: '(objectClass=*)' });
  await assert.rejects(search(`CN=nobody,${PEOPLE}`), {
    code: 32,
    message: /NO_OBJECT.*best match of:\n\t'OU=People,OU=Lab,DC=fabrikam,DC=local'/s,
  });
  await assert.rejects(search('DC=example,DC=com'), { code: 10 });
  await assert.rejects(search('garbage'), { code: 34 });
  await assert.rejects(search(''), { code: 32 });
});

test('returns more than a thousand entries only in pages', async () => {
  const { domain } = createFabrikam();
  const crowd = domain.addOrganizationalUnit('Crowd');
  const big = domain.addGroup('big');
  for (let number = 0; number < 3200; number++) domain.addMember(big, domain.addUser(`u${number}`, { parent: crowd }));
  const own = await startDirectory({ domain });
  const { client, ...crowdReader } = await bound(own);
  try {
    const args = ['-LLL', '-D', own.serviceAccount.dn, '-w', own.serviceAccount.password, '-b', 'OU=Crowd,DC=fabrikam,DC=local'];
    const unpaged = await openldap('ldapsearch', own.url, [...args, '(objectCategory=person)', '1.1']);
    assert.deepEqual([unpaged.code, unpaged.stdout.match(/^dn:/gm)?.length], [4, 1000]);
    const limited = await openldap('ldapsearch', own.url, [...args, '-z', '7', '(objectCategory=person)', '1.1']);
    assert.deepEqual([limited.code, limited.stdout.match(/^dn:/gm)?.length], [4, 7]);
    const exact = await openldap('ldapsearch', own.url, [...args, '-z', '11', '(sAMAccountName=u319*)', '1.1']);
    assert.deepEqual([exact.code, exact.stdout.match(/^dn:/gm)?.length], [0, 11]);
    const paged = await openldap('ldapsearch', own.url, [...args, '-E', 'pr=500/noprompt', '(objectCategory=person)', '1.1']);
    assert.deepEqual([paged.code, new Set(paged.stdout.match(/^dn: .*/gm)).size], [0, 3200]);
    const all = await client.search('OU=Crowd,DC=fabrikam,DC=local', {
      filter: '(objectCategory=person)',
      paged: { pageSize: 999 },
      attributes: ['1.1'],
    });
    assert.equal(all.searchEntries.length, 3200);

    const ranges = async (...attributes: string[]) => {
      const [entry = {}] = await crowdReader.find('(cn=big)', { attributes });
      const found = Object.entries(entry).filter(([name]) => name !== 'dn');
      return Object.fromEntries(found.map(([name, values]) => [name, Array.isArray(values) ? values.length : values]));
    };
    assert.deepEqual(await ranges('member'), { member: 0, 'member;range=0-1499': 1500 });
    // ldapts returns an empty array for an attribute that came under another name.
    assert.deepEqual(await ranges('member;range=1500-*'), { 'member;range=1500-*': 0, 'member;range=1500-2999': 1500 });
    assert.deepEqual(await ranges('member;range=3000-*'), { 'member;range=3000-*': 200 });
    assert.deepEqual(await ranges('member;range=10-19'), { 'member;range=10-19': 10 });
    assert.deepEqual(await ranges('member;range=9000-*', 'cn'), { 'member;range=9000-*': 0, cn: 'big' });
  } finally {
    await client.unbind();
    await own.stop();
  }
});

test('finds entries by attributes that the schema does not have', async () => {
  const domain = createDomain({ dnsName: 'corp.example.org' });
  domain.addUser('ann', { password: 'p', attributes: { badgeNumber: 'B-17' } });
  const own = await startDirectory({ domain });
  await using client = await bound(own);
  try {
    assert.equal(own.baseDn, 'DC=corp,DC=example,DC=org');
    assert.deepEqual(await client.names('(BadgeNumber=b-17)'), ['ann']);
    const [entry] = await client.find('(cn=ann)', { attributes: ['BADGENUMBER'] });
    assert.equal(entry?.badgeNumber, 'B-17');
  } finally {
    await own.stop();
  }
});
