/** Checks on random graphs that the walk over `memberOf` finds the same groups as the in-chain rule, plus the primary group. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createDomain, type DirectoryEntry, type DirectoryServer, startDirectory } from '@landbridge/directory';
import fc from 'fast-check';
import { UNSET_SETTINGS, type UsersOn, usersOn } from '../../../test/users-on.ts';
import { dnKey } from '../../ldap/dn.ts';
import { parseFilter, withValue } from '../../ldap/filter.ts';
import { silentLog } from '../../troubleshoot/silent-log.ts';
import { IN_CHAIN_RULE, type Queries, queriesOf } from '../queries.ts';
import { createGroupFinder, type FoundGroups, USER_ATTRIBUTES_FOR_GROUPS } from './groups-of.ts';

const IN_CHAIN = parseFilter(`(member:${IN_CHAIN_RULE}:={0})`);

/** Global, universal and domain-local security groups, and a distribution group (MS-ADTS, section 2.2.12). */
const GROUP_TYPES = ['-2147483646', '-2147483640', '-2147483644', '2'];
/** Names with letters that servers fold differently, and with characters that a DN must escape. */
const NAMES = [
  'İstanbul',
  'Iğdır',
  'ıssız',
  'ΟΔΟΣ',
  'οδός',
  'Ёлка',
  '営業部',
  '👩‍👩‍👧',
  'équipe',
  'e\u0301quipe',
  'a,OU=reported',
  'x "y" <z>',
  '#hash',
  ' space',
  'a\\b',
  'K+K=2',
];

interface Graph {
  groups: { name: string; type: string; isReported: boolean }[];
  /** From a member to its group; both below the number of groups. */
  links: [number, number][];
  members: { direct: number[]; primary: number | undefined }[];
}

const graphs: fc.Arbitrary<Graph> = fc.integer({ min: 1, max: 9 }).chain((count) => {
  const group = fc.nat(count - 1);
  return fc.record({
    groups: fc.array(fc.record({ name: fc.constantFrom(...NAMES), type: fc.constantFrom(...GROUP_TYPES), isReported: fc.boolean() }), {
      minLength: count,
      maxLength: count,
    }),
    links: fc.array(fc.tuple(group, group), { maxLength: 2 * count }),
    members: fc.array(fc.record({ direct: fc.uniqueArray(group, { maxLength: 4 }), primary: fc.option(group, { nil: undefined }) }), {
      minLength: 1,
      maxLength: 3,
    }),
  });
});

