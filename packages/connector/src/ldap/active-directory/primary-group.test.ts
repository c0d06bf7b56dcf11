import assert from 'node:assert/strict';
import { it } from 'node:test';
import type { Entry } from '../entry.ts';
import { sidText } from './object-sid.ts';
import { primaryGroupSid } from './primary-group.ts';

const sid = (...subAuthorities: number[]): Buffer => {
  const bytes = Buffer.alloc(8 + 4 * subAuthorities.length);
  bytes.set([1, subAuthorities.length, 0, 0, 0, 0, 0, 5]);
  for (const [index, value] of subAuthorities.entries()) bytes.writeUInt32LE(value, 8 + 4 * index);
  return bytes;
};
const user = (objectSid: Buffer, primaryGroupID: string): Entry => ({
  dn: 'cn=x',
  attributes: new Map([
    ['objectsid', { name: 'objectSid', values: [objectSid] }],
    ['primarygroupid', { name: 'primaryGroupID', values: [Buffer.from(primaryGroupID)] }],
  ]),
});

it('has the SID of the domain with its own RID', () => {
  const own = sid(21, 1, 2, 3, 4_000_000_000);
  const group = primaryGroupSid(user(own, '513'));
  assert.equal(group && sidText(group), 'S-1-5-21-1-2-3-513');
  assert.equal(sidText(own), 'S-1-5-21-1-2-3-4000000000', 'the entry is not changed');
});

for (const [objectSid, number] of [
  [Buffer.alloc(0), '513'],
  [sid(21, 1).subarray(0, -1), '513'],
  [sid(21), '513'],
  [sid(21, 1), ''],
  [sid(21, 1), '-1'],
  [sid(21, 1), '4294967296'],
  [sid(21, 1), '5e2'],
] as const) {
  it(`is undefined for SID "${objectSid.toString('hex')}" and number "${number}"`, () => {
    assert.equal(primaryGroupSid(user(objectSid, number)), undefined);
  });
}

it('is undefined without attributes', () => {
  assert.equal(primaryGroupSid({ dn: 'cn=x', attributes: new Map() }), undefined);
});
