import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entry } from '../../ldap/entry.ts';
import { readGroup, sharedValues } from './group.ts';
import { createNamedGroups } from './named.ts';

const GUID = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';

function group(dn: string, attributes: Record<string, string | Buffer>): Entry {
  return {
    dn,
    attributes: new Map(Object.entries(attributes).map(([name, value]) => [name.toLowerCase(), { name, values: [Buffer.from(value)] }])),
  };
}

test('groups with one name in different places differ by DN and by GUID', () => {
  const guid = Buffer.from('10b8a76bad9dd11180b400c04fd430c8', 'hex');
  const [one, other] = [
    group('CN=Admins,OU=IT,DC=x', { cn: 'Admins', objectGUID: guid }),
    group('CN=Admins,OU=Sales,DC=x', { cn: 'Admins' }),
  ] as const;
  const value = (entry: Entry, property: string) => readGroup(entry, { property, properties: [] }).value;
  assert.deepEqual([value(one, 'cn'), value(other, 'cn')], ['Admins', 'Admins']);
  assert.deepEqual([value(one, 'dn'), value(other, 'DN')], ['CN=Admins,OU=IT,DC=x', 'CN=Admins,OU=Sales,DC=x']);
  assert.equal(value(one, 'objectGUID'), GUID);
  const named = ['cn', 'dn'].map((property) => sharedValues([one, other].map((entry) => readGroup(entry, { property, properties: [] }))));
  assert.deepEqual(named, [['Admins'], []]);
});

test('a group whose id cannot be read has none, whatever its name', async () => {
  const named = group(`CN=${GUID},DC=x`, { cn: GUID });
  assert.equal(readGroup(named, { property: 'objectGUID', properties: [] }).value, undefined);
  assert.equal(readGroup(named, { property: 'description', properties: [] }).value, GUID);
  const user = group('CN=anna,DC=x', { memberOf: `CN=${GUID},DC=x` });
  const valueBy = async (property: string) => {
    const finder = createNamedGroups({ property, properties: [] });
    // It sends no request.
    const found = await finder.groupsOf(user, undefined as never, undefined, 'throw');
    return found?.groups[0]?.value;
  };
  assert.deepEqual(await Promise.all(['objectGUID', 'dn', 'cn'].map(valueBy)), [undefined, `CN=${GUID},DC=x`, GUID]);
});