describe('the walk over memberOf and the in-chain rule', () => {
  const domain = createDomain();
  let embedded: DirectoryServer;
  let on: UsersOn;
  let defaults: Queries;
  let built = 0;
  before(async () => {
    embedded = await startDirectory({ domain });
    on = usersOn({ url: embedded.url, serviceAccount: embedded.serviceAccount, searchConnections: 1 });
    defaults = await queriesOf(on.directory, UNSET_SETTINGS)();
  });
  after(async () => {
    await on?.close();
    await embedded?.stop();
  });

  function build({ groups, links, members }: Graph): { base: string; users: { dn: string; primary: string }[] } {
    const number = built++;
    const all = domain.addOrganizationalUnit(`Graph ${number}`);
    const reported = domain.addOrganizationalUnit('Größe', all);
    const other = domain.addOrganizationalUnit('Other', all);
    const made = groups.map(({ name, type, isReported }, index) =>
      domain.addGroup(`g${number}-${index}`, {
        cn: `${name} ${number} ${index}`,
        parent: isReported ? reported : other,
        attributes: { groupType: type },
      }),
    );
    const at = (index: number): DirectoryEntry => made[index] ?? assert.fail();
    for (const [member, group] of links) domain.addMember(at(group), at(member));
    const users = members.map(({ direct, primary }, index) => {
      const rid = primary === undefined ? 513 : ridOf(at(primary));
      const user = domain.addUser(`u${number}-${index}`, { parent: other, attributes: { primaryGroupID: String(rid) } });
      // A primary group's members are known by their primaryGroupID only.
      for (const group of direct) if (group !== primary) domain.addMember(at(group), user);
      const primaryGroup = primary === undefined ? `CN=Domain Users,CN=Users,${domain.baseDn}` : at(primary).dn;
      return { dn: user.dn, primary: primaryGroup };
    });
    // As an administrator may have typed it.
    return { base: reported.dn.replace('OU=Größe', 'ou=GRÖßE'), users };
  }

  const ridOf = (group: DirectoryEntry): number => {
    const [sid] = domain.tree.values(group, 'objectSid');
    assert.ok(Buffer.isBuffer(sid));
    return sid.readUInt32LE(sid.length - 4);
  };

  async function byInChain(base: string, dn: string): Promise<string[]> {
    const filter = withValue(IN_CHAIN, dn);
    const { entries } = await on.directory.search({ searchBase: base, scope: 'sub', filter, attributes: ['1.1'] });
    return entries.map((entry) => entry.dn);
  }

  async function expected(base: string, user: { dn: string; primary: string }): Promise<string[]> {
    const [ofUser, ofPrimary] = await Promise.all([byInChain(base, user.dn), byInChain(base, user.primary)]);
    const primary = user.primary.includes(',OU=Größe,') ? [user.primary] : [];
    return [...new Set([...ofUser, ...ofPrimary, ...primary])].sort();
  }

  async function entryOf(dn: string) {
    const filter = withValue(parseFilter('(objectClass=*)'), '');
    const { entries } = await on.directory.search({ searchBase: dn, scope: 'base', filter, attributes: USER_ATTRIBUTES_FOR_GROUPS });
    return entries[0] ?? assert.fail(dn);
  }

  const finderWith = (cacheSeconds: number) =>
    createGroupFinder({
      directory: on.directory,
      property: 'cn',
      properties: [],
      cacheSeconds,
      staleSeconds: 0,
      timeoutSeconds: 20,
      derefAliases: 0,
      onRefreshFailed: (error) => assert.fail(String(error)),
      log: silentLog().log,
      now: () => 0,
    });

  function assertNearestFirst({ groups, passedThrough }: FoundGroups): void {
    const all = new Map([...groups, ...passedThrough].map((group) => [group.key, group]));
    const distance = (key: string): number => {
      const group = all.get(key) ?? assert.fail(key);
      return group.through === undefined ? 0 : 1 + distance(dnKey(group.through));
    };
    const distances = groups.map(({ key }) => distance(key));
    assert.deepEqual(
      distances,
      [...distances].sort((a, b) => a - b),
    );
  }

  it('find the same, without duplicates, nearest first, and the second time without a search', async () => {
    const property = fc.asyncProperty(graphs, async (graph) => {
      const { base, users } = build(graph);
      const queries: Queries = { ...defaults, groupsSearchBase: base };
      const cached = finderWith(600);
      const entries = await Promise.all(users.map(({ dn }) => entryOf(dn)));
      const inChain = await Promise.all(users.map((user) => expected(base, user)));
      // All at once, so that they share searches in flight.
      for (const finder of [cached, finderWith(0)]) {
        const found = await Promise.all(entries.map((entry) => finder.groupsOf(entry, queries, undefined, 'throw')));
        for (const [index, one] of found.entries()) {
          assert.ok(one);
          assert.deepEqual(one.groups.map(({ dn }) => dn).sort(), inChain[index]);
          assertNearestFirst(one);
        }
      }
      const before = embedded.operations.counts.search;
      for (const [index, entry] of entries.entries()) {
        const again = await cached.groupsOf(entry, queries, undefined, 'throw');
        assert.deepEqual(again?.groups.map(({ dn }) => dn).sort(), inChain[index]);
        assert.equal(again?.from, 'cached');
      }
      assert.equal(embedded.operations.counts.search, before);
    });
    await fc.assert(property, { numRuns: 1000, seed: 20261122 });
  });

  it('find the same if the directory returns memberOf in ranges', async () => {
    const parent = domain.addOrganizationalUnit('Pieces');
    const user = domain.addUser('joiner', { parent });
    const inner = domain.addGroup('inner', { parent });
    domain.addMember(inner, user);
    for (let i = 0; i < 1600; i++) {
      domain.addMember(domain.addGroup(`direct-${i}`, { parent }), user);
      domain.addMember(domain.addGroup(`outer-${i}`, { parent }), inner);
    }
    const queries: Queries = { ...defaults, groupsSearchBase: parent.dn };
    const found = await finderWith(600).groupsOf(await entryOf(user.dn), queries, undefined, 'throw');
    const { entries } = await on.directory.search({
      searchBase: parent.dn,
      scope: 'sub',
      filter: withValue(IN_CHAIN, user.dn),
      attributes: ['1.1'],
      pageSize: 1000,
    });
    assert.equal(entries.length, 3201);
    assert.deepEqual(found?.groups.map(({ dn }) => dn).sort(), entries.map(({ dn }) => dn).sort());
  });
});
