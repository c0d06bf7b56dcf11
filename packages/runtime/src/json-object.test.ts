import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseJsonObject, withJsonChanges } from './json-object.ts';

function problemOf(text: string): string | undefined {
  const parsed = parseJsonObject(text);
  return 'problem' in parsed ? parsed.problem : undefined;
}

describe('the position of a JSON error', () => {
  const cases: [string, number, number][] = [
    ['', 1, 1],
    ['{"a": 1,}', 1, 9],
    ['{"a": 1\n "b": 2}', 2, 2],
    ['{\n  "a": "x\n}', 2, 8],
    ['{"a": [1, 2}', 1, 12],
    ['{"a" 1}', 1, 6],
    ['{a: 1}', 1, 2],
    ["{'a': 1}", 1, 2],
    ['{"a": 1', 1, 8],
    ['[1] 2', 1, 5],
    ['{"a": 01}', 1, 8],
    ['{"a": "\\x"}', 1, 7],
    ['/ c\n{}', 1, 1],
    ['// c\n{"a" /* b */ 1}', 2, 14],
  ];
  for (const [text, line, column] of cases) {
    it(`is ${line}:${column} in ${JSON.stringify(text)}`, () =>
      assert.equal(problemOf(text), `is not valid JSON: line ${line}, column ${column}`));
  }

  it('is undefined for valid JSON', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), fc.constantFrom(0, 2, '\t'), (text, indent) => {
        assert.equal(problemOf(`{"a": ${JSON.stringify(JSON.parse(text), null, indent)}}`), undefined);
      }),
    );
  });

  it('is defined if and only if JSON.parse fails', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 3 }), fc.nat(), fc.constantFrom('', ',', '}', '"', '\\', 'x', ' ', '0'), (text, at, put) => {
        const place = at % (text.length + 1);
        const broken = `{"a": ${text.slice(0, place) + put + text.slice(place + 1)}}`;
        let parses = true;
        try {
          JSON.parse(broken);
        } catch {
          parses = false;
        }
        assert.equal(problemOf(broken) === undefined, parses, broken);
      }),
      { numRuns: 500 },
    );
  });
});

describe('a JSON object with comments', () => {
  const text = '// of the north\r\n{\r\n  "a": "http://x//y", // kept\r\n  /* "b": 1, */\r\n  "c": [1, {"d": "}"}],\r\n  "e": 1\r\n}\r\n';

  it('is read without its comments', () => {
    assert.deepEqual(parseJsonObject(text), { object: { a: 'http://x//y', c: [1, { d: '}' }], e: 1 } });
  });

  it('keeps its comments when keys are changed, added or removed', () => {
    const changed = withJsonChanges(text, { a: { z: 1 }, c: undefined, e: undefined, f: [2], g: 'x' });
    assert.deepEqual(parseJsonObject(changed), { object: { a: { z: 1 }, f: [2], g: 'x' } });
    for (const comment of ['// of the north', '// kept', '/* "b": 1, */']) assert.ok(changed.includes(comment), changed);
  });

  it('can be changed in any way', () => {
    const value = fc.option(fc.jsonValue({ maxDepth: 2 }), { nil: undefined });
    const object = fc.dictionary(fc.constantFrom('a', 'b', '"', '//', 'é'), value);
    fc.assert(
      fc.property(object, object, (before, changes) => {
        const edited = withJsonChanges(`/* c */ ${JSON.stringify(before)} // d`, changes);
        const expected: unknown = JSON.parse(JSON.stringify({ ...before, ...changes }));
        assert.deepEqual(parseJsonObject(edited), { object: expected });
      }),
    );
  });

  it('is rejected with a position, and without quoting it, if it is not valid UTF-8', () => {
    assert.equal(problemOf('{\n "a": "hush\uFFFD"}'), 'is not valid UTF-8: line 2, column 12');
  });
});
