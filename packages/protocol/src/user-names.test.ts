import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldedName, namesIn, shortName } from './user-names.ts';

test('spellings that directories take for one name are one', () => {
  for (const [name, spellings] of [
    ['anna', ['ANNA', ' anna ', 'ánna', 'ａｎｎａ', 'a\u0308nna', 'a\u00adnna', 'an\u200bna', '\ufeffanna']],
    ['strauss', ['strauß', 'Strauß', 'STRAUẞ']],
    ['anna maria', ['anna  maria', 'Anna\tMaria', 'anna\u00a0maria']],
  ] as const) {
    for (const spelling of [name, ...spellings]) assert.equal(foldedName(spelling), name, JSON.stringify(spelling));
  }
});

test('a domain is no part of a short name, and nobody has an empty one', () => {
  for (const [name, short] of [
    ['corp\\anna', 'anna'],
    ['anna@corp.example', 'anna'],
    ['corp\\anna@corp.example', 'anna'],
    ['@corp', '@corp'],
    ['corp\\', 'corp\\'],
  ] as const) {
    assert.equal(shortName(name), short);
  }
});

test('a profile tells names, whole and short, a few of them, and no long ones', () => {
  assert.deepEqual(namesIn({ sAMAccountName: 'Anna', mail: 'Änna@corp.example', emails: [{ value: 'A.Muster@corp.example' }, 'x'] }), [
    'anna',
    'anna@corp.example',
    'a.muster@corp.example',
    'a.muster',
    'x',
  ]);
  assert.deepEqual(namesIn({ id: 'x', uid: 'n'.repeat(257), nickname: '', emails: 'none' }), []);
  assert.ok(namesIn({ emails: Array.from({ length: 1000 }, (_, n) => ({ value: `a${n}@corp.example` })) }).length <= 24);
  assert.deepEqual(namesIn(undefined), []);
});
