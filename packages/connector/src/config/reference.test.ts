import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { connectorReference } from './reference.ts';

it('docs/configuration.md matches the list of settings', () => {
  const file = readFileSync(new URL('../../../../docs/configuration.md', import.meta.url), 'utf8');
  assert.equal(file, connectorReference(), 'run: node tools/generate-configuration.ts');
});
