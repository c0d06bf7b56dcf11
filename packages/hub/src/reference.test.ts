import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { hubReference } from './reference.ts';

test('docs/hub-configuration.md matches the list of settings', () => {
  const file = readFileSync(new URL('../../../docs/hub-configuration.md', import.meta.url), 'utf8');
  assert.equal(file, hubReference(), 'run: node tools/generate-configuration.ts');
});
