import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { jsonErrorPosition } from './json-position.ts';

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
    ['// c\n{}', 1, 1],
  ];
  for (const [text, line, column] of cases) {
    it(`is ${line}:${column} in ${JSON.stringify(text)}`, () => assert.deepEqual(jsonErrorPosition(text), { line, column }));
  }

  it('is undefined for valid JSON', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), fc.constantFrom(0, 2, '\t'), (text, indent) => {
        assert.equal(jsonErrorPosition(JSON.stringify(JSON.parse(text), null, indent)), undefined);
      }),
    );
  });

  it('is defined exactly if JSON.parse fails', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 3 }), fc.nat(), fc.constantFrom('', ',', '}', '"', '\\', 'x', ' ', '0'), (text, at, put) => {
        const place = at % (text.length + 1);
        const broken = text.slice(0, place) + put + text.slice(place + 1);
        let parses = true;
        try {
          JSON.parse(broken);
        } catch {
          parses = false;
        }
        assert.equal(jsonErrorPosition(broken) === undefined, parses, broken);
      }),
      { numRuns: 500 },
    );
  });
});
