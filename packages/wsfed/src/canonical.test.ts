/** The canonical form, compared with that of xml-crypto. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalByXmlCrypto } from '@landbridge/lab';
import { canonicalForm } from './canonical.ts';
import { childrenOf, parseXml } from './xml-reader.ts';

const canonical = (xml: string) => canonicalForm(parseXml(xml));

test('one document has one canonical form, whatever its notation', async (t) => {
  for (const [xml, expected] of [
    ['<a/>', '<a></a>'],
    [`<a  c='2'\n b = "1" ></a >`, '<a b="1" c="2"></a>'],
    ['<a b="&#x9;&#10;&#xD;&lt;&amp;&quot;&apos;>"/>', '<a b="&#x9;&#xA;&#xD;&lt;&amp;&quot;\'>"></a>'],
    ['<a b="x\r\ny\tz"/>', '<a b="x y z"></a>'],
    ['<a>&#13;\r\n&gt;"&amp;&lt;\t&#x1F600;</a>', '<a>&#xD;\n&gt;"&amp;&lt;\t😀</a>'],
    // Unused declarations are left out; used ones move to their first use.
    ['<a xmlns:p="u" xmlns:q="v"><p:b p:c="1"/><p:b/></a>', '<a><p:b xmlns:p="u" p:c="1"></p:b><p:b xmlns:p="u"></p:b></a>'],
    [
      '<p:a xmlns:p="u"><p:b xmlns:p="v"><p:c xmlns:p="u"/></p:b></p:a>',
      '<p:a xmlns:p="u"><p:b xmlns:p="v"><p:c xmlns:p="u"></p:c></p:b></p:a>',
    ],
    ['<a xmlns="u"><b xmlns=""><c xmlns="u"/></b></a>', '<a xmlns="u"><b xmlns=""><c xmlns="u"></c></b></a>'],
    ['<a xmlns=""><b xmlns="u"/></a>', '<a><b xmlns="u"></b></a>'],
    // Attributes are sorted by namespace, not by prefix; those without a namespace come first.
    ['<a xmlns:p="v" xmlns:q="u" p:x="1" q:x="2" z="3"/>', '<a xmlns:p="v" xmlns:q="u" z="3" q:x="2" p:x="1"></a>'],
  ] as const) {
    await t.test(JSON.stringify(xml), () => {
      assert.equal(canonical(xml), expected);
      assert.equal(canonicalByXmlCrypto(xml), expected);
    });
  }
});

test('leaves out a descendant, and canonicalises an element from inside a document', () => {
  const root = parseXml('<p:a xmlns:p="u" xmlns="d">1<b><c/></b>2</p:a>');
  const [b] = childrenOf(root);
  assert.ok(b);
  assert.equal(canonicalForm(root, b), '<p:a xmlns:p="u">12</p:a>');
  assert.equal(canonicalForm(b), '<b xmlns="d"><c></c></b>');
});

test('xml-crypto finds the same form for a thousand random documents', () => {
  const pick = random(20_261_122);
  for (let n = 0; n < 1000; n++) {
    const xml = element(pick, ['p', 'q'], 0);
    assert.equal(canonical(xml), canonicalByXmlCrypto(xml), xml);
  }
});

/** mulberry32, so that each run uses the same documents. @returns a function that picks one of its choices */
function random(seed: number): <T>(choices: readonly T[]) => T {
  let state = seed;
  return (choices) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    const [first] = choices;
    assert.ok(first !== undefined);
    return choices[((mixed ^ (mixed >>> 14)) >>> 0) % choices.length] ?? first;
  };
}

const TEXTS = ['', 'x', ' \n', '&amp;', '&lt;&gt;', "'", '>', '\t', '&#13;', '\r\n', 'ä東😀', '&quot;', '&#x20;'] as const;
const NAMESPACES = ['u', 'v', 'urn:w'] as const;

function element(pick: ReturnType<typeof random>, prefixes: readonly string[], depth: number): string {
  const declarations = new Map<string, string>();
  for (const prefix of prefixes) if (depth === 0 || pick([true, false, false])) declarations.set(`xmlns:${prefix}`, pick(NAMESPACES));
  if (pick([true, false])) declarations.set('xmlns', pick([...NAMESPACES, '']));
  // Two prefixes may have one namespace, so only one of them has attributes.
  const attributes = ['b', 'a', `${pick(prefixes)}:a`].filter(() => pick([true, false]));
  const parts = [
    ...[...declarations].map(([name, value]) => `${name}="${value}"`),
    ...attributes.map((name) => `${name}='${pick(TEXTS).replaceAll("'", '')}${pick(TEXTS).replaceAll("'", '"')}'`),
  ].sort(() => pick([1, -1]));
  const tag = pick(['e', 'f', ...prefixes.map((prefix) => `${prefix}:e`)]);
  const space = pick([' ', '\n', '  \t']);
  const inside = depth > 3 ? [] : pick([0, 1, 2, 3].map((length) => Array.from({ length })));
  const content = inside.map(() => `${pick(TEXTS)}${element(pick, prefixes, depth + 1)}`).join('') + pick(TEXTS);
  const start = [tag, ...parts].join(space);
  return content === '' && pick([true, false]) ? `<${start}/>` : `<${start}>${content}</${tag}>`;
}
