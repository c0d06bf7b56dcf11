import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entry } from '../ldap/entry.ts';
import { hiddenAttributes, ownAttributes } from './find.ts';
import { subjectAttributes, subjectOf } from './subject.ts';

const UUID = '6ba7b810-9dad-11d1-80b4-00c04fd430c8';
const GUID = Buffer.from('10b8a76bad9dd11180b400c04fd430c8', 'hex');

function entry(attributes: Record<string, readonly (string | Buffer)[]>): Entry {
  const of = ([name, values]: [string, readonly (string | Buffer)[]]) =>
    [name.toLowerCase(), { name, values: values.map((value) => Buffer.from(value)) }] as const;
  return { dn: 'uid=anna,dc=example', attributes: new Map(Object.entries(attributes).map(of)) };
}

test('the subject is the id that the server itself keeps, in one spelling', () => {
  assert.equal(subjectOf(entry({ objectGUID: [GUID], uid: ['anna'] }), 'active-directory', undefined), UUID);
  assert.equal(subjectOf(entry({ entryUUID: [UUID.toUpperCase()] }), 'openldap', undefined), UUID);
  assert.equal(
    subjectOf(entry({ nsuniqueid: ['A1B2C3D4-00112233-44556677-8899AABB'] }), '389-ds', undefined),
    'a1b2c3d4-00112233-44556677-8899aabb',
  );
  assert.equal(subjectOf(entry({ ipaUniqueID: [UUID], nsUniqueId: ['a1b2c3d4-00112233-44556677-8899aabb'] }), '389-ds', undefined), UUID);
  assert.equal(subjectOf(entry({ GUID: [GUID] }), 'edirectory', undefined), '10b8a76b-ad9d-d111-80b4-00c04fd430c8');
});

test('ignores names, and ids of another kind of directory', () => {
  assert.equal(subjectOf(entry({ uid: ['anna'], cn: ['Anna'], mail: ['anna@x.example'] }), 'openldap', undefined), undefined);
  // Users may be able to write it there.
  assert.equal(subjectOf(entry({ objectGUID: [GUID], ipaUniqueID: [UUID] }), 'openldap', undefined), undefined);
  assert.equal(subjectOf(entry({ ipaUniqueID: ['autogenerate'] }), '389-ds', undefined), undefined);
});

test('ignores several values, an empty value and values that are not text', () => {
  const of = (...values: (string | Buffer)[]) => subjectOf(entry({ employeeNumber: values }), 'openldap', 'employeeNumber');
  assert.equal(of('A-17'), 'A-17');
  assert.equal(of('A-17', 'A-18'), undefined);
  for (const value of ['', '  ', 'a\0b', 'x'.repeat(257), Buffer.of(0xff, 0xfe), Buffer.of(0x41, 0xc3)]) assert.equal(of(value), undefined);
  assert.equal(of('\ufffd'), '\ufffd');
  assert.equal(subjectOf(entry({ entryUUID: [UUID, UUID] }), 'openldap', undefined), undefined);
});

test('LDAP_SUBJECT_ATTRIBUTE replaces the server’s own id', () => {
  assert.equal(subjectOf(entry({ entryUUID: [UUID] }), 'openldap', 'employeeNumber'), undefined);
  assert.deepEqual(subjectAttributes('employeeNumber'), ['employeeNumber']);
  assert.equal(subjectOf(entry({ 'mS-DS-ConsistencyGuid': [GUID] }), 'active-directory', 'ms-ds-consistencyguid'), GUID.toString('hex'));
});

test('a mapper sees the same attributes as before', () => {
  const hidden = (...requested: string[]) => hiddenAttributes(ownAttributes(undefined), requested);
  assert.ok(hidden('cn', 'mail').includes('objectguid'));
  assert.ok(!hidden('ObjectGUID').includes('objectguid'));
  assert.ok(hidden('cn', 'mail').includes('objectclass'));
  const operational = ['entryuuid', 'guid', 'ibm-allgroups', 'ibm-entryuuid', 'ismemberof', 'nsuniqueid', 'orclguid'];
  assert.deepEqual(hidden('*').sort(), operational);
  assert.deepEqual(hidden('*', 'entryUUID').sort(), operational.slice(1));
});
