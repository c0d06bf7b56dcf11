import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CodedError } from '@landbridge/runtime';
import { TEST_KEY } from '../../test/audit-for-test.ts';
import { createSealing, type Place } from './sealing.ts';

const SECRET = Buffer.from('confidential');
const PLACE: Place = ['table', 'column', 'row'];
const unreadable = (error: unknown) =>
  error instanceof CodedError && error.code === 'SECRET_UNREADABLE' && !error.message.includes('confidential');

test('a sealed value can be opened only in its own place, and sealing it again looks different', () => {
  const sealing = createSealing(TEST_KEY);
  const sealed = sealing.seal(PLACE, SECRET);
  assert.deepEqual(sealing.open(PLACE, sealed), SECRET);
  assert.notDeepEqual(sealing.seal(PLACE, SECRET), sealed);
  assert.ok(!sealed.includes(SECRET));
  const places: Place[] = [
    ['table', 'column', 'other'],
    ['table', 'other', 'row'],
    ['other', 'column', 'row'],
    ['table', 'column', 'r', 'ow'],
  ];
  for (const place of places) assert.throws(() => sealing.open(place, sealed), unreadable, place.join());
});

test('a changed, shortened or foreign value cannot be opened', () => {
  const sealing = createSealing(TEST_KEY);
  const sealed = sealing.seal(PLACE, SECRET);
  for (let n = 0; n < sealed.length; n++) {
    const changed = Buffer.from(sealed);
    changed[n] = (changed[n] ?? 0) ^ 1;
    assert.throws(() => sealing.open(PLACE, changed), unreadable, `byte ${n}`);
    assert.throws(() => sealing.open(PLACE, sealed.subarray(0, n)), unreadable, `length ${n}`);
  }
  const other = createSealing({ derive: (purpose) => TEST_KEY.derive(`other ${purpose}`) });
  assert.throws(() => other.open(PLACE, sealed), unreadable);
});
