import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Slapd, startSlapd, whyNoSlapd } from '@landbridge/lab';
import { Client, escapeFilter } from 'ldapts';
import { createDomain, type DirectoryServer, startDirectory } from './index.ts';

/** The same users and groups in OpenLDAP and here: both find the same if the LDAP standard defines what a filter finds. */
const skip = whyNoSlapd();
let slapd: Slapd;
let directory: DirectoryServer;
const clients: Client[] = [];

before(async () => {
  if (skip) return;
  slapd = await startSlapd({ users: 60 });
  const source = new Client({ url: slapd.url });
  clients.push(source);
  await source.bind(slapd.serviceAccount.dn, slapd.serviceAccount.password);
  const read = async (base: string, attributes: string[]) =>
    (await source.search(`${base},${slapd.baseDn}`, { scope: 'one', attributes })).searchEntries;

  const domain = createDomain({ dnsName: 'example.org' });
  const parent = domain.addOrganizationalUnit('people');
  for (const { dn: _dn, ...found } of await read('ou=people', ['uid', 'cn', 'sn', 'mail', 'description'])) {
    const { uid, ...attributes } = Object.fromEntries(Object.entries(found).map(([name, value]) => [name, [value].flat().map(String)]));
    // Active Directory rejects some of these characters in a sAMAccountName.
    domain.addUser(uid?.[0] ?? '', { cn: attributes.cn?.[0] ?? '', parent, attributes: { uid: uid ?? [], ...attributes } });
  }
  const groups = domain.addOrganizationalUnit('groups');
  const found = await read('ou=groups', ['cn', 'member']);
  for (const group of found) domain.addGroup(`group ${group.cn}`, { cn: String(group.cn), parent: groups });
  for (const { dn, member } of found) {
    const group = domain.tree.find(dn);
    for (const name of [member ?? []].flat()) {
      // Multi-valued RDN there, of which this has the first part.
      const entry = domain.tree.find(String(name).replace(/\+uid=[^,]*/, ''));
      if (group !== undefined && entry !== undefined) domain.addMember(group, entry);
    }
  }
  directory = await startDirectory({ domain });
  const copy = new Client({ url: directory.url });
  clients.push(copy);
  await copy.bind(domain.serviceAccount.dn, domain.serviceAccount.password);
});
after(async () => {
  await Promise.all(clients.map((client) => client.unbind()));
  await directory?.stop();
  await slapd?.[Symbol.asyncDispose]();
});

const FILTERS = [
  '(uid=user00001)',
  '(UID=USER00001)',
  '(uid=user0000*)',
  '(uid=*1)',
  '(uid=u*00*1)',
  '(uid=*0*0*0*)',
  '(uid=*r0*r0*)',
  '(uid=user00001*user00001)',
  '(uid=*user00001*)',
  '(&(uid=user0000*)(!(uid=*1)))',
  '(|(uid=user00001)(uid=user00002)(uid=nobody))',
  '(!(uid=user*))',
  '(!(|(uid=user*)(description=*)))',
  '(description=*)',
  '(&(objectClass=person)(!(description=*)))',
  '(description=Only One)',
  '(description=value 14*)',
  '(description=value 1499)',
  '(objectClass=person)',
  '(objectClass=noSuchClass)',
  '(noSuchAttribute=x)',
  '(!(noSuchAttribute=x))',
  '(|(noSuchAttribute=x)(uid=user00001))',
  '(&(!(noSuchAttribute=x))(uid=user00001))',
  '(uid=)',
  '(&(sn=*)(mail=*@*)(uid=user0001*))',
  '(memberOf=cn=department-0,ou=groups,dc=example,dc=org)',
  '(memberOf=CN=Department-1, OU=Groups, DC=Example, DC=ORG)',
  '(!(memberOf=*))',
  '(memberOf=cn=nobody,ou=groups,dc=example,dc=org)',
  ...['st*r', 'paren(thesis', 'back\\slash', 'dollar$$x', 'jürgen.größe', '#leading.hash', '*', '*)(uid=*', 'nul\0inside', '\\2a'].map(
    (name) => escapeFilter`(uid=${name})`,
  ),
  ...['# "quoted", a+b; <c> \\d\\ e=f ', 'nul\0inside', 'Jürgen Größe, Łódź 東京', 'Paren(thesis)'].map(
    (name) => escapeFilter`(cn=${name})`,
  ),
];

test('filters find the same entries as in OpenLDAP', { skip }, async (t) => {
  let matching = 0;
  for (const filter of FILTERS) {
    await t.test(filter, async () => {
      const [theirs = [], ours = []] = await Promise.all(
        clients.map(async (client) => {
          const { searchEntries } = await client.search('ou=people,dc=example,dc=org', { scope: 'one', filter, attributes: ['uid'] });
          return searchEntries.map(({ uid }) => String(uid)).sort();
        }),
      );
      assert.deepEqual(ours, theirs);
      if (theirs.length > 0) matching++;
    });
  }
  // The table proves nothing if neither side finds an entry.
  assert.ok(matching > FILTERS.length / 2, String(matching));
});
