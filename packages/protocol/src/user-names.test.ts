import assert from 'node:assert/strict';
import { test } from 'node:test';
import { foldedName, namesIn, shortName } from './user-names.ts';

test('spellings that directories treat as equal fold to one name', async (t) => {
  for (const [name, spellings] of [
    ['anna', ['ANNA', ' anna ', 'ánna', 'ａｎｎａ', 'a\u0308nna', 'a\u00adnna', 'an\u200bna', '\ufeffanna']],
    ['strauss', ['strauß', 'Strauß', 'STRAUẞ']],
    ['anna maria', ['anna  maria', 'Anna\tMaria', 'anna\u00a0maria']],
  ] as const) {
    await t.test(name, async () => {
      for (const spelling of [name, ...spellings]) assert.equal(foldedName(spelling), name, JSON.stringify(spelling));
    });
  }
});

test('a short name has no domain and is never empty', async (t) => {
  for (const [name, short] of [
    ['corp\\anna', 'anna'],
    ['anna@corp.example', 'anna'],
    ['corp\\anna@corp.example', 'anna'],
    ['@corp', '@corp'],
    ['corp\\', 'corp\\'],
  ] as const) {
    await t.test(name, async () => {
      assert.equal(shortName(name), short);
    });
  }
});

test('a profile has whole and short names, a limited number, and none that is too long', () => {
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
