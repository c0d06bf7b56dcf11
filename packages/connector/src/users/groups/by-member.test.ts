/** Groups of a real OpenLDAP, which knows members only: many names in one filter, and what each group costs. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Slapd, startSlapd, whyNoSlapd } from '@landbridge/lab';
import { login, request, type UsersOn, usersOn } from '../../../test/users-on.ts';
import type { UsersSettings } from '../settings.ts';

const BASE = 'ou=more,dc=example,dc=org';
const PASSWORD = 'Passw0rd!';
const person = (uid: string) => `uid=${uid},${BASE}`;
const group = (cn: string) => `cn=${cn},${BASE}`;

function personEntry(uid: string) {
  return { dn: person(uid), attributes: { objectClass: ['inetOrgPerson'], uid: [uid], cn: [uid], sn: [uid], userPassword: [PASSWORD] } };
}
function groupEntry(cn: string, members: string[], attribute: 'member' | 'uniqueMember' = 'member') {
  const objectClass = [attribute === 'member' ? 'groupOfNames' : 'groupOfUniqueNames'];
  return { dn: group(cn), attributes: { objectClass, cn: [cn], [attribute]: members } };
}

const WIDE = 100;
const DEEP = 50;
/** Names that differ in what some servers fold, members of one group each, and all of those of another. */
const NAMES = ['Iğdır', 'İstanbul', 'ΟΔΟΣ', 'Ёлка', '営業部', '👩‍👩‍👧', 'Größe', 'nai\u0308ve', 'Kelvin'];
/** The same names as an administrator may have typed them into `member`. OpenLDAP takes them for the same, but not a dotted I of two. */
const typedOtherwise = (name: string) =>
  name === 'İstanbul' ? 'İSTANBUL' : name.normalize(name === name.normalize('NFC') ? 'NFD' : 'NFC').replace('Ёл', 'ёЛ');

describe('groups that know their members only', { skip: whyNoSlapd() }, () => {
  let slapd: Slapd;
  const open: UsersOn[] = [];
  before(async () => {
    const deep = Array.from({ length: DEEP }, (_, i) => groupEntry(`deep-${i}`, [i === 0 ? person('deep') : group(`deep-${i - 1}`)]));
    const wide = Array.from({ length: WIDE }, (_, i) => groupEntry(`wide-${i}`, [person('wide')]));
    slapd = await startSlapd({
      users: 10,
      entries: [
        { dn: BASE, attributes: { objectClass: ['organizationalUnit'] } },
        ...['deep', 'wide', 'unicode', 'unix', 'circle'].map(personEntry),
        ...deep,
        ...wide,
        groupEntry(
          'above-even',
          Array.from({ length: WIDE / 2 }, (_, i) => group(`wide-${2 * i}`)),
        ),
        groupEntry('above-all', [...Array.from({ length: WIDE }, (_, i) => group(`wide-${i}`)), person('deep')], 'uniqueMember'),
        ...NAMES.map((name) => groupEntry(name, [person('unicode')])),
        ...NAMES.map((name, i) => groupEntry(`of ${i}`, [group(typedOtherwise(name))])),
        groupEntry('all names', NAMES.map(typedOtherwise).map(group)),
        groupEntry('circle-a', [person('circle'), group('circle-b')]),
        groupEntry('circle-b', [group('circle-a')]),
        { dn: group('unix'), attributes: { objectClass: ['posixGroup'], cn: ['unix'], gidNumber: ['5000'], memberUid: ['unix', 'deep'] } },
        groupEntry('above-unix', [group('unix')]),
      ],
    });
  });
  after(async () => {
    for (const one of open) await one.close();
    await slapd?.[Symbol.asyncDispose]();
  });

  function on(settings: Partial<UsersSettings> = {}): UsersOn {
    const made = usersOn(
      { url: slapd.url, serviceAccount: slapd.serviceAccount, searchConnections: 1, bindConnections: 1 },
      { LDAP_BASE: BASE, ...settings },
    );
    open.push(made);
    return made;
  }
  async function groupsOf(made: UsersOn, uid: string): Promise<unknown[]> {
    const answer = await made.users.authenticate(login(uid, PASSWORD), request());
    assert.ok('profile' in answer && Array.isArray(answer.profile.groups), JSON.stringify(answer));
    return answer.profile.groups;
  }
  /** Searches for groups while `work` ran: all but the one that finds the person. */
  async function groupSearches(work: () => Promise<unknown>): Promise<number> {
    const earlier = (await slapd.operations()).length;
    await work();
    const asked = (await slapd.operations()).slice(earlier);
    return asked.filter(({ kind }) => kind === 'search').length - 1;
  }

  it('cost one search a level, and the direct ones only once they are known', async () => {
    const made = on();
    await made.directory.rootDse();
    const nearestFirst = ['unix', 'deep-0', ...Array.from({ length: DEEP - 1 }, (_, i) => `deep-${i + 1}`)];
    let groups: unknown[] = [];
    const cold = await groupSearches(async () => {
      groups = await groupsOf(made, 'deep');
    });
    assert.deepEqual([...groups].sort(), [...nearestFirst, 'above-all', 'above-unix'].sort());
    assert.deepEqual(
      groups.filter((name) => String(name).startsWith('deep-')),
      nearestFirst.slice(1),
    );
    // One for the direct ones, one for each level, and the first levels have few enough names for one filter.
    assert.equal(cold, 1 + DEEP);
    assert.equal(await groupSearches(() => groupsOf(made, 'deep')), 1);
  });

  it('are asked for together, many names in one filter', async () => {
    const made = on();
    await made.directory.rootDse();
    const cold = await groupSearches(async () => {
      const groups = await groupsOf(made, 'wide');
      assert.equal(groups.length, WIDE + 2);
      assert.equal(new Set(groups).size, groups.length);
      assert.ok(groups.includes('above-even') && groups.includes('above-all'));
    });
    assert.ok(cold <= 1 + Math.ceil(WIDE / 16) + 1, `${cold} searches`);
  });

  it('belong to whom they belong, also where members are spelled in another way', async () => {
    const [cached, fresh] = [on(), on({ GROUPS_CACHE_SECONDS: 0 })];
    const wanted = [...NAMES, ...NAMES.map((_, i) => `of ${i}`), 'all names'].sort();
    for (let i = 0; i < 2; i++) {
      assert.deepEqual([...(await groupsOf(cached, 'unicode'))].sort(), wanted);
      assert.deepEqual([...(await groupsOf(fresh, 'unicode'))].sort(), wanted);
    }
    // What is remembered of each group is its own, and not that of those it was asked for with.
    const inspection = await cached.users.inspect('unicode', request());
    for (const [i, name] of NAMES.entries()) {
      assert.equal(inspection?.groups?.groups.find(({ value }) => value === `of ${i}`)?.through, group(name), name);
    }
  });

  it('may contain each other, and are found by member, uniqueMember and memberUid', async () => {
    const made = on();
    assert.deepEqual([...(await groupsOf(made, 'circle'))].sort(), ['circle-a', 'circle-b']);
    assert.deepEqual([...(await groupsOf(made, 'unix'))].sort(), ['above-unix', 'unix']);
  });
});
