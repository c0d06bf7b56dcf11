import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { troubleshootingReference } from './reference.ts';

it('docs/troubleshooting.md matches the list of checks', () => {
  const file = readFileSync(new URL('../../../../docs/troubleshooting.md', import.meta.url), 'utf8');
  assert.equal(file, troubleshootingReference(), 'run: node tools/generate-configuration.ts');
});
