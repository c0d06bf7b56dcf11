import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dnIndexKey, escapeDnValue, foldText, splitDn } from './dn.ts';

test('a value with any characters survives escaping and parsing', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), fc.string({ minLength: 1 }), (value, other) => {
      const parts = splitDn(`CN=${escapeDnValue(value)},OU=${escapeDnValue(other)}`);
      assert.deepEqual(parts, [[{ type: 'CN', value }], [{ type: 'OU', value: other }]]);
    }),
    {
      examples: [
        [' ', '#'],
        ['  ', ' # '],
        ['\\', '\0\n'],
        ['\\,', '🙂"'],
      ],
      numRuns: 1000,
    },
  );
});

test('all spellings of a name have the same key, and different names have different keys', () => {
  const key = dnIndexKey('CN=Müller\\, Jörg,OU=People,DC=fabrikam,DC=local');
  for (const same of [
    'cn=müller\\, jörg,ou=people,dc=FABRIKAM,dc=local',
    'CN = M\\C3\\BCller\\2C J\\c3\\b6rg , OU=People;DC=fabrikam,DC=local',
    'CN=Muller\\,  Jorg,OU=People,DC=fabrikam,DC=local',
  ]) {
    assert.equal(dnIndexKey(same), key, same);
  }
  assert.notEqual(dnIndexKey('CN=Müller,CN=Jörg,OU=People,DC=fabrikam,DC=local'), key);
  assert.equal(dnIndexKey('CN=a+OU=b,DC=x'), dnIndexKey('ou=B+cn=A,dc=x'));
});

test('rejects invalid names', async (t) => {
  for (const text of ['x', '=x', 'CN=', 'CN=a,', 'CN=a,,DC=b', 'CN=a"b', 'CN=a\\', 'CN=a\\zb', 'CN=<a>', ',', `CN=${'x'.repeat(20_000)}`]) {
    await t.test(text.slice(0, 40), () => assert.equal(splitDn(text), undefined));
  }
  assert.deepEqual(splitDn(''), []);
});

test('folding ignores case, accents and width, but not letters', () => {
  assert.equal(foldText('ÉCOLE Ａ'), foldText('ecole A'));
  assert.notEqual(foldText('Müller'), foldText('Mueller'));
});
