/** Groups of a real OpenLDAP, where only groups know their members: many names in one filter, and the cost per group. */
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type Slapd, startSlapd, whyNoSlapd } from '@landbridge/lab';
import { login, request, type UsersOn, usersOn } from '../../../test/users-on.ts';
import type { ConnectorSettings } from '../../config/settings.ts';

const BASE = 'ou=more,dc=example,dc=org';
const PASSWORD = 'Passw0rd!';
const user = (uid: string) => `uid=${uid},${BASE}`;
const group = (cn: string) => `cn=${cn},${BASE}`;

function userEntry(uid: string) {
  return { dn: user(uid), attributes: { objectClass: ['inetOrgPerson'], uid: [uid], cn: [uid], sn: [uid], userPassword: [PASSWORD] } };
}
function groupEntry(cn: string, members: string[], attribute: 'member' | 'uniqueMember' = 'member') {
  const objectClass = [attribute === 'member' ? 'groupOfNames' : 'groupOfUniqueNames'];
  return { dn: group(cn), attributes: { objectClass, cn: [cn], [attribute]: members } };
}

const WIDE = 100;
const DEEP = 50;
/** Names that some servers fold differently: each a member of its own group, and all of them members of another. */
const NAMES = ['Iğdır', 'İstanbul', 'ΟΔΟΣ', 'Ёлка', '営業部', '👩‍👩‍👧', 'Größe', 'nai\u0308ve', 'Kelvin'];
/** The same names as an administrator may have typed them into `member`. OpenLDAP considers them equal, except for a decomposed dotted I. */
const typedOtherwise = (name: string) =>
  name === 'İstanbul' ? 'İSTANBUL' : name.normalize(name === name.normalize('NFC') ? 'NFD' : 'NFC').replace('Ёл', 'ёЛ');

describe('groups found by their members', { skip: whyNoSlapd() }, () => {
  let slapd: Slapd;
  const open: UsersOn[] = [];
  before(async () => {
    const deep = Array.from({ length: DEEP }, (_, i) => groupEntry(`deep-${i}`, [i === 0 ? user('deep') : group(`deep-${i - 1}`)]));
    const wide = Array.from({ length: WIDE }, (_, i) => groupEntry(`wide-${i}`, [user('wide')]));
    slapd = await startSlapd({
      users: 10,
      entries: [
        { dn: BASE, attributes: { objectClass: ['organizationalUnit'] } },
        ...['deep', 'wide', 'unicode', 'unix', 'circle'].map(userEntry),
        ...deep,
        ...wide,
        groupEntry(
          'above-even',
          Array.from({ length: WIDE / 2 }, (_, i) => group(`wide-${2 * i}`)),
        ),
        groupEntry('above-all', [...Array.from({ length: WIDE }, (_, i) => group(`wide-${i}`)), user('deep')], 'uniqueMember'),
        ...NAMES.map((name) => groupEntry(name, [user('unicode')])),
        ...NAMES.map((name, i) => groupEntry(`of ${i}`, [group(typedOtherwise(name))])),
        groupEntry('all names', NAMES.map(typedOtherwise).map(group)),
        groupEntry('circle-a', [user('circle'), group('circle-b')]),
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

  function on(settings: Partial<ConnectorSettings> = {}): UsersOn {
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
  /** The searches made while `work` ran, without the one that finds the user. */
  async function groupSearches(work: () => Promise<unknown>): Promise<number> {
    const earlier = (await slapd.operations()).length;
    await work();
    const asked = (await slapd.operations()).slice(earlier);
    return asked.filter(({ kind }) => kind === 'search').length - 1;
  }

  it('cost one search per level, and one for the direct groups once they are cached', async () => {
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
    // One for the direct groups and one per level; the first levels have few enough names for one filter.
    assert.equal(cold, 1 + DEEP);
    assert.equal(await groupSearches(() => groupsOf(made, 'deep')), 1);
  });

  it('are searched together, many names in one filter', async () => {
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

  it('are told apart, even if members are spelled differently', async () => {
    const [cached, fresh] = [on(), on({ GROUPS_CACHE_SECONDS: 0 })];
    const expected = [...NAMES, ...NAMES.map((_, i) => `of ${i}`), 'all names'].sort();
    for (let i = 0; i < 2; i++) {
      assert.deepEqual([...(await groupsOf(cached, 'unicode'))].sort(), expected);
      assert.deepEqual([...(await groupsOf(fresh, 'unicode'))].sort(), expected);
    }
    // What is cached of each group must be its own, not that of groups read in the same search.
    const inspection = await cached.users.inspect('unicode', request());
    for (const [i, name] of NAMES.entries()) {
      assert.equal(inspection?.groups?.groups.find(({ value }) => value === `of ${i}`)?.through, group(name), name);
    }
  });

  it('may form cycles, and are found by member, uniqueMember and memberUid', async () => {
    const made = on();
    assert.deepEqual([...(await groupsOf(made, 'circle'))].sort(), ['circle-a', 'circle-b']);
    assert.deepEqual([...(await groupsOf(made, 'unix'))].sort(), ['above-unix', 'unix']);
  });
});
