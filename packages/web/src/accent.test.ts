import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accentProblem, accentStyle, DEFAULT_ACCENTS } from './accent.ts';

test('accepts the default accents, and rejects colours that are hard to read with the measured contrast', () => {
  assert.equal(accentProblem('light', DEFAULT_ACCENTS.light), undefined);
  assert.equal(accentProblem('dark', DEFAULT_ACCENTS.dark), undefined);
  assert.match(accentProblem('light', '#777777') ?? '', /contrast of 4\.10:1 with #f4f5f7/);
  assert.match(accentProblem('light', '#ffffff') ?? '', /contrast of 1\.00:1.*darker/);
  assert.match(accentProblem('dark', '#000000') ?? '', /contrast of 1\.\d\d:1.*lighter/);
});

test('rejects everything that is not a six-digit colour', () => {
  for (const given of ['red', '#fff', '#0b5cad80', '#0b5cad;}', '#0b5cad\n', '</style>', 'url(https://evil.example)', ''])
    assert.match(accentProblem('light', given) ?? '', /must be a colour/, given);
});

test('puts no invalid value into the style', () => {
  assert.equal(accentStyle({}), undefined);
  assert.equal(accentStyle({ light: '#000000}</style><script>', dark: '#000000' }), undefined);
  assert.match(accentStyle({ light: '#7a1f5c' }) ?? '', /light-dark\(#7a1f5c, #6db3f8\)/);
});
