/** `docs/errors.md` lists exactly the codes that the programs can produce. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { it } from 'node:test';

const ROOT = new URL('..', import.meta.url).pathname;

/** Sources of codes: a constructor, a field, `fail('CODE', …)` of a socket, or a multi-line union type. */
const CODE = /(?:new (?:Coded|Ldap)Error(?:<[^>]*>)?\(|\bfail\(|\bcode:)\s*'([A-Z][A-Z_]+)'|^ {2}\| '([A-Z][A-Z_]+)'/gm;
/** A union type on one line. */
const UNION = /^export type \w*Code = ('[A-Z][A-Z_]+'(?: \| '[A-Z][A-Z_]+')*);/gm;

function codesInSources(): Set<string> {
  const files = globSync('packages/{connector,hub,runtime,web,wsfed}/src/**/*.ts', { cwd: ROOT }).filter(
    (file) => !file.endsWith('.test.ts'),
  );
  const codes = new Set<string>();
  for (const file of files) {
    const source = readFileSync(`${ROOT}${file}`, 'utf8');
    for (const match of source.matchAll(CODE)) codes.add(match[1] ?? match[2] ?? '');
    for (const union of source.matchAll(UNION)) for (const match of (union[1] ?? '').matchAll(/'([A-Z_]+)'/g)) codes.add(match[1] ?? '');
  }
  return codes;
}

it('docs/errors.md lists every error code and no others', () => {
  const listed = new Set(
    [...readFileSync(`${ROOT}docs/errors.md`, 'utf8').matchAll(/^\| `([A-Z_]+)` \|/gm)].map((match) => match[1] ?? ''),
  );
  // Codes of the operating system are not ours.
  const used = new Set([...codesInSources()].filter((code) => !(code in constants.errno)));
  assert.deepEqual(
    { missing: [...used].filter((code) => !listed.has(code)).sort(), dead: [...listed].filter((code) => !used.has(code)).sort() },
    { missing: [], dead: [] },
  );
});
