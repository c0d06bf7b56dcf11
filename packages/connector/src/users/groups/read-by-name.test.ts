/** Directories that hide groups, or spell their DNs differently. */
import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Directory } from '../../ldap/directory.ts';
import type { Entry } from '../../ldap/entry.ts';
import { LdapError } from '../../ldap/errors.ts';
import { parseFilter, withValue } from '../../ldap/filter.ts';
import { silentLog } from '../../troubleshoot/silent-log.ts';
import { referenceTo } from './group.ts';
import type { GroupSearch } from './group-search.ts';
import { createReadByName } from './read-by-name.ts';
import { createReadParents } from './read-parents.ts';
import { createRunQueries } from './refused-queries.ts';

const BASE = 'DC=x';
const dnOf = (cn: string) => `CN=${cn},${BASE}`;

interface Shown {
  memberOf?: string[];
  member?: string[];
  /** The server's spelling of this entry's DN. */
  alsoAs?: string[];
}

/** A server with these groups, which matches filters by the bytes of their values. */
function readerOf(groups: Record<string, Shown>) {
  let searches = 0;
  const search: GroupSearch = async (base, { filter, value }, attributes, scope) => {
    searches++;
    if (scope === 'base') {
      const named = Object.entries(groups).find(([cn, { alsoAs = [] }]) => [cn, ...alsoAs].some((one) => dnOf(one) === base));
      if (named === undefined) throw new LdapError('LDAP_RESULT', 'There is no such object', { resultCode: 32 });
      return [entry(...named, false)];
    }
    const asked = filter.type === 'or' ? JSON.stringify(texts(filter)) : JSON.stringify([...texts(filter), value.toString()]);
    const names = (text: string) => asked.includes(JSON.stringify(text).slice(1, -1));
    const byMember = JSON.stringify(filter).includes('"member"');
    const shown = Object.entries(groups).filter(([cn, { member = [], alsoAs = [] }]) =>
      byMember ? member.some((one) => names(dnOf(one))) : [cn, ...alsoAs].some((one) => names(dnOf(one))),
    );
    return shown.map(([cn, group]) => entry(cn, group, attributes.includes('member')));
  };
  const settings = { property: 'cn', properties: [] };
  const readParents = createReadParents({
    ...settings,
    run: createRunQueries({ search, log: silentLog().log }),
    membersOf: (dn) => [{ name: 'member', filter: withValue(parseFilter('(member={0})'), dn) }],
    memberAttributes: ['member'],
  });
  const directory: Directory = Object.create(null);
  const readByName = createReadByName({ ...settings, directory, search, timeoutSeconds: 1, readParents });
  return {
    read: async (...names: string[]) => {
      const found = await readByName(names.map(referenceTo), [BASE]);
      const cn = (dn: string) => dn.replace(/^CN=|,DC=.*/g, '');
      return Object.fromEntries(
        [...found.values()].map(({ group, parents }, i) => [names[i], [group && cn(group.dn), parents.map(({ dn }) => cn(dn))]]),
      );
    },
    searches: () => searches,
  };
}

function texts(value: unknown): string[] {
  if (Buffer.isBuffer(value)) return [value.toString()];
  if (Array.isArray(value)) return value.flatMap(texts);
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(texts) : [];
}

function entry(cn: string, { memberOf = [], member = [] }: Shown, withMembers: boolean): Entry {
  const attribute = (name: string, values: string[]) =>
    [name.toLowerCase(), { name, values: values.map((value) => Buffer.from(value)) }] as const;
  return {
    dn: dnOf(cn),
    attributes: new Map([
      attribute('cn', [cn]),
      attribute('memberOf', memberOf.map(dnOf)),
      ...(withMembers ? [attribute('member', member.map(dnOf))] : []),
    ]),
  };
}

it('reads many groups with one search', async () => {
  const { read, searches } = readerOf({ a: { memberOf: ['b', 'c'] }, b: {}, c: {} });
  const found = await read(dnOf('a'), dnOf('b'));
  assert.deepEqual(found[dnOf('a')], ['a', ['b', 'c']]);
  assert.equal(searches(), 1);
});

it('finds the parents of a hidden group, or one of another domain, from the parents’ side', async () => {
  const { read } = readerOf({ shown: { memberOf: ['outer'] }, outer: { member: ['hidden', 'shown'] }, other: { member: ['hidden'] } });
  const found = await read(dnOf('hidden'));
  assert.deepEqual(found, { [dnOf('hidden')]: [undefined, ['outer', 'other']] });
  const foreign = 'CN=far,DC=elsewhere';
  assert.deepEqual(await read(foreign), { [foreign]: [undefined, []] });
});

it('does not confuse groups if the server spells their DNs differently', async () => {
  const { read } = readerOf({
    Straße: { memberOf: ['s'], alsoAs: ['STRASSE'] },
    Ωmega: { memberOf: ['o'], alsoAs: ['ωMEGA'] },
    s: {},
    o: {},
  });
  const names = [dnOf('STRASSE'), dnOf('ωMEGA'), dnOf('s')];
  const values = Object.values(await read(...names))
    .map(String)
    .sort();
  assert.deepEqual(values, ['Straße,s', 's,', 'Ωmega,o']);
});
