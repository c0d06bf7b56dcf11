import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { it } from 'node:test';
import { isAllowed, licenceDocument, thirdPartyPackages } from './licences.ts';

const ROOT = join(import.meta.dirname, '..');

it('the list of third-party licences is current', () => {
  const written = readFileSync(join(ROOT, 'docs', 'third-party-licences.md'), 'utf8');
  assert.equal(written, licenceDocument(thirdPartyPackages(ROOT)));
});

it('every third-party package has an allowed licence', () => {
  assert.deepEqual(
    thirdPartyPackages(ROOT).filter((each) => !isAllowed(each)),
    [],
  );
});

it('knows which packages are part of a program', () => {
  const shipped = new Set(thirdPartyPackages(ROOT).flatMap(({ name, isShipped }) => (isShipped ? [name] : [])));
  for (const name of ['zod', 'ws', 'hono', 'jose']) assert.ok(shipped.has(name), name);
  for (const name of ['typescript', '@biomejs/biome', 'playwright-core']) assert.ok(!shipped.has(name), name);
});

for (const [licence, isShipped, allowed] of [
  ['MIT', true, true],
  ['(MIT OR GPL-3.0-only)', true, true],
  ['MIT AND GPL-3.0-only', true, false],
  ['GPL-3.0-only', false, false],
  ['MPL-2.0', true, false],
  ['MPL-2.0', false, true],
  ['UNLICENSED', true, false],
  [undefined, true, false],
] as const) {
  it(`${licence ?? 'no licence'} in a ${isShipped ? 'program' : 'tool'} is ${allowed ? 'allowed' : 'refused'}`, () => {
    assert.equal(isAllowed({ licence, isShipped }), allowed);
  });
}
