import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isOlder } from './version.ts';

for (const [version, than, expected] of [
  ['0.1.0', '0.1.1', true],
  ['0.9.0', '0.10.0', true],
  ['1.9.9', '2.0.0', true],
  ['0.1.0', '0.1.0', false],
  ['6.1.0', '0.1.0', false],
  ['0.1.0-beta.1', '0.1.1', true],
  ['abc', '0.1.1', false],
  ['0.1', '0.1.1', false],
] as const) {
  test(`${version} is ${expected ? '' : 'not '}older than ${than}`, () => assert.equal(isOlder(version, than), expected));
}
